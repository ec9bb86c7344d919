"""Machines whose GPUs wait for the host, or work beside a busy one."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.benchmarks.corpus.jobs import HOUR, Job, Truth
from tests.benchmarks.corpus.machine import Extra, Gpu, Machine
from tests.benchmarks.corpus.shapes import GIB, Shape, flat, wander

KIND = "input_bound"
Built = tuple[Machine, list[Truth]]
CORES = 16


def _machine(
    rng: Random, use: Shape, *, command: str = "python3 train.py", gpus: int = 0, start: float = 0.0
) -> Machine:
    """Return a machine whose GPUs all do ``use`` in one run."""
    memory = flat(rng.uniform(4, 70) * GIB)
    number = gpus or rng.choice([1, 1, 2, 4, 8])
    made = [
        Gpu([Job(memory, start, utilization=_rank(rng, use), command=command, pid=5000 + each)])
        for each in range(number)
    ]
    return Machine(rng, rng.choice([3.0, 6.0]), made)


def _rank(rng: Random, use: Shape) -> Shape:
    return lambda time: max(0.0, min(100.0, use(time) + rng.gauss(0, 2)))


def _by_turns(rng: Random) -> Shape:
    """Return work and waiting by turns."""
    period, share = rng.uniform(4, 120), rng.uniform(0.2, 0.42)
    work, drift = rng.uniform(80, 99), wander(rng, 0.3 * period, 300)  # steps are not clockwork

    def use(time: float) -> float:
        phase = (time + drift(time)) % period
        return work if phase < share * period else rng.choice([0.0, 0.0, 4.0])

    return use


def _even(rng: Random) -> Shape:
    """Return low utilization, as turns that are shorter than the driver's measurement look."""
    mean = rng.uniform(12, 42)
    return lambda _time: max(0.0, rng.gauss(mean, mean / 5))


def _low(rng: Random) -> Shape:
    return rng.choice([_by_turns, _even])(rng)


def _one_core(rng: Random, *, busy: float = 1.0) -> Extra:
    """Return a core at its limit; the scheduler moves the process."""

    def values(_time: float) -> dict[str, Any]:
        cores = [rng.uniform(0, 30) for _ in range(CORES)]
        if rng.random() < busy:
            cores[rng.randrange(CORES)] = rng.uniform(97, 100)
        return {"per_core": cores, "utilization": sum(cores) / CORES}

    return values


def _all_cores(rng: Random) -> Extra:
    def values(_time: float) -> dict[str, Any]:
        cores = [rng.uniform(88, 100) for _ in range(CORES)]
        return {"per_core": cores, "utilization": sum(cores) / CORES, "pressure_some": 60.0}

    return values


def _ceiling(rng: Random, field: str, *, waits: bool = True) -> Extra:
    """Return a rate at its ceiling, and how tasks wait for it."""
    highest = 10 ** rng.uniform(1.8, 3.3)
    psi = rng.random() < 0.8

    def values(_time: float) -> dict[str, Any]:
        pressure = {
            "pressure_some": rng.uniform(30, 90) if waits else 3.0,
            "pressure_full": rng.uniform(5, 60) if waits else 1.0,
        }
        rate = {field: highest * rng.uniform(0.88, 1.0)}
        return rate | pressure if psi and field == "read_rate" else rate

    return values


def _when(begin: float, end: float, inside: Extra, outside: Extra | None = None) -> Extra:
    def values(time: float) -> dict[str, Any]:
        if begin <= time < end:
            return inside(time)
        return outside(time) if outside else {}

    return values


def _limited(rng: Random) -> Callable[[Machine], None]:
    """Return what brings a machine to one of its limits, all the time."""
    which = rng.randrange(4)

    def limit(machine: Machine) -> None:
        if which == 0:
            machine.cpu = _one_core(rng)
        elif which == 1:
            machine.cpu = _all_cores(rng)
        elif which == 2:
            machine.disk = _ceiling(rng, "read_rate")
        else:
            machine.network = _ceiling(rng, "download_rate")

    return limit


# Harmless.


def both_busy(rng: Random) -> Built:
    """A busy GPU beside a busy core, or disk, or network."""
    machine = _machine(rng, flat(rng.uniform(65, 99)))
    _limited(rng)(machine)
    return machine, []


def medium(rng: Random) -> Built:
    """A training with small kernels, whose main process spins."""
    mean = rng.uniform(57, 75)
    machine = _machine(rng, lambda _time: rng.gauss(mean, 5))
    machine.cpu = _one_core(rng)
    return machine, []


def evaluations(rng: Random) -> Built:
    """Evaluations on all cores, while the GPU waits."""
    every, length, use = rng.uniform(1500, 7200), rng.uniform(60, 720), rng.uniform(60, 99)
    machine = _machine(rng, lambda time: use if time % every > length else 0.0)
    cores = _all_cores(rng)
    machine.cpu = lambda time: {} if time % every > length else cores(time)
    return machine, []


def quiet_and_low(rng: Random) -> Built:
    """A small model that uses the GPU a little, evenly, on a quiet machine."""
    return _machine(rng, _even(rng)), []


