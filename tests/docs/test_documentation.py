"""Documentation that lags behind the code fails here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.generate import (
    CATALOGUE,
    CONTRACT,
    DASHBOARDS,
    FILES,
    MANPAGE,
    ROOT,
    catalogue_json,
    contract_types,
    metrics_table,
    rendered,
)
from docs.grafana import dashboard
from docs.manpage import manpage
from docs.peers import PEERS
from telemetry.exposition.text import PREFIX
from tests.services.availability import unavailable

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
RELATIVE_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
NAMED_TEST = re.compile(r"\[(test_\w+)\]\(([^)]+\.py)\)")
MODULE_COMMAND = re.compile(r"python -m\s+(tests[\w.]+)")
MAKE_COMMAND = re.compile(r"(?:^ {4}|`)make ([a-z]+)", re.MULTILINE)
MAKE_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("file", FILES, ids=names(list(FILES)))
def test_the_generated_tables_are_those_of_the_code(file: Path) -> None:
    text = file.read_text()
    assert "<!-- begin " in text
    assert text == rendered(text), "run `make docs`"


def test_the_dashboard_has_the_catalogue_of_the_code() -> None:
    assert CATALOGUE.read_text() == catalogue_json(), "run `make docs`"


@pytest.mark.parametrize("file", DASHBOARDS, ids=names(list(DASHBOARDS)))
def test_grafanas_dashboards_are_those_of_the_catalogue(file: Path) -> None:
    assert file.read_text() == dashboard(DASHBOARDS[file]), "run `make docs`"


def test_the_metrics_that_are_compared_with_other_exporters_exist() -> None:
    assert [name for name in PEERS if f"`{PREFIX}_{name}`" not in metrics_table()] == []


def test_the_manual_page_is_that_of_the_code() -> None:
    assert MANPAGE.read_text() == manpage(), "run `make docs`"


def test_the_manual_page_describes_each_command_in_valid_roff() -> None:
    if shutil.which("groff") is None:
        unavailable("groff")
    shown = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-c", MANPAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    text = re.sub(r".\x08|\x1b\[[0-9;]*m", "", shown.stdout)
    for command in ("up", "export", "top", "completion"):
        assert f"\n   {command}\n" in text
    assert "\n         system-monitor export > hour.csv\n" in text
    assert "--http-port" in text


def test_the_dashboards_types_are_those_of_the_responses() -> None:
    assert CONTRACT.read_text() == contract_types(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for target, anchor in RELATIVE_LINK.findall(page.read_text()):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of ``page``, as GitHub makes them."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_the_commands_in_a_page_exist(page: Path) -> None:
    text = page.read_text()
    for module in MODULE_COMMAND.findall(text):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
    targets = MAKE_TARGET.findall((ROOT / "Makefile").read_text())
    assert set(MAKE_COMMAND.findall(text)) <= set(targets)


def test_the_tests_that_the_faults_name_exist() -> None:
    page = ROOT / "docs" / "faults.md"
    named = NAMED_TEST.findall(page.read_text())
    assert named
    for name, file in named:
        assert f"def {name}(" in (page.parent / file).read_text(), name
