"""The documentation site is complete, and loads nothing from elsewhere."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.site import ROOT, adapted, places, write

ZENSICAL = str(Path(sys.executable).with_name("zensical"))
LOADED = re.compile(r"""<(?:script|link|img|iframe)[^>]*\s(?:src|href)=["']?(?:https?:)?//[^>]*>""")
IMPORTED = re.compile(r"""(?:@import\s+|url\()["']?(?:https?:)?//[^)]*""")


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [ZENSICAL, "build", "--strict", "-f", str(folder / "zensical.toml")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(folder)
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_page_is_in_the_navigation_and_is_built(site: Path) -> None:
    configuration = tomllib.loads((site / "zensical.toml").read_text())
    pages = {place for place in places().values() if place.endswith(".md")}
    assert sorted(listed(configuration["project"]["nav"])) == sorted(pages)
    for page in pages:
        assert (site / "html" / page).with_suffix(".html").exists()


def listed(nav: Any) -> Iterator[str]:
    """Yield the page of each entry of ``nav``, however deep."""
    if isinstance(nav, str):
        yield nav
    for each in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from listed(each)


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = [*(site / "html").rglob("*.html")]
    styles = [*(site / "html").rglob("*.css"), *(site / "html").rglob("*.svg")]
    assert pages
    assert styles
    for file in pages:
        assert LOADED.findall(file.read_text()) == [], file
    for file in styles:
        assert IMPORTED.findall(file.read_text()) == [], file


@pytest.mark.parametrize("link", ["missing.md", "settings.md#missing"])
def test_a_broken_link_fails_the_build(tmp_path: Path, link: str) -> None:
    (tmp_path / "pages").mkdir()
    for name in ("index.md", "settings.md"):
        (tmp_path / "pages" / name).write_text(f"# Title\n\n[broken]({link})\n")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "x"\ndocs_dir = "pages"\n')
    assert build(tmp_path).returncode != 0


def test_links_lead_to_the_places_of_the_pages_in_the_site() -> None:
    found = {"README.md": "index.md", "docs/a.md": "a.md", "docs/deploy/b.md": "deploy/b.md"}
    assert adapted("[A](docs/a.md#x)", "README.md", found) == "[A](a.md#x)"
    assert adapted("[B](deploy/b.md)", "docs/a.md", found) == "[B](deploy/b.md)"
    assert adapted("[home](../../README.md)", "docs/deploy/b.md", found) == "[home](../index.md)"
    assert adapted("[code](../api/app.py)", "docs/a.md", found) == "code"
    for kept in ("[out](https://example.org/a.md)", "[here](#x)"):
        assert adapted(kept, "docs/a.md", found) == kept


def test_make_site_builds_into_a_folder_that_git_ignores() -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", "site/"], cwd=ROOT, check=False)
    assert ignored.returncode == 0
