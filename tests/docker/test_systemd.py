"""``deploy/systemd/install`` on a fresh machine, with systemd in a container."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.composed import Composed
from tests.docker.engine import docker, works
from tests.services.processes import wait_until

pytestmark = pytest.mark.docker
log = logging.getLogger(__name__)
IMAGE = "system-monitor-exercise-machine"
# systemd needs these rights as the first process: it mounts file systems to isolate its services.
RIGHTS = (
    *("--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE"),
    *("--security-opt", "seccomp=unconfined"),
    *("--security-opt", "apparmor=unconfined"),
)
INSTALL = "/clone/deploy/systemd/install"
OURS = "/opt/system-monitor /etc/system-monitor /var/lib/system-monitor"
FILES = f"find {OURS} /etc/systemd/system -name '*system-monitor*' 2>/dev/null"


class Machine:
    """The running container."""

    def __init__(self, container: str) -> None:
        self._container = container

    def do(self, command: str) -> str:
        return docker("exec", self._container, "bash", "-c", command)

    def does(self, command: str) -> bool:
        return works("exec", self._container, "bash", "-c", command)

    def page_answers(self) -> bool:
        return self.does("curl --fail --silent http://127.0.0.1:8000/ | grep -q /assets/index-")


@pytest.fixture(scope="module")
def machine(built: Composed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    context = str(tmp_path_factory.mktemp("context"))
    file = Path(__file__).with_name("machine.Dockerfile")
    docker("build", "--quiet", "--tag", IMAGE, "--file", str(file), context)
    container = docker(
        *("run", "--detach", *RIGHTS, "--tmpfs", "/run", "--tmpfs", "/tmp"),  # noqa: S108
        *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup", "--cgroupns=host"),
        *("--volume", f"{built.clone}:/clone", IMAGE),
    )
    try:
        machine = Machine(container)
        booted = "systemctl is-system-running | grep -qE 'running|degraded'"
        wait_until(lambda: machine.does(booted), "systemd")
        machine.do(INSTALL)
        yield machine
    finally:
        docker("rm", "--force", "--volumes", container)


def test_the_service_serves_the_page_and_stores_a_history(machine: Machine) -> None:
    wait_until(machine.page_answers, "the page")
    history = "curl -s 'http://127.0.0.1:8000/api/v1/system/history?channel=system/cpu'"
    wait_until(
        lambda: (
            len(
                json.loads(machine.do(history))["channels"]
                .get("system/cpu", {})
                .get("timestamps", ())
            )
            > 2
        ),
        "samples in the history",
    )
    assert machine.do("stat -c %U /var/lib/system-monitor/history.sqlite3") == "system-monitor"
    log.info("%s", machine.do("systemctl show -p MemoryCurrent -p TasksCurrent system-monitor@up"))


def test_it_runs_without_privileges(machine: Machine) -> None:
    pid = machine.do("systemctl show -P MainPID system-monitor@up")
    status = dict(
        line.split(":\t", 1)
        for line in machine.do(f"cat /proc/{pid}/status").splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapBnd"], 16) == 0
    assert status["Uid"].split()[0] == machine.do("id -u system-monitor")


def test_it_is_restarted_after_a_crash(machine: Machine) -> None:
    before = machine.do("systemctl show -P MainPID system-monitor@up")
    machine.do(f"kill -9 {before}")
    wait_until(
        lambda: machine.do("systemctl show -P MainPID system-monitor@up") not in {before, "0"},
        "another process",
    )
    wait_until(machine.page_answers, "the page")


def test_an_invalid_setting_ends_it_with_an_error_and_without_restarts(machine: Machine) -> None:
    file = "/etc/system-monitor/environment"
    machine.do(f"cp {file} /root/kept; echo SYSTEM_MONITOR_HTTP_PORT=0 >>{file}")
    machine.do("systemctl restart system-monitor@up || true")
    wait_until(lambda: machine.does("systemctl is-failed --quiet system-monitor@up"), "the end")
    assert "http_port=" in machine.do("journalctl -u system-monitor@up --no-pager -n 20")
    machine.do(f"cat /root/kept >{file}; systemctl restart system-monitor@up")
    wait_until(machine.page_answers, "the page")


def test_it_stops_within_two_seconds(machine: Machine) -> None:
    began = time.monotonic()
    machine.do("systemctl stop system-monitor@up")
    assert time.monotonic() - began < 2.5  # including Docker's share
    machine.do("systemctl start system-monitor@up")


def test_a_second_installation_keeps_settings_and_history(machine: Machine) -> None:
    machine.do("echo SYSTEM_MONITOR_INTERVAL_SECONDS=1 >>/etc/system-monitor/environment")
    machine.do(INSTALL)
    wait_until(machine.page_answers, "the page")
    assert machine.does("grep -q INTERVAL_SECONDS=1 /etc/system-monitor/environment")
    assert machine.does("test -s /var/lib/system-monitor/history.sqlite3")


def test_each_role_starts_as_its_own_service(machine: Machine) -> None:
    machine.do("systemctl stop system-monitor@up; systemctl disable --quiet system-monitor@up")
    address = "SYSTEM_MONITOR_MQTT_URL=mqtt://127.0.0.1:1883"
    machine.do(f"echo {address} >>/etc/system-monitor/environment")
    machine.do(f"{INSTALL} collector ingester api")
    wait_until(machine.page_answers, "the page")
    for part in ("collector", "ingester", "api"):
        assert machine.does(f"systemctl is-active --quiet system-monitor@{part}")


def test_uninstall_keeps_settings_and_history_and_purge_removes_them(machine: Machine) -> None:
    machine.do(f"{INSTALL} --uninstall")
    assert not machine.does("systemctl list-units --all --plain | grep system-monitor@")
    assert machine.does("test -e /etc/system-monitor/environment -a ! -e /opt/system-monitor")
    machine.do(f"{INSTALL} --purge")
    assert not machine.does("id system-monitor")
    assert machine.do(f"{FILES} || true") == ""
