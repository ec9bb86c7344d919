from typing import Any

from advisor.gpu_runs import GpuRuns
from advisor.readings import Reading

GIB = 2**30


def process(pid: int, command: str = "python3 train.py", **more: Any) -> dict[str, Any]:
    return {"pid": pid, "command": command, "user": "ada", "memory_used": GIB, "started": 1, **more}


def runs(*gpus: list[dict[str, Any]]) -> GpuRuns:
    found = GpuRuns()
    for number, processes in enumerate(gpus):
        values = {"processes": processes}
        found.note(Reading("h", 1, "gpu_processes", f"gpu{number}", values))
    return found


def groups(found: GpuRuns, number: int) -> set[tuple[str, ...] | None]:
    each = [found.of(f"gpu{gpu}") for gpu in range(number)]
    return {None if run is None else run.gpus for run in each}


def test_processes_of_one_user_and_command_that_started_together_are_one_run() -> None:
    assert groups(runs([process(1)], [process(2, started=60_000)]), 2) == {("gpu0", "gpu1")}


def test_another_user_command_or_time_is_another_run() -> None:
    found = runs(
        [process(1)],
        [process(2, user="bob")],
        [process(3, "python3 eval.py")],
        [process(4, started=600_000)],
        [process(5)],
    )
    assert groups(found, 5) == {("gpu0", "gpu4"), ("gpu1",), ("gpu2",), ("gpu3",)}


def test_a_gpu_that_several_share_has_no_run_but_small_contexts_do_not_count() -> None:
    shared = [process(2), process(3, "python3 other.py")]
    context = process(9, "python3 other.py", memory_used=GIB // 100)
    assert groups(runs([process(1), context], shared, []), 3) == {("gpu0",), None}


def test_a_run_that_is_started_again_is_another_one() -> None:
    found = runs([process(1)])
    before = found.of("gpu0")
    reading = Reading("h", 2, "gpu_processes", "gpu0", {"processes": [process(7)]})
    assert found.note(reading)
    assert found.of("gpu0") != before
    assert not found.note(reading)


def test_a_gpu_that_is_forgotten_leaves_its_run() -> None:
    found = runs([process(1)], [process(2)])
    found.forget("gpu1")
    assert groups(found, 2) == {("gpu0",), None}
