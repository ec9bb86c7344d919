"""The table of all hosts, and the keys."""

from deploy.top.lines import Style, plain
from deploy.top.model import Model
from telemetry.clock import unix_milliseconds
from tests.deploy.top.states import Content, finding, gpu_sample, machine, newest, status

WIDTH, HEIGHT = 79, 23


def fleet(count: int = 3) -> Model:
    """Return hosts whose GPUs are the busier the higher their number."""
    contents: list[Content] = []
    for index in range(count):
        name, values = f"gpu-{index:03}", {"utilization": float(index), "power": 100.0}
        gpus = [gpu_sample(each, name, **values) for each in (0, 1)]
        contents += [status(name), *gpus, *machine(name)]
    return Model(newest(*contents).hosts)


def shown(model: Model, height: int = HEIGHT) -> list[str]:
    return plain(model.lines(None, WIDTH, height, unix_milliseconds())).splitlines()


def selected(model: Model) -> str:
    lines = model.lines(None, WIDTH, HEIGHT, unix_milliseconds())
    (line,) = [line for line in lines if any(span.style is Style.SELECTED for span in line)]
    return line[0].text.strip()


def names(model: Model) -> list[str]:
    return [line.split()[0] for line in shown(model)[1:]]


def test_several_hosts_are_a_table_and_one_is_a_page() -> None:
    assert names(fleet()) == ["gpu-000", "gpu-001", "gpu-002"]
    assert shown(fleet(1))[0].startswith("gpu-000  live  2 GPUs, a sample every 2 s")


def test_a_row_has_the_state_of_a_host() -> None:
    row = shown(fleet())[3]
    assert row.split() == ["gpu-002", "live", "2", "2%", "25%", "72°", "200", "W", "38%", "80%"]


def test_a_row_counts_the_findings() -> None:
    worst = finding("gpu0", "critical", "Lost.", host="beta")
    model = Model(newest(*machine("alpha"), *machine("beta"), worst).hosts)
    lines = model.lines(None, WIDTH, HEIGHT, unix_milliseconds())
    assert [span.text.strip() for span in lines[2] if span.style is Style.CRITICAL] == ["1"]


def test_a_finding_of_no_host_is_not_a_host() -> None:
    other = finding("x", "info", "Look.", host="")
    model = Model(newest(*machine("alpha"), other).hosts)
    assert shown(model)[0].startswith("alpha")


def test_hosts_are_sorted_by_the_chosen_column() -> None:
    model = fleet()
    model.reverse()
    assert names(model) == ["gpu-002", "gpu-001", "gpu-000"]
    model.sort()
    model.sort()
    assert shown(model)[0].split()[3] == "util▾"
    assert names(model) == ["gpu-002", "gpu-001", "gpu-000"]


def test_a_host_is_selected_opened_and_left() -> None:
    model = fleet()
    assert selected(model) == "gpu-000"
    model.move(-1)
    assert selected(model) == "gpu-000"
    model.move(1)
    assert selected(model) == "gpu-001"
    model.open()
    assert shown(model)[0].startswith("gpu-001")
    model.move(1)
    assert shown(model)[0].startswith("gpu-002")
    model.move(1)
    assert shown(model)[0].startswith("gpu-000")
    model.back()
    assert selected(model) == "gpu-000"


def test_one_host_can_be_left_too() -> None:
    model = fleet(1)
    shown(model)
    model.back()
    assert names(model) == ["gpu-000"]


def test_the_selected_one_of_many_hosts_is_always_visible() -> None:
    model = fleet(100)
    assert len(shown(model)) == HEIGHT
    for _ in range(9):
        model.move(13)
        assert selected(model)
        assert len(shown(model)) == HEIGHT
    assert names(model)[-1] == "gpu-099"


def test_the_host_that_was_asked_for_is_the_only_one() -> None:
    states = newest(*machine("alpha"), *machine("beta")).hosts
    model = Model(states, "beta")
    assert shown(model)[0].startswith("beta")
    model.back()
    model.move(1)
    assert shown(model)[0].startswith("beta")


def test_a_host_that_is_not_known_is_named_with_those_that_are() -> None:
    states = newest(*machine("alpha")).hosts
    assert shown(Model(states, "gamma")) == ["'gamma' has sent nothing; known hosts: 'alpha'."]
    assert shown(Model({}, "gamma")) == ["Waiting for the first sample of 'gamma' …"]


def test_an_outage_is_the_first_line() -> None:
    model = fleet()
    lines = model.lines("The MQTT broker is gone.", WIDTH, HEIGHT, unix_milliseconds())
    assert plain(lines).splitlines()[0] == "The MQTT broker is gone."
    empty = Model({}).lines("Gone.", WIDTH, HEIGHT, unix_milliseconds())
    assert plain(empty).splitlines() == ["Gone.", "Waiting for the first samples …"]
