"""Logging in with a browser."""

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, Visit, fragment
from tests.api.dashboard.conftest import HOST, Laboratory
from tests.deploy.monitor import Monitor, running
from tests.services.processes import free_port

TOKEN = "correct-horse-battery-staple"  # noqa: S105 - of these tests
VIEW = fragment(HOST, range="5m")


@pytest.fixture(scope="module")
def guarded(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Run a second API on the laboratory's broker and history, which requires a token."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "token").write_text(f"{TOKEN}\n")
    port = str(free_port())
    options = [*laboratory.broker, "--data-dir", str(laboratory.data), "--http-port", port]
    with running(folder, "api", *options, "--http-token-file", str(folder / "token")) as api:
        yield api


@pytest.fixture
def login(open_visit: OpenVisit, guarded: Monitor) -> Visit:
    """Follow a link to a view without a session."""
    visit = open_visit(f"http://127.0.0.1:{guarded.http_port}", may_fail=True)
    visit.page.goto(f"{visit.address}/{VIEW}")
    expect(visit.page).to_have_url(f"{visit.address}/login{VIEW}")
    return visit


def enter(visit: Visit, token: str) -> None:
    visit.page.get_by_label("Token").fill(token)
    visit.page.keyboard.press("Enter")


def assert_live(visit: Visit) -> None:
    badge = visit.page.get_by_test_id("badge")
    expect(badge).to_have_attribute("data-kind", "live")
    expect(visit.page.get_by_test_id("range-5m")).to_have_attribute("aria-pressed", "true")


def test_a_link_leads_through_the_log_in_page_to_its_view_until_the_reader_logs_out(
    login: Visit,
) -> None:
    page = login.page
    expect(page.locator("#hint")).to_contain_text("Token required")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Invalid token.")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{login.address}/{VIEW}")
    assert_live(login)
    assert not [each for each in login.problems if "401" not in each]
    page.route("**/logout", lambda route: route.abort())
    page.get_by_test_id("logout").click()
    expect(page.get_by_role("alert")).to_contain_text("You are still logged in")
    page.unroute("**/logout")
    page.get_by_test_id("logout").click()
    expect(page).to_have_url(f"{login.address}/login{VIEW}")
    page.goto(login.address)
    expect(page).to_have_url(f"{login.address}/login")


def test_an_open_page_whose_session_has_ended_goes_to_the_log_in_page(login: Visit) -> None:
    enter(login, TOKEN)
    assert_live(login)
    login.context.clear_cookies()
    with contextlib.suppress(PlaywrightError):  # the browser may have left the page already
        login.page.evaluate("dispatchEvent(new Event('online'))")
    login.page.route("**/api/**", lambda route: route.fulfill(status=401, json={}))
    expect(login.page).to_have_url(f"{login.address}/login{VIEW}", timeout=20_000)


def test_a_link_on_another_site_needs_no_second_log_in(login: Visit) -> None:
    enter(login, TOKEN)
    assert_live(login)
    port = login.address.rpartition(":")[2]
    other = f"http://localhost:{port}/elsewhere"  # to browsers this is another site
    login.page.route(
        other,
        lambda route: route.fulfill(
            content_type="text/html", body=f'<a href="{login.address}/{VIEW}">there</a>'
        ),
    )
    login.page.goto(other)
    login.page.get_by_role("link").click()
    assert_live(login)


def test_logging_in_needs_no_script(open_visit: OpenVisit, guarded: Monitor) -> None:
    visit = open_visit(f"http://127.0.0.1:{guarded.http_port}", java_script_enabled=False)
    visit.page.goto(visit.address)
    enter(visit, TOKEN)
    expect(visit.page).to_have_url(f"{visit.address}/")


def test_axe_finds_nothing_on_the_log_in_page(login: Visit) -> None:
    enter(login, "wrong")
    expect(login.page.get_by_role("alert")).to_be_visible()
    for colours in ("dark", "light"):
        login.page.emulate_media(color_scheme=colours)
        require_accessible(login.page)
