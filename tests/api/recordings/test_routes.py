"""Recordings over REST."""

from pathlib import Path

import pytest

from api.recordings.folder import RecordingFolder
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from tests.api.running import RunningApi, cpu, running_api
from tests.api.runs.examples import begun, ended
from tests.api.runs.test_routes import publish
from tests.services.processes import wait_until

PATH = "/api/v1/system/runs"


def test_the_recording_of_a_failed_run_is_there_after_a_restart(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.recordings.black_box._DELAY_SECONDS", 0.1)
    monkeypatch.setattr("api.recordings.black_box._CHECK_SECONDS", 0.05)
    begin, sample = begun("r-1"), cpu()
    end = ended(begin, exit_code=137)
    with running_api(shared_bus, tmp_path) as api:
        publish(api, begin)
        api.feed(sample)
        topic = api.settings.topics.topic("alpha", begin.channel)
        api.bus.publish(Publication(topic, end.payload(), retain=False))
        api.bus.publish(Publication(topic, b"", retain=True))
        wait_until(lambda: api.get(f"{PATH}/r-1/recording").status_code == 200, "the recording")
        assert api.json("/readyz")["parts"]["recordings"]["counters"]["recordings_kept"] == 1
    with running_api(shared_bus, tmp_path, connected=False) as api:
        answer = api.get(f"{PATH}/r-1/recording", host="alpha")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert 'filename="r-1.txt"' in answer.headers["content-disposition"]
    topics = [line.partition(b" ")[0] for line in answer.content.splitlines()]
    assert [each.partition(b"/")[2] for each in topics] == [
        *(b"system/runs/r-1", b"system/cpu", b"system/runs/r-1")
    ]
    assert answer.content.endswith(end.payload() + b"\n")


def test_recordings_of_several_hosts_need_the_name_of_the_host(shared_api: RunningApi) -> None:
    folder = RecordingFolder(shared_api.settings.data_dir / "recordings")
    for host in ("alpha", "beta"):
        folder.save(host, "shared", [host.encode()])
    status, code, message = shared_api.error(f"{PATH}/shared/recording")
    assert (status, code) == (409, "ambiguous_run")
    assert message == "2 hosts have a recording of run 'shared': add the parameter `host`."
    assert shared_api.get(f"{PATH}/shared/recording", host="beta").content == b"beta"


def test_a_run_without_a_recording_is_an_error(shared_api: RunningApi) -> None:
    status, code, message = shared_api.error(f"{PATH}/nothing/recording")
    assert (status, code) == (404, "unknown_recording")
    assert message.startswith("Run 'nothing' has no recording: a recording is saved only if a run ")
