"""A run and its report are right although each part is killed during the run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from tests.api.runs.examples import begun, ended
from tests.deploy.monitor import Monitor, running
from tests.deploy.parts import Parts, running_parts
from tests.services.embedded import Listener
from tests.services.processes import wait_until

REPORT = "/runs/r-1/report"


@pytest.fixture
def parts(broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Parts]:
    with running_parts(tmp_path, broker.port) as started:
        started.api.wait_for_history(3)
        yield started


@contextmanager
def again(part: Monitor, folder: Path) -> Iterator[Monitor]:
    """Start a part that was killed again."""
    command = part.process.cmdline()
    role, options = command[2], command[3:]
    part.process.kill()
    part.process.wait()
    with running(folder, role, *options) as started:
        yield started


@pytest.mark.soak
def test_the_run_and_its_report_are_right_although_each_part_is_killed(
    parts: Parts, broker: EmbeddedBroker, tmp_path: Path
) -> None:
    options = parts.api.process.cmdline()
    prefix = options[options.index("--topic-prefix") + 1].replace("{host}", "alpha")
    begin = begun("r-1", 1000, gpus=[], how="command")
    end = ended(begin, 60_000, exit_code=9)
    topic = f"{prefix}/{begin.channel}"
    with Listener(broker.port) as client, ExitStack() as stack:
        client.publish(topic, begin.payload(), retain=True)
        wait_until(lambda: state_of(parts.api) == "running", "the run")
        stack.enter_context(again(parts.collector, tmp_path / "collector"))
        api = stack.enter_context(again(parts.api, tmp_path / "api"))
        wait_until(lambda: state_of(api) == "running", "the run, after a restart")
        client.publish(f"{prefix}/system/annotations", '{"id": "x", "text": "here"}')
        wait_until(lambda: bool(api.get("/annotations")["annotations"]), "the annotation")
        ingester = parts.ingester.process.cmdline()
        parts.ingester.process.kill()
        client.publish(topic, end.payload())
        client.publish(topic, b"", retain=True)
        stack.enter_context(running(tmp_path / "ingester", "ingester", *ingester[3:]))
        api = stack.enter_context(again(api, tmp_path / "api again"))  # what it knew is lost
        wait_until(lambda: state_of(api) == "ended", "the end")
        report = api.get(REPORT, format="json", ended=True)
    assert report["run"]["exit_code"] == 9
    assert (report["start"], report["end"]) == (begin.timestamp, end.timestamp)
    assert [each["text"] for each in report["annotations"]] == ["here"]
    charts = {each["title"]: each["series"] for each in report["charts"]}
    assert len(charts["CPU utilization"][0]["values"]) > 5


def state_of(api: Monitor) -> str | None:
    status, body = api.answer("/api/v1/system/runs/r-1")
    state: str | None = body["state"] if status == 200 else None
    return state