def rarely_limited(rng: Random) -> Built:
    """The same on a machine where something else is busy now and then."""
    machine = _machine(rng, _even(rng))
    machine.cpu = _one_core(rng, busy=rng.uniform(0.02, 0.2))
    return machine, []


def server(rng: Random) -> Built:
    """A server that waits for requests."""
    command = rng.choice(["python3 -m vllm.entrypoints.openai.api_server", "ollama", "uvicorn"])
    machine = _machine(rng, _low(rng), command=command)
    machine.cpu = _one_core(rng)
    return machine, []


def notebook(rng: Random) -> Built:
    """A notebook with cells that run now and then, and another user's long job on the cores."""
    machine = _machine(rng, _low(rng), command="python3 -m ipykernel_launcher", gpus=1)
    machine.cpu = _all_cores(rng)
    return machine, []


def others_compute(rng: Random) -> Built:
    """Other jobs use the cores; the GPU is idle."""
    machine = _machine(rng, flat(0.0), gpus=1)
    machine.gpus = [Gpu()]
    machine.cpu = _all_cores(rng)
    return machine, []


def start_of_a_run(rng: Random) -> Built:
    """The run reads its data before it begins to train."""
    length, use = rng.uniform(120, 1100), rng.uniform(60, 99)
    machine = _machine(rng, lambda time: use if time > length else rng.choice([0.0, 0.0, 30.0]))
    machine.disk = _when(0, length, _ceiling(rng, "read_rate"))
    machine.cpu = _when(0, length, _one_core(rng))
    return machine, []


def desktop(rng: Random) -> Built:
    """A screen, and no run."""
    machine = _machine(rng, _even(rng), command="Xorg", gpus=1)
    machine.gpus[0].jobs[0].memory = flat(rng.uniform(0.1, 0.5) * GIB)
    machine.cpu = _one_core(rng)
    return machine, []


def between_epochs(rng: Random) -> Built:
    """Workers start again at each epoch, and the GPU waits for them."""
    every, length, use = rng.uniform(120, 900), rng.uniform(5, 40), rng.uniform(80, 99)
    machine = _machine(rng, lambda time: use if time % every > length else 0.0)
    machine.cpu = _one_core(rng)
    return machine, []


def debugging(rng: Random) -> Built:
    """A user starts short runs, with pauses to think."""
    turns: list[tuple[float, float]] = []
    time = 0.0
    while time < 7 * HOUR:
        work = rng.uniform(180, 400)
        turns.append((time, time + work))
        time += work + rng.uniform(120, 600)

    def use(time: float) -> float:
        return 90.0 if any(begin <= time < end for begin, end in turns) else 0.0

    return _machine(rng, use, gpus=1), []


# Trouble.


def _bound(rng: Random, low: Shape) -> tuple[Machine, float, float]:
    """Return a run that waits for some time, and the time."""
    begin = rng.choice([0.0, rng.uniform(0.2, 1.2) * HOUR])
    end = begin + rng.uniform(0.8, 1.6) * HOUR
    use = rng.uniform(75, 99)
    return _machine(rng, lambda time: low(time) if begin <= time < end else use), begin, end


def loading_in_one_process(rng: Random) -> Built:
    machine, begin, end = _bound(rng, _low(rng))
    machine.cpu = _when(begin, end, _one_core(rng))
    return machine, [Truth(KIND, "gpu0", begin, end)]


def loading_on_all_cores(rng: Random) -> Built:
    machine, begin, end = _bound(rng, _low(rng))
    machine.cpu = _when(begin, end, _all_cores(rng))
    return machine, [Truth(KIND, "gpu0", begin, end)]


def slow_disk(rng: Random) -> Built:
    machine, begin, end = _bound(rng, _low(rng))
    machine.disk = _when(begin, end, _ceiling(rng, "read_rate"), lambda _time: {"read_rate": 5.0})
    return machine, [Truth(KIND, "gpu0", begin, end)]


def slow_network(rng: Random) -> Built:
    machine, begin, end = _bound(rng, _low(rng))
    machine.network = _when(
        begin, end, _ceiling(rng, "download_rate"), lambda _time: {"download_rate": 1.0}
    )
    return machine, [Truth(KIND, "gpu0", begin, end)]


def unexplained(rng: Random) -> Built:
    """It waits for something that the host does not show."""
    machine, begin, end = _bound(rng, _by_turns(rng))
    return machine, [Truth(KIND, "gpu0", begin, end)]


def full_link(rng: Random) -> Built:
    """Everything is sent over PCIe."""
    machine, begin, end = _bound(rng, _low(rng))
    for gpu in machine.gpus:
        gpu.overrides = _when(begin, end, lambda _time: {"pcie_rx_rate": rng.uniform(42e3, 60e3)})
    return machine, [Truth(KIND, "gpu0", begin, end)]


HARMLESS = (
    *(both_busy, medium, evaluations, quiet_and_low, rarely_limited, server, notebook),
    *(others_compute, start_of_a_run, desktop, between_epochs, debugging),
)
TROUBLE = (
    *(loading_in_one_process, loading_on_all_cores, slow_disk, slow_network, unexplained),
    full_link,
)
