"""``deploy/setup``: unique secrets, each created once."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SECRETS = {
    "mosquitto_passwords",
    *("collector_password", "ingester_password", "advisor_password", "api_password"),
    *("reader_password", "marker_password", "homeassistant_password", "grafana_password"),
    *("http_token", "influxdb_password", "influxdb_token"),
}
FOR_PEOPLE = {"reader_password", "marker_password", "homeassistant_password"}
USERS = ("ingester", "advisor", "api", "reader", "marker", "homeassistant")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(DEPLOY / "setup", folder)
    shutil.copytree(DEPLOY / "mosquitto", folder / "mosquitto")
    assert setup(folder).returncode == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "deploy"))


def setup(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "setup", *arguments], capture_output=True, text=True, check=False
    )


def contents(folder: Path) -> dict[str, str]:
    files = [folder / ".env", *(folder / "secrets").iterdir()]
    return {file.name: file.read_text() for file in files}


def users(folder: Path) -> dict[str, str]:
    lines = (folder / "secrets" / "mosquitto_passwords").read_text().splitlines()
    return dict(line.split(":") for line in lines)


def test_it_creates_every_secret_that_compose_needs(folder: Path) -> None:
    found = contents(folder)
    assert found.keys() == SECRETS | {".env"}
    asked = (DEPLOY / "compose.yaml").read_text()
    assert all(f"secrets/{name}}}" in asked for name in SECRETS - FOR_PEOPLE)
    words = [text for name, text in found.items() if name not in {".env", "mosquitto_passwords"}]
    assert len(set(words)) == len(words)
    assert all(len(word) == 64 for word in words)


def test_a_second_run_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    assert setup(folder).returncode == 0
    assert contents(folder) == before


def test_two_installations_share_no_secret(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copy(DEPLOY / "setup", other)
    setup(other)
    first, second = contents(folder), contents(other)
    assert all(first[name] != second[name] for name in SECRETS)


def test_only_their_owner_can_reach_the_secrets(folder: Path) -> None:
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


def test_each_service_has_its_own_password_at_the_broker(folder: Path) -> None:
    known, found = users(folder), contents(folder)
    assert {known[name] for name in USERS} == {found[f"{name}_password"] for name in USERS}
    (host,) = known.keys() - {*USERS, "health"}
    assert known[host] == found["collector_password"]
    assert f"SYSTEM_MONITOR_HOST_NAME={host}\n" in found[".env"]


def test_another_machine_gets_its_own_login(folder: Path) -> None:
    before = users(folder)
    for _ in range(2):
        assert setup(folder, "add-machine", "gpu-08").returncode == 0
    assert users(folder) == before | {"gpu-08": contents(folder)["machine-gpu-08"]}


@pytest.mark.parametrize("name", ["", "a b", "a:b", "../x", "api", "advisor", "marker", "a+"])
def test_an_invalid_machine_name_is_rejected(folder: Path, name: str) -> None:
    before = users(folder)
    assert setup(folder, "add-machine", name).returncode == 2
    assert users(folder) == before


@pytest.mark.parametrize("name", ["broker.example", "192.0.2.7"])
def test_the_brokers_certificate_is_for_the_name_that_other_machines_use(
    folder: Path, name: str
) -> None:
    assert setup(folder, "tls", name).returncode == 0
    tls = folder / "secrets" / "tls"
    option = "-verify_ip" if name[0].isdigit() else "-verify_hostname"
    files = f"{tls}/ca.crt", f"{tls}/server.crt"
    verify = ["openssl", "verify", "-CAfile", files[0], option, name, files[1]]
    assert subprocess.run(verify, check=False, capture_output=True).returncode == 0
    before = (tls / "server.crt").read_text()
    assert setup(folder, "tls", name).returncode == 0
    assert (tls / "server.crt").read_text() == before
    assert {each.name for each in tls.iterdir()} == {"ca.crt", "server.crt", "server.key"}
    assert (folder / "mosquitto" / "conf.d" / "tls.conf").exists()
