"""Trees of processes: made-up ones for the rules, and real ones for the figures."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.runs.procfs import PAGE, TICKS, Process, ProcessTable, Usage, parse_stat
from collector.runs.tree import ProcessTree
from tests.services.processes import wait_until

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
MB = 1_000_000


NOBODY = Process(0, 1, 1, 1, 100, 0, 0, 0, over=False)


def process(pid: int, parent: int = 1, **values: Any) -> Process:
    return NOBODY._replace(pid=pid, parent=parent, **values)


class Scene:
    """A tree with the root 10, and the processes that it is shown."""

    def __init__(
        self, *others: Process, root: Process | None = None, foster: int | None = None
    ) -> None:
        self.now = {each.pid: each for each in (root or process(10), *others)}
        self.tree = ProcessTree(self.now[10], foster)
        self.tree.update(self.now, [])

    def show(self, *processes: Process, gone: tuple[int, ...] = ()) -> None:
        new = [each for each in processes if each.pid not in self.now]
        self.now = {pid: each for pid, each in self.now.items() if pid not in gone}
        self.now |= {each.pid: each for each in processes}
        self.tree.update(self.now, new)


def test_descendants_belong_to_a_tree_and_other_processes_do_not() -> None:
    scene = Scene(process(11, 10), process(12, 11), process(9, 12), process(20, 1))
    assert set(scene.tree.pids) == {9, 10, 11, 12}
    scene.show(process(13, 12), process(21, 20), process(22, 10, started=99))
    assert set(scene.tree.pids) == {9, 10, 11, 12, 13}


def test_a_process_whose_parent_ended_unseen_is_found_by_its_group_or_session() -> None:
    scene = Scene(process(11, 10, group=11, session=11))
    scene.show(process(13, 1, group=11, session=5), process(14, 1, group=7, session=11))
    assert set(scene.tree.pids) == {10, 11, 13, 14}
    scene.show(process(15, 1, group=11, session=5), gone=(11, 14))
    assert set(scene.tree.pids) == {10, 13, 15}, "the leader has ended, its group has not"


def test_a_group_that_the_tree_did_not_found_does_not_belong_to_it() -> None:
    """A script that starts a training shares its process group with everything else it starts."""
    scene = Scene(process(5, 1, group=5), root=process(10, 5, group=5))
    scene.show(process(30, 5, group=5))
    assert set(scene.tree.pids) == {10}


def test_a_number_that_is_used_again_is_another_process() -> None:
    scene = Scene(process(11, 10, group=11))
    scene.show(gone=(11,))
    scene.show(process(11, 1, group=11, started=500), process(12, 11, group=11, started=501))
    assert set(scene.tree.pids) == {10}


def test_orphans_belong_to_the_tree_of_the_process_that_inherits_them() -> None:
    scene = Scene(process(3, 1), foster=3)
    scene.show(process(13, 3, session=13))
    assert set(scene.tree.pids) == {10, 13}


def test_a_tree_runs_until_all_its_processes_have_ended() -> None:
    scene = Scene(process(11, 10))
    scene.show(process(10, over=True))
    assert scene.tree.running
    scene.show(gone=(11,))
    assert not scene.tree.running


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([process(10, waited=500)], id="its parent has waited for it"),
        pytest.param([process(10)], id="nobody has waited for it"),
        pytest.param([], id="the whole tree ends"),
    ],
)
def test_cpu_time_of_processes_that_ended_counts_once(rest: list[Process]) -> None:
    scene = Scene(process(11, 10, cpu=500))
    assert scene.tree.usage().cpu_seconds == 500 / TICKS
    scene.show(*rest, gone=(11,) if rest else (10, 11))
    assert scene.tree.usage().cpu_seconds == 500 / TICKS


def test_traffic_of_processes_that_ended_counts_once() -> None:
    scene = Scene(process(11, 10, cpu=5), root=process(10, usage=Usage(read=0, written=0)))
    scene.show(process(11, 10, cpu=5, usage=Usage(read=7, written=9)))
    scene.show(process(10, waited=5, usage=Usage(read=7, written=9)), gone=(11,))
    usage = scene.tree.usage()
    assert (usage.read_bytes, usage.written_bytes) == (7, 9)
    scene.show(process(12, 10, cpu=5, usage=Usage(read=2, written=3)))
    scene.show(gone=(12,))
    usage = scene.tree.usage()
    assert (usage.read_bytes, usage.written_bytes) == (9, 12)


def test_traffic_that_cannot_be_read_is_not_known() -> None:
    usage = Scene().tree.usage()
    assert (usage.read_bytes, usage.written_bytes) == (None, None)


def test_the_peak_is_the_largest_sum_at_one_moment_or_of_one_process() -> None:
    scene = Scene(process(11, 10, rss=30), root=process(10, rss=20))
    scene.show(process(11, 10, rss=10), process(10, rss=25))
    assert scene.tree.usage().ram_peak == 50
    scene.show(process(10, rss=5, usage=Usage(peak=60)))
    assert scene.tree.usage().ram_peak == 60


def test_private_memory_is_that_of_all_processes_of_which_it_is_known() -> None:
    scene = Scene(process(11, 10, usage=Usage(private=5)), root=process(10, usage=Usage(private=7)))
    scene.show(process(12, 10))
    assert scene.tree.private() == 12
    assert Scene().tree.private() is None


def test_a_name_may_contain_anything() -> None:
    fields = [b"S", *b"7 8 9 0 0 0 0 0 0 0 1 2 3 4 20 0 1 0 99 4096 5 0".split()]
    parsed = parse_stat(b"42 (a) R (b c)) " + b" ".join(fields))
    assert parsed == process(42, 7, group=8, session=9, started=99, cpu=3, waited=7, rss=5 * PAGE)


WORKERS = """
import os, sys, time
def hold(megabytes):
    return bytearray(b"x" * (megabytes * 10**6))
