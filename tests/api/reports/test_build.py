"""What a report contains."""

import pytest

from api.reports.build import Material
from api.reports.content import Chart
from api.runs.run import RunState
from tests.api.reports.examples import (
    END_OF_RUN,
    START,
    columns,
    finding,
    made,
    note,
    over,
    run,
)

GIB = 1024**3


def charts(means: object = None, peaks: object = None, **values: object) -> dict[str, Chart]:
    material = Material(means or {}, peaks or {}, [], [])  # type: ignore[arg-type]
    return {each.title: each for each in made(material, run(**values)).charts}


def test_each_gpu_of_the_run_is_a_line_and_the_others_are_not() -> None:
    answer = {f"system/gpu/{gpu}": columns(gpu, None, 50.0) for gpu in (0, 1, 2)}
    (chart,) = charts(answer, gpus=["0", "2"]).values()
    assert [(each.name, each.values) for each in chart.series] == [
        ("GPU 0", [0, None, 50.0]),
        ("GPU 2", [2, None, 50.0]),
    ]
    assert (chart.title, chart.unit, chart.top) == ("GPU utilization", "%", 100)


def test_memory_shows_the_highest_values_in_the_units_of_the_dashboard() -> None:
    peaks = {"system/memory": columns(32.0 * GIB, name="ram_used", ram_total=64.0 * GIB)}
    chart = charts(peaks=peaks)["Machine RAM, highest"]
    assert (chart.series[0].values, chart.top) == ([32.0], 64.0)


def test_without_samples_there_are_no_charts() -> None:
    assert charts({"system/cpu": columns(None, None)}, gpus=None) == {}


def test_annotations_of_the_run_and_of_no_run_are_in_its_report() -> None:
    names = [None, "r-1", "ablation-7", "another"]
    notes = [note(minute, name=name) for minute, name in enumerate(names)]
    report = made(Material({}, {}, [*notes, note(-1), note(60)], []))
    assert report.annotations == notes[:3]


def test_a_finding_has_its_newest_severity_and_its_end() -> None:
    begin = finding(5, severity="info")
    worse = finding(5, severity="critical", summary="worse")
    later = [worse.__class__(worse.channel, "x", START + 600_000, worse.host, worse.values)]
    (notice,) = made(Material({}, {}, [], [*later, over(begin, 30), begin])).notices
    assert (notice.severity, notice.summary) == ("critical", "worse")
    assert (notice.since, notice.until) == (START + 300_000, START + 1_800_000)


def test_only_findings_that_overlap_the_run_and_concern_its_gpus_are_in_its_report() -> None:
    before, early = finding(-20), finding(-9)
    events = [
        *(before, over(before, -10), early, over(early, 1)),
        finding(10, "gpu7"),
        finding(11, "gpu1-mig3"),
        finding(12, "host"),
    ]
    notices = made(Material({}, {}, [], events)).notices
    assert [each.subject for each in notices] == ["gpu0", "gpu1-mig3", "host"]
    assert [each.until for each in notices] == [START + 60_000, None, None]


def test_a_run_without_gpus_has_the_findings_of_all() -> None:
    assert len(made(Material({}, {}, [], [finding(10, "gpu7")]), run(gpus=[])).notices) == 1


def test_the_reasons_for_which_a_gpu_was_slow_are_listed_largest_first() -> None:
    gpu = columns(
        *(20.0, 40.0),
        name="throttle_shares.sw_power_cap",
        throttle_shares__hw_slowdown=50.0,
        throttle_shares__gpu_idle=90.0,
        throttle_shares__sync_boost=0.4,
    )
    throttling = made(Material({"system/gpu/1": gpu}, {}, [], [])).throttling
    assert [(each.gpu, each.reason, each.share) for each in throttling] == [
        ("1", "hw_slowdown", 50.0),
        ("1", "sw_power_cap", 30.0),
    ]


@pytest.mark.parametrize("state", list(RunState))
def test_a_run_in_any_state_has_a_report(state: RunState) -> None:
    report = made(this=run(state, summary=None, ended=None, gpus=None, tags=[], user=None))
    assert (report.start, report.end) == (START, END_OF_RUN)
