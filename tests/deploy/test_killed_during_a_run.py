"""A run and its report are right although each part is killed during the run."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.events import Event
from tests.deploy.monitor import SECONDS, Monitor, running
from tests.deploy.parts import Parts, running_parts
from tests.deploy.runs.published import Published, training
from tests.services.embedded import Listener
from tests.services.processes import wait_until


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
    topics = options[options.index("--topic-prefix") + 1]
    prefix = topics.replace("{host}", "alpha")
    with Listener(broker.port, f"{prefix}/#") as client, ExitStack() as stack:
        published = Published(client, prefix)
        process = stack.enter_context(training(tmp_path / "run", broker, published))
        begin = published.wait_for_state(how="command")
        wait_until(lambda: state_of(parts.api, begin) == "running", "the run")
        stack.enter_context(again(parts.collector, tmp_path / "collector"))
        api = stack.enter_context(again(parts.api, tmp_path / "api"))
        wait_until(lambda: state_of(api, begin) == "running", "the run, after a restart")
        kill_broker(broker)
        count = len(published.events())
        wait_until(lambda: len(published.events()) > count, "the run is published again")
        client.publish(f"{prefix}/system/annotations", '{"id": "x", "text": "here"}')
        wait_until(lambda: bool(api.get("/annotations")["annotations"]), "the annotation")
        ingester = parts.ingester.process.cmdline()
        parts.ingester.process.kill()
        process.terminate()
        assert process.wait(SECONDS) == -signal.SIGTERM
        end = published.wait_for_state(id=f"{begin.id}.end")
        stack.enter_context(running(tmp_path / "ingester", "ingester", *ingester[3:]))
        api = stack.enter_context(again(api, tmp_path / "api again"))  # what it knew is lost
        wait_until(lambda: state_of(api, begin) == "ended", "the end")
        report = api.get(f"/runs/{begin.id}/report", format="json", ended=True)
    assert report["run"]["signal"] == "SIGTERM"
    assert (report["start"], report["end"]) == (begin.timestamp, end.timestamp)
    assert [each["text"] for each in report["annotations"]] == ["here"]
    charts = {each["title"]: each["series"] for each in report["charts"]}
    assert len(charts["CPU utilization"][0]["values"]) > 5


def kill_broker(broker: EmbeddedBroker) -> None:
    """Kill the broker, which is then restarted without its retained messages."""
    killed = broker.process_id
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: broker.process_id not in {killed, None}, "another broker")


def state_of(api: Monitor, run: Event) -> str | None:
    status, body = api.answer(f"/api/v1/system/runs/{run.id}")
    state: str | None = body["state"] if status == 200 else None
    return state
