"""`system-monitor notify --test`, and the notices of a running system."""

from pathlib import Path

import pytest

from deploy import command
from tests.advisor.notices.receivers import webhook
from tests.deploy.monitor import free_ports, running
from tests.services.embedded import Listener
from tests.services.processes import wait_until
from tests.states import finding

SECRET = "correct-horse"  # noqa: S105 - must not appear


@pytest.mark.usefixtures("own_settings")
def test_a_test_notice_goes_to_each_target_and_each_failure_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as server:
        (tmp_path / "urls").write_text(
            f"json://{SECRET}@127.0.0.1:{server.port}/hook\nnonsense://{SECRET}\n"
        )
        monkeypatch.setenv("SYSTEM_MONITOR_NOTIFY_URLS_FILE", str(tmp_path / "urls"))
        options = ["--host-name", "gpu-07", "--notify-command", f"tee '{tmp_path}/a file'"]
        assert command.run(["notify", "--test", *options]) == 1
    said = capsys.readouterr().out
    assert [line.split()[:2] for line in said.splitlines()] == [
        ["json", "sent"],
        ["nonsense", "PROBLEM:"],
        ["command", "sent"],
    ]
    assert SECRET not in said
    assert server.bodies[0]["title"] == "Test on gpu-07"
    assert '"kind": "test"' in (tmp_path / "a file").read_text()


@pytest.mark.usefixtures("own_settings")
def test_without_a_target_a_sentence_names_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["notify", "--test"]) == 1
    assert "set notify_urls (or notify_urls_file) or notify_command" in capsys.readouterr().err
    assert command.run(["notify"]) == 2


def test_a_finding_reaches_a_webhook_and_a_failure_is_in_readyz_and_no_secret_anywhere(
    tmp_path: Path,
) -> None:
    with webhook() as server:
        (tmp_path / "urls").write_text(
            f"json://me:{SECRET}@127.0.0.1:{server.port}/{SECRET} nonsense://{SECRET}"
        )
        variables = {
            "SYSTEM_MONITOR_NOTIFY_URLS_FILE": str(tmp_path / "urls"),
            "SYSTEM_MONITOR_LOG_LEVEL": "debug",
        }
        with running(tmp_path / "run", "up", *free_ports(), variables=variables) as up:
            with Listener(up.mqtt_port) as client:
                client.publish(finding().channel, finding().payload(), retain=True)
            wait_until(lambda: len(server.bodies) == 1, "the notice arrives")
            wait_until(lambda: "nonsense" in str(up.answer("/readyz")), "the failure is known")
            status, body = up.answer("/readyz")
        shown = f"{up.stdout}{up.stderr}{body}"
    assert status == 503
    assert "Notices to nonsense cannot be delivered: the URL is not valid for Apprise" in shown
    assert SECRET not in shown
