"""GitHub's workflow calls what a developer calls, with as few rights as possible."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
RUN = re.compile(r"^ +- run: (.*)$", re.MULTILINE)
ACTION = re.compile(r"uses: (\S+)(.*)$", re.MULTILINE)


def test_it_runs_the_same_commands_as_a_developer() -> None:
    assert {".ci/run", "make release"} <= set(RUN.findall(WORKFLOW))
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.search(r"^release:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("action", "comment"), ACTION.findall(WORKFLOW))
def test_an_action_is_pinned_to_a_commit_and_names_its_version(action: str, comment: str) -> None:
    assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
    assert re.match(r" # v\d+\.\d+\.\d+", comment)


def test_it_may_only_read_the_repository_and_has_no_secrets() -> None:
    assert "\npermissions: {}\n" in WORKFLOW
    granted = re.findall(r"^ {4}permissions:\n((?: {6}.*\n)+)", WORKFLOW, re.MULTILINE)
    assert set(granted) == {"      contents: read\n"}
    assert "${{ secrets" not in WORKFLOW
