"""``compose.yaml``: it serves the page, stores the history in InfluxDB, and survives crashes."""

import json
import logging
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.api.dashboard.browser import find_chromium, running_chromium
from tests.docker.composed import IMAGE, SERVICES, Composed
from tests.docker.engine import docker
from tests.services.processes import free_port, wait_until

pytestmark = pytest.mark.docker
log = logging.getLogger(__name__)
INTERVAL_MS = 2000
AWAY_SECONDS = 10.0


@pytest.fixture(autouse=True)
def fed(composed: Composed) -> None:
    """Begin each test with a system that stores samples."""
    composed.wait_for_samples_after(time.time() - 10)


def inspected(composed: Composed, service: str) -> Any:
    return json.loads(docker("inspect", composed.container(service)))[0]


def test_docker_reports_every_container_as_healthy(composed: Composed) -> None:
    composed.wait_healthy()


def test_only_the_page_is_published_and_only_on_loopback(composed: Composed) -> None:
    published = {
        service: [
            (port, binding["HostIp"])
            for port, bindings in inspected(composed, service)["NetworkSettings"]["Ports"].items()
            for binding in bindings or ()
        ]
        for service in SERVICES
    }
    assert published.pop("api") == [("8000/tcp", "127.0.0.1")]
    assert not any(published.values())


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_more_rights_than_it_needs(composed: Composed, service: str) -> None:
    found = inspected(composed, service)
    assert found["Config"]["User"] not in {"", "0", "root"}
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in found["HostConfig"]["SecurityOpt"]
    assert not found["HostConfig"]["Privileged"]
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_reading_needs_the_token(composed: Composed) -> None:
    assert composed.answer("/api/v1/system/metrics", token=False)[0] == 401
    assert composed.answer("/api/v1/system/metrics")[0] == 200


def test_the_network_counters_are_the_machines_and_not_the_containers(composed: Composed) -> None:
    _, metrics = composed.answer("/api/v1/system/metrics")
    nics = {each.parent.name for each in Path("/sys/class/net").glob("*/device")}
    assert nics
    assert metrics["network"]["per_interface"].keys() == nics


def test_the_bucket_keeps_an_hour(composed: Composed) -> None:
    ask = (
        'curl -s -H "Authorization: Token $(cat /run/secrets/influxdb_token)" '
        "'http://localhost:8086/api/v2/buckets?name=system-monitor'"
    )
    answer = json.loads(docker("exec", composed.container("influxdb"), "bash", "-c", ask))
    (rule,) = answer["buckets"][0]["retentionRules"]
    assert (rule["type"], rule["everySeconds"]) == ("expire", 3600)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_that_is_killed_and_started_again_loses_nothing(
    composed: Composed, service: str
) -> None:
    began = time.time()
    composed.wait_for_samples_after(began)
    composed.crash(service, AWAY_SECONDS)
    back = time.time()
    composed.wait_for_samples_after(back + 6)
    times = [each for each in composed.timestamps() if each > began * 1000]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    log.info(
        "%s killed for %g s: %d samples, widest gap %d ms",
        service,
        AWAY_SECONDS,
        len(times),
        max(gaps),
    )
    assert len(set(times)) == len(times)
    if service == "collector":  # no samples during the outage; the earlier ones are stored
        assert sum(gap > 1.5 * INTERVAL_MS for gap in gaps) == 1
        assert max(gaps) < AWAY_SECONDS * 1000 + 4 * INTERVAL_MS
    else:
        assert max(gaps) < 1.5 * INTERVAL_MS


def test_another_machine_publishes_to_the_same_broker_over_tls(composed: Composed) -> None:
    composed.setup("add-machine", "gpu-08")
    composed.setup("tls", "127.0.0.1")
    port = free_port()
    composed.open_broker(port)
    composed.compose("restart", "mosquitto")
    secrets = f"{composed.clone}/deploy/secrets"
    variables = {
        "MQTT_URL": f"mqtts://127.0.0.1:{port}",
        "MQTT_USER": "gpu-08",
        "MQTT_PASSWORD_FILE": "/run/secrets/password",
        "MQTT_CA_FILE": "/run/secrets/ca.crt",
        "HOST_NAME": "gpu-08",
        "TOPIC_PREFIX": "fleet/{host}",
    }
    options = [f"--env=SYSTEM_MONITOR_{name}={value}" for name, value in variables.items()]
    other = docker(
        *("run", "--detach", "--network", "host"),
        *("--volume", f"{secrets}/machine-gpu-08:/run/secrets/password:ro"),
        *("--volume", f"{secrets}/tls/ca.crt:/run/secrets/ca.crt:ro"),
        *(*options, IMAGE, "collector"),
    )
    try:
        wait_until(lambda: len(composed.timestamps("gpu-08")) > 2, "samples of gpu-08")
    finally:
        docker("rm", "--force", "--volumes", other)
    _, hosts = composed.answer("/api/v1/system/hosts")
    assert {each["host"] for each in hosts["hosts"]} == {composed.host, "gpu-08"}


def test_no_secret_is_in_an_image_a_log_or_the_output_of_docker(composed: Composed) -> None:
    places = {f"history of {IMAGE}": docker("history", "--no-trunc", IMAGE)}
    places["settings of the image"] = docker("image", "inspect", IMAGE)
    for service in SERVICES:
        container = composed.container(service)
        places[f"log of {service}"] = composed.compose("logs", "--no-color", service)
        places[f"inspect of {service}"] = docker("inspect", container)
        places[f"processes of {service}"] = docker("top", container, "-eo", "pid,args")
        places[f"environment of {service}"] = docker(
            *("exec", container, "sh", "-c", "tr '\\0' '\\n' </proc/self/environ")
        )
    for name, secret in composed.secrets().items():
        found = [place for place, text in places.items() if secret in text]
        assert not found, name


def test_the_page_shows_the_machine_after_its_token_is_given(
    composed: Composed, tmp_path: Path
) -> None:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("chromium is not on PATH")
    folder = Path(os.environ.get("EXERCISE_PICTURES") or tmp_path)
    with running_chromium(chromium) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(composed.address)
        page.locator("#token").fill(composed.secret("http_token"))
        page.get_by_role("button", name="Log in").click()
        page.get_by_test_id("badge").and_(page.locator("[data-kind=live]")).wait_for()
        page.wait_for_timeout(4000)  # until the history reaches the live samples
        page.screenshot(path=folder / "composed.png")
    log.info("Screenshot: %s", folder / "composed.png")


def test_the_resources_of_each_container_are_logged(composed: Composed) -> None:
    names = [composed.container(service) for service in SERVICES]
    form = "{{.Name}}\t{{.MemUsage}}\t{{.CPUPerc}}"
    log.info("Memory and CPU:\n%s", docker("stats", "--no-stream", "--format", form, *names))
    images = docker("images", "--format", "{{.Repository}}:{{.Tag}}\t{{.Size}}")
    log.info("Images:\n%s", images)
    assert len(names) == len(SERVICES)
