"""Logging in and out over plain HTTP, without a browser."""

from http.cookies import SimpleCookie

import httpx
import pytest

from api.serving.access import Sessions
from tests.api.running import RunningApi
from tests.api.serving.access.conftest import TOKEN
from tests.api.serving.access.test_gate import METRICS, assert_first_frame
from tests.api.serving.test_page import Page
from tests.api.serving.test_security import HEADERS
from tests.api.streams import WS, refusal_of


def log_in(api: RunningApi, token: str = TOKEN, **headers: str) -> httpx.Response:
    form = {"username": "system-monitor", "token": token}
    answer = api.client.post("/login", data=form, headers=headers)
    api.client.cookies.clear()  # a test sends the cookie itself
    return answer


def cookie_of(answer: httpx.Response) -> tuple[str, str]:
    """Return name and value of the cookie that ``answer`` sets, and check its attributes."""
    ((name, morsel),) = SimpleCookie(answer.headers["set-cookie"]).items()
    assert morsel["httponly"]
    assert morsel["samesite"] == "strict"
    assert morsel["path"] == "/"
    assert not morsel["domain"]
    return name, morsel.value


def session(api: RunningApi) -> dict[str, str]:
    return {"Cookie": "=".join(cookie_of(log_in(api)))}


def test_the_right_token_sets_a_cookie_that_authorizes_everything(guarded: RunningApi) -> None:
    answer = log_in(guarded, f" {TOKEN}\n")
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    name, value = cookie_of(answer)
    assert TOKEN not in value
    headers = {"Cookie": f"theme=dark; {name}={value}"}
    for path in (METRICS, "/", "/api/v1/openapi.json"):
        assert guarded.client.get(path, headers=headers).status_code == 200
    with guarded.stream(WS, additional_headers=headers) as stream:
        assert_first_frame(stream)


def test_the_cookie_is_for_tls_only_if_the_browser_uses_tls(guarded: RunningApi) -> None:
    assert "Secure" not in log_in(guarded).headers["set-cookie"]
    forwarded = {"X-Forwarded-Proto": "https"}
    assert "Secure" in log_in(guarded, **forwarded).headers["set-cookie"]
    own = f"127.0.0.1:{guarded.server.port}"
    origin = {"Origin": f"https://{own}", "Host": own}
    assert "Secure" in log_in(guarded, **origin).headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], "\u20ac", "<script>"])
def test_a_wrong_token_is_an_error_on_the_page_and_sets_no_cookie(
    guarded: RunningApi, token: str
) -> None:
    answer = log_in(guarded, token)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "set-cookie" not in answer.headers
    assert 'role="alert" id="problem">Invalid token.<' in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"token=" + b"x" * 100_000,
        b"&".join(b"a%d=1" % n for n in range(50)),
        b"token=%ff",
        b"\xff\x00",
        b'{"token": 1}',
        b"",
    ],
)
def test_an_invalid_form_counts_as_a_wrong_token(guarded: RunningApi, body: bytes) -> None:
    assert guarded.client.post("/login", content=body).status_code == 401


def test_a_page_of_another_origin_cannot_log_in_or_out(guarded: RunningApi) -> None:
    for origin in ("http://evil.example", "null"):
        assert log_in(guarded, Origin=origin).status_code == 403
        headers = {**session(guarded), "Origin": origin}
        assert guarded.client.post("/logout", headers=headers).status_code == 403
        assert guarded.client.get(METRICS, headers=session(guarded)).status_code == 200


def test_logging_out_ends_the_session_and_no_other(guarded: RunningApi) -> None:
    mine, other = session(guarded), session(guarded)
    answer = guarded.client.post("/logout", headers=mine)
    assert (answer.status_code, answer.headers["location"]) == (303, "./login")
    assert cookie_of(answer)[1] == ""
    assert guarded.client.get(METRICS, headers=mine).status_code == 401
    assert guarded.client.get("/", headers=mine).headers["location"] == "./login"
    assert refusal_of(guarded, WS, additional_headers=mine)[0] == 401
    assert guarded.client.get(METRICS, headers=other).status_code == 200
    assert guarded.client.post("/logout").status_code == 303


def test_a_session_survives_a_restart_and_ends_with_the_token(guarded: RunningApi) -> None:
    name, value = cookie_of(log_in(guarded))
    again = Sessions(TOKEN)
    assert (again.cookie, again.is_valid(value)) == (name, True)
    other = Sessions(f"{TOKEN}x")
    assert other.cookie != name
    assert not other.is_valid(value)


def test_the_page_learns_whether_there_is_a_session_to_end(
    guarded: RunningApi, shared_api: RunningApi
) -> None:
    assert guarded.json("/session") == {"logged_in": False}
    answer = guarded.client.get("/session", headers=session(guarded))
    assert answer.json() == {"logged_in": True}
    assert shared_api.json("/session") == {"logged_in": False}
    assert shared_api.error("/login")[0] == 404


def test_the_log_in_page_contains_nothing_that_its_policy_forbids(guarded: RunningApi) -> None:
    answer = guarded.get("/login")
    assert answer.status_code == 200
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "same-origin"
    for name in HEADERS.keys() - {"referrer-policy"}:
        assert answer.headers[name] == HEADERS[name]
    page = Page(answer.text)
    assert page.inline == []
    for each in page.loads:
        assert each.startswith("./")
        if each != "./login":
            assert guarded.get(each.removeprefix(".")).status_code == 200
