"""The overview: every live host at a glance, in one response."""

from tests.api.running import RunningApi, cpu, every_family, gpu, processes, status
from tests.states import finding

PATH = "/api/v1/system/overview"


def test_each_live_host_has_its_state_its_gpus_and_its_findings(api: RunningApi) -> None:
    api.feed(status(), cpu(), gpu(10), gpu(2), processes(2, {"pid": 7}), cpu("beta", age=60_000))
    for host in ("beta", "alpha"):
        severe = "critical" if host == "beta" else "info"
        event = finding(host, host=host, severity=severe, summary=f"{host} grows.")
        api.send_raw(api.settings.topics.topic(host, event.channel), event.payload())
    api.wait_until_received()
    alpha, beta = api.json(PATH)["hosts"]
    assert (alpha["host"], alpha["state"], alpha["stale"], alpha["cpu"]) == (
        *("alpha", "online", False),
        12.5,
    )
    assert [(each["id"], each["processes"]) for each in alpha["gpus"]] == [("2", 1), ("10", None)]
    assert alpha["gpus"][0]["memory_total"] == 2
    assert [each["summary"] for each in alpha["findings"]] == ["alpha grows."]
    assert (beta["state"], beta["stale"], beta["gpus"]) == (None, True, [])
    assert beta["findings"][0]["severity"] == "critical"


def test_findings_about_no_particular_host_make_no_host(api: RunningApi) -> None:
    event = finding("fleet", host="fleet")
    api.send_raw(api.settings.topics.topic("fleet", event.channel), event.payload())
    api.wait_until_received()
    assert api.json(PATH) == {"hosts": []}


def test_the_overview_has_the_share_of_the_memory_in_use(api: RunningApi) -> None:
    api.feed(*every_family())
    memory = next(each.values for each in every_family() if each.channel == "system/memory")
    share = 100 * memory["ram_used"] / memory["ram_total"]  # type: ignore[operator]
    assert api.json(PATH)["hosts"][0]["memory"] == round(share, 1)
