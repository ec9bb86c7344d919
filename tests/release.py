"""Checks what ``make release`` has built: ``python -m tests.release dist``.

Exits with 1, and prints a sentence for each problem, unless the version has a section in the
changelog and no other commit has its tag, the packages have the version, the bill of materials has
exactly the locked packages, and the wheel works in an empty environment.
"""

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from venv import EnvBuilder

from telemetry import __version__
from tests.deploy.monitor import finished, free_ports, running

ROOT = Path(__file__).parents[1]
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_LOCKED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def changelog_problems(text: str, version: str) -> Iterator[str]:
    """Yield what is wrong with the changelog ``text`` for a release of ``version``."""
    parts = _SECTION.split(text)[1:]
    sections = dict(zip(parts[::2], (each.strip() for each in parts[1::2]), strict=True))
    dated = rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)"
    found = [title for title in sections if re.fullmatch(dated, title)]
    if not found:
        yield (
            f"CHANGELOG.md has no section '## {version} (YYYY-MM-DD)': move what is under "
            "'## Unreleased' there."
        )
    if any(not sections[title] for title in found):
        yield f"The section of {version} in CHANGELOG.md is empty."
    if found and sections.get("Unreleased"):
        yield "CHANGELOG.md still has changes under '## Unreleased': move them to the section."


def tag_problems(commits: Mapping[str, str], head: str, version: str) -> Iterator[str]:
    """Yield a sentence if another commit than ``head`` has the tag; ``commits`` are by tag."""
    if commits.get(f"v{version}", head) != head:
        yield f"Another commit has the tag v{version}: raise __version__ in telemetry/__init__.py."


def package_problems(files: list[str], version: str) -> Iterator[str]:
    """Yield what is missing among the ``files`` in dist/, or is of another version."""
    expected = {
        f"system_monitor-{version}-py3-none-any.whl",
        f"system_monitor-{version}.tar.gz",
        "python.cdx.json",
        "dashboard.cdx.json",
    }
    if set(files) != expected:
        yield f"dist/ has {sorted(files)} instead of {sorted(expected)}: run `make release` again."


def bill_problems(bill: Mapping[str, Any], lock: str) -> Iterator[str]:
    """Yield how the CycloneDX ``bill`` differs from the lock file's text."""
    if bill.get("bomFormat") != "CycloneDX":
        yield "The bill of materials is not in CycloneDX's format."
    listed = {(each["name"], each["version"]) for each in bill.get("components", ())}
    locked = set(_LOCKED.findall(lock))
    if listed != locked:
        yield f"The bill of materials differs from the lock file in {sorted(listed ^ locked)}."


def install_problems(wheel: Path, folder: Path) -> Iterator[str]:
    """Install ``wheel`` with the locked packages into an empty environment, and run it."""
    EnvBuilder(with_pip=True).create(folder / "environment")
    programs = folder / "environment" / "bin"
    pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    lock = ROOT / "locks" / "runtime.txt"
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    command = [str(programs / "system-monitor")]
    printed = finished(folder, "--version", command=command).stdout.strip()
    if printed != f"system-monitor {__version__}":
        yield f"The installed command prints {printed!r} as its version."
    with running(folder / "up", "up", *free_ports(), command=command) as monitor:
        page = f"http://127.0.0.1:{monitor.http_port}/"
        with urllib.request.urlopen(page) as answer:
            if b"/assets/index-" not in answer.read():
                yield "The installed wheel does not serve the dashboard."
        monitor.wait_for_history(2)


def _git(*arguments: str) -> list[str]:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def main(dist: Path) -> int:
    """Print each problem of the release in ``dist``; return 1 if there is one."""
    tags = _git("tag")
    commits = {tag: _git("rev-parse", f"{tag}^{{commit}}")[0] for tag in tags}
    wheel = dist / f"system_monitor-{__version__}-py3-none-any.whl"

    def bill() -> Iterator[str]:
        found = json.loads((dist / "python.cdx.json").read_text())
        yield from bill_problems(found, (ROOT / "locks" / "runtime.txt").read_text())

    with tempfile.TemporaryDirectory() as folder:
        checks: list[Callable[[], Iterator[str]]] = [
            lambda: changelog_problems((ROOT / "CHANGELOG.md").read_text(), __version__),
            lambda: tag_problems(commits, _git("rev-parse", "HEAD")[0], __version__),
            lambda: package_problems([each.name for each in dist.iterdir()], __version__),
            bill,
            lambda: install_problems(wheel, Path(folder)),
        ]
        problems = [problem for check in checks for problem in check()]
    for problem in problems:
        print(problem)
    print(f"{__version__}: {len(problems)} problems." if problems else f"{__version__} is ready.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