def work(leaks):
    kept = [hold(20)]
    while leaks and len(kept) < 7:
        kept.append(hold(20))
        time.sleep(0.02)
    if leaks:
        print("leaked", flush=True)
    sys.stdin.read()
kept = hold(30)
for number in range(4):
    if os.fork() == 0:
        work(leaks=number == 0)
        os._exit(0)
print("ready", flush=True)
sys.stdin.read()
for _ in range(4):
    os.wait()
"""


@contextmanager
def started(code: str, *prefix: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*prefix, sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


def follow(pid: int) -> tuple[ProcessTable, ProcessTree]:
    table = ProcessTable()
    table.update([pid])
    return table, ProcessTree(table.processes[pid])


def step(table: ProcessTable, tree: ProcessTree) -> None:
    table.update(tree.pids)
    tree.update(table.processes, table.new)


@linux
def test_the_ram_of_a_real_tree_is_what_proc_reports_within_five_percent() -> None:
    with started(WORKERS) as running:
        assert running.stdout is not None
        assert {running.stdout.readline() for _ in range(2)} == {"ready\n", "leaked\n"}
        table, tree = follow(running.pid)

        def has_workers() -> bool:
            step(table, tree)
            return len(tree.pids) == 5

        wait_until(has_workers, "four workers")
        step(table, tree)
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in tree.pids]
        assert sum(pages) * PAGE > 240 * MB
        assert tree.usage().ram_peak == pytest.approx(sum(pages) * PAGE, rel=0.05)
        running.communicate("")
        step(table, tree)
        assert not tree.running
        assert tree.usage().ram_peak == pytest.approx(sum(pages) * PAGE, rel=0.05)


@linux
@pytest.mark.skipif(not Path("/usr/bin/time").exists(), reason="GNU time is not installed")
def test_the_peak_of_one_process_is_that_of_gnu_time_within_five_percent() -> None:
    """Also if it is over before the process is looked at."""
    code = "kept = bytearray(200 * 10**6); del kept; import sys; print(1, flush=True); input()"
    with started(code, "/usr/bin/time", "-v") as running:
        assert running.stdout is not None
        running.stdout.readline()
        table, tree = follow(running.pid)
        step(table, tree)
        step(table, tree)
        _, errors = running.communicate("\n")
    reported = re.search(r"Maximum resident set size \(kbytes\): (\d+)", errors)
    assert reported is not None
    assert tree.usage().ram_peak == pytest.approx(int(reported[1]) * 1024, rel=0.05)


@linux
def test_cpu_time_of_a_real_tree_includes_children_that_have_ended() -> None:
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    while time.process_time() < 0.3: pass\n"
        "    os._exit(0)\n"
        "os.wait(); print(1, flush=True); sys.stdin.read()\n"
    )
    with started(code) as running:
        table, tree = follow(running.pid)
        assert running.stdout is not None
        running.stdout.readline()
        step(table, tree)
        assert tree.usage().cpu_seconds == pytest.approx(0.35, abs=0.1)
        running.communicate("")


@linux
def test_processes_that_are_not_followed_are_not_read_again() -> None:
    with started("input()") as running:
        table = ProcessTable()
        table.update([])
        before = table.processes[running.pid]
        table.update([])
        assert table.processes[running.pid] is before
        assert not [each for each in table.new if each.pid == running.pid]
        table.update([running.pid])
        assert table.processes[running.pid].usage.peak is not None
        running.communicate("\n")
    table.update([])
    assert running.pid not in table.processes
