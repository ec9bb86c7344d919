"""Writes the sources of the documentation site into a folder: ``python -m docs.site FOLDER``.

``make site`` builds the site from these sources. Each page of the site is a copy of a Markdown file
in the repository, with adapted links. A link to another page or to a picture becomes a link
to the copy in the site. A link to any other file of the repository becomes plain text, because the
site does not contain that file.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

ROOT = Path(__file__).parents[1]
_DOCS = ROOT / "docs"
_CONFIGURATION = "zensical.toml"
_ABOVE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"(?P<text>!?\[[^]]*\])\((?![a-z]+:)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def places() -> dict[str, str]:
    """Map the path of each page and picture in the repository to its path in the site."""
    files = [*_DOCS.rglob("*.md"), *(_DOCS / "pictures").iterdir()]
    return {
        "README.md": "index.md",
        **{name: name.lower() for name in _ABOVE},
        **{each.relative_to(ROOT).as_posix(): each.relative_to(_DOCS).as_posix() for each in files},
    }


def adapted(text: str, name: str, places: Mapping[str, str]) -> str:
    """Return the page ``text`` with adapted links; ``name`` is its path in the repository."""

    def link(match: re.Match[str]) -> str:
        target = normpath(join(dirname(name), match["path"]))
        if target not in places:
            return match["text"].strip("[]")
        path = relpath(places[target], dirname(places[name]) or ".")
        return f"{match['text']}({path}{match['anchor'] or ''})"

    return _LINK.sub(link, text)


def write(folder: Path) -> None:
    """Delete ``folder``; then write the site's configuration, pages and pictures into it."""
    shutil.rmtree(folder, ignore_errors=True)
    found = places()
    for name, place in found.items():
        source, page = ROOT / name, folder / "pages" / place
        page.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            page.write_text(adapted(source.read_text(), name, found))
        else:
            shutil.copyfile(source, page)
    shutil.copyfile(_DOCS / _CONFIGURATION, folder / _CONFIGURATION)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
