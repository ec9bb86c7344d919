"""The benchmark of the findings counts correctly."""

from collections.abc import Sequence

from advisor.findings import Evidence, Expected, Finding, Severity, State
from telemetry.catalogue.thresholds import THRESHOLDS
from tests.benchmarks.corpus.jobs import EPOCH, Truth
from tests.benchmarks.corpus.judge import Judge
from tests.benchmarks.corpus.scenes import SCENES, scene

KIND = "memory_growth"


def found(at: float, *, state: State = State.ACTIVE, subject: str = "gpu0") -> Finding:
    time = EPOCH + int(at * 1000)
    expected = Expected(EPOCH + 900_000, EPOCH + 1_000_000, EPOCH + 1_200_000)
    evidence = Evidence(EPOCH, time)
    severity = Severity.WARNING
    return Finding("h", KIND, subject, state, severity, EPOCH, time, "", evidence, expected, "")


def result(findings: Sequence[Finding], truths: Sequence[Truth]) -> tuple[int, int, int, int]:
    judge = Judge()
    judge.add(findings, truths)
    one = judge.results[KIND]
    return one.right, one.false, one.missed, one.alarms


def test_at_least_two_thirds_of_the_machines_are_harmless() -> None:
    harmless = sum(not scene(seed).truths for seed in range(0, 2 * len(SCENES), 2))
    assert harmless / len(SCENES) >= 2 / 3


def test_every_kind_has_machines_with_trouble() -> None:
    troubles = {truth.kind for seed in range(0, 2 * len(SCENES), 2) for truth in scene(seed).truths}
    assert troubles == THRESHOLDS.keys()


def test_a_seed_gives_the_same_recording_each_time() -> None:
    contents = scene(1).contents
    first, second = next(contents), next(contents)
    again = scene(1).contents
    assert [next(again), next(again)] == [first, second]


def test_a_finding_is_right_only_about_its_subject_and_within_the_time_of_the_trouble() -> None:
    truth = Truth(KIND, "gpu0", 100, 1000)
    assert result([found(500)], [truth]) == (1, 0, 0, 0)
    assert result([found(50)], [truth]) == (0, 1, 1, 0)
    assert result([found(2000)], [truth]) == (0, 1, 1, 0)
    assert result([found(500, subject="gpu1")], [truth]) == (0, 1, 1, 0)
    assert result([], [truth]) == (0, 0, 1, 0)


def test_only_a_false_finding_in_a_harmless_recording_is_an_alarm() -> None:
    assert result([found(500)], []) == (0, 1, 0, 1)


def test_a_finding_that_becomes_more_severe_counts_once_and_one_that_returns_twice() -> None:
    assert result([found(500), found(600)], []) == (0, 1, 0, 1)
    ended = [found(500), found(600, state=State.OVER), found(700)]
    assert result(ended, []) == (0, 2, 0, 2)


def test_the_time_that_is_left_and_the_interval_are_compared_with_the_end() -> None:
    judge = Judge()
    judge.add([found(400)], [Truth(KIND, "gpu0", 0, 1000)])
    judge.add([found(400)], [Truth(KIND, "gpu0", 0, 2000)])
    assert judge.results[KIND].left == [0.6, 0.8]
    assert judge.results[KIND].held == [True, False]
