"""Finds the first process of the job that a given process belongs to; each job is one run."""

import re
from collections.abc import Callable, Mapping, Sequence

from collector.runs.procfs import TICKS, Process

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
# Programs that start the processes of a job, each of which may use a different GPU.
_LAUNCHERS = {"mpirun", "mpiexec", "orterun", "prterun", "hydra_pmi_proxy"}
# A launcher starts its workers soon after its own start. A scheduler starts one job after another,
# for days, and each job is a separate run.
_SOON = 600 * TICKS
_NOTEBOOK = "ipykernel_launcher"  # the kernel of each notebook is a separate job

Arguments = Callable[[int], Sequence[str]]
"""Returns the arguments of the process with the given id, beginning with its program."""


def first_process(
    process: Process,
    processes: Mapping[int, Process],
    arguments: Arguments,
    owner: Callable[[int], int | None],
) -> Process:
    """Return the first process of the job that ``process`` belongs to.

    A process and its parent belong to the same job if they have the same user, the process started
    at most 10 minutes after its parent, and both run Python. For example, torchrun and its
    workers are one job. If the parent is a launcher such as ``mpirun``, neither has to run Python.
    Each notebook's kernel is a separate job.
    """
    user, seen = owner(process.pid), {process.pid}
    while True:
        parent = processes.get(process.parent)
        if parent is None or parent.pid in seen or owner(parent.pid) != user:
            return process
        is_soon = 0 <= process.started - parent.started <= _SOON
        if not is_soon or not _is_one_job(arguments(parent.pid), arguments(process.pid)):
            return process
        process = parent
        seen.add(process.pid)


def _is_one_job(parent: Sequence[str], child: Sequence[str]) -> bool:
    program = _program(parent)
    if program in _LAUNCHERS:
        return True
    both_python = _PYTHON.fullmatch(program) and _PYTHON.fullmatch(_program(child))
    return bool(both_python) and _NOTEBOOK not in child


def _program(arguments: Sequence[str]) -> str:
    return arguments[0].rpartition("/")[2] if arguments else ""
