from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar

from advisor.analysis import Analysis
from advisor.detectors import registry
from advisor.detectors.model import DEFAULTS, Kind, Ledger
from advisor.findings import Evidence, Finding, Severity, State
from advisor.readings import FIELDS, Reading
from telemetry.catalogue import SAMPLES
from telemetry.catalogue.thresholds import THRESHOLDS, effective
from telemetry.limits import Limits
from telemetry.samples import Sample
from tests.advisor.series import MINUTES, START, every

SEVERITIES = {1: Severity.WARNING, 2: Severity.CRITICAL}


class Lights:
    """Finds that a red light is on."""

    kind: ClassVar[Kind] = Kind("lights", "", "", "", "", "")
    families: ClassVar[Collection[str]] = ("gpu",)

    def __init__(self, _thresholds: Mapping[str, float] = DEFAULTS) -> None:
        self._ledger = Ledger("lights")

    def feed(self, reading: Reading) -> Iterable[Finding]:
        severity = SEVERITIES.get(reading.values.get("light", 0))
        if severity is None:
            return self._ledger.end(reading.subject, reading.timestamp)
        evidence = Evidence(reading.timestamp, reading.timestamp)
        return self._ledger.report(
            reading, reading.subject, severity, "A light is on.", evidence, advice="Look."
        )

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        return self._ledger.end(subject, timestamp)


def sample(
    minutes: float, light: int, *, gpu: int = 0, host: str = "a", late: bool = False
) -> Sample:
    at = START + int(minutes * 60_000)
    return Sample(f"system/gpu/{gpu}", host, at, {"light": light}, late)


def states(samples: Iterable[Sample], analysis: Analysis | None = None) -> list[tuple[str, str]]:
    analysis = analysis or Analysis(lambda: [Lights()])
    found = [finding for each in samples for finding in analysis.feed(each)]
    return [(finding.state, finding.severity) for finding in found]


def test_samples_that_follow_closely_are_skipped_without_being_counted() -> None:
    analysis = Analysis(lambda: [Lights()])
    lights = {0: 0, 2: 1, 4: 0, 6: 1, 8: 2}  # by second
    samples = [sample(second / 60, light) for second, light in lights.items()]
    assert states(samples, analysis) == [(State.ACTIVE, Severity.CRITICAL)]
    assert analysis.skipped == 0


def test_a_finding_is_reported_when_it_begins_becomes_more_severe_and_ends() -> None:
    lights = [0, 1, 1, 2, 1, 2, 0, 0]
    assert states(sample(minute, light) for minute, light in enumerate(lights)) == [
        (State.ACTIVE, Severity.WARNING),
        (State.ACTIVE, Severity.CRITICAL),
        (State.OVER, Severity.CRITICAL),
    ]


def test_a_finding_that_stays_active_is_yielded_again_only_if_that_is_asked_for() -> None:
    samples = [sample(minute, 1) for minute in range(25)]
    assert len(states(samples)) == 1
    analysis = Analysis(lambda: [Lights()], updates=True)
    found = [finding for each in samples for finding in analysis.feed(each)]
    assert [finding.is_update for finding in found] == [False, True, True]
    assert [(finding.timestamp - START) / 60_000 for finding in found] == [0, 10, 20]


def test_each_host_and_each_device_has_its_own_findings() -> None:
    samples = [sample(0, 1), sample(0, 1, gpu=1), sample(0, 1, host="b"), sample(1, 0)]
    assert [state for state, _ in states(samples)] == ["active", "active", "active", "over"]


def test_samples_that_are_late_repeated_or_out_of_order_are_skipped_and_counted() -> None:
    analysis = Analysis(lambda: [Lights()])
    samples = [sample(2, 1), sample(2, 0), sample(1, 0), sample(3, 0, late=True)]
    assert len(states(samples, analysis)) == 1
    assert analysis.skipped == 3


def test_findings_about_a_device_end_when_it_is_no_longer_read() -> None:
    others = every("system/cpu", lambda _: {}, until=20 * MINUTES, host="a")
    assert [state for state, _ in states([sample(0, 1), *others])] == ["active", "over"]


def test_a_clock_that_was_set_back_ends_the_findings_and_the_work_goes_on() -> None:
    samples = [sample(600, 1), sample(0, 1), sample(1, 0)]
    assert [state for state, _ in states(samples)] == ["active", "over", "active", "over"]


def test_one_sample_from_the_future_does_not_stop_the_work() -> None:
    samples = [sample(0, 0), sample(1e6, 0), sample(1, 1)]
    assert [state for state, _ in states(samples)] == ["active"]


def test_hosts_and_channels_beyond_the_limits_are_ignored() -> None:
    analysis = Analysis(lambda: [Lights()], Limits(hosts=1, channels=1))
    assert len(states([sample(0, 1), sample(0, 1, host="b"), sample(0, 1, gpu=1)], analysis)) == 1
    assert analysis.skipped == 2


def test_every_kind_has_its_own_name_and_thresholds() -> None:
    assert [detector.kind.name for detector in registry.DETECTORS] == list(THRESHOLDS)


def test_a_kind_that_is_disabled_is_not_looked_for() -> None:
    kinds = {detector.kind.name for detector in registry.build(disabled=("hardware",))}
    assert kinds == THRESHOLDS.keys() - {"hardware"}


def test_each_kind_takes_its_thresholds_and_keeps_the_other_defaults() -> None:
    for kind, thresholds in THRESHOLDS.items():
        changed = {name: threshold.highest for name, threshold in thresholds.items()}
        assert effective(kind, changed) == changed
        assert effective(kind, {}) == {name: each.default for name, each in thresholds.items()}
        for each in thresholds.values():
            assert each.lowest <= each.default <= each.highest
    assert len(registry.build(thresholds={"idle_gpu": {"minutes": 30}})) == len(THRESHOLDS)


def test_the_fields_that_the_advisor_decodes_are_in_the_catalogue() -> None:
    assert {field.name for family in SAMPLES for field in family.fields} >= FIELDS
