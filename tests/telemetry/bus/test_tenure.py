import random

import pytest

from telemetry.bus.tenure import Tenure
from tests.fakes.monotonic import SettableClock

SHORT, LONG = 0.2, 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    clock = SettableClock()
    clock.now = 1000.0
    monkeypatch.setattr("time.monotonic", clock)
    return clock


def connect(tenure: Tenure, clock: SettableClock, *lasting: float) -> None:
    """Make connections that last for this many seconds each."""
    for seconds in lasting:
        tenure.begin()
        clock.now += seconds
        tenure.end()


def test_a_client_that_is_closed_again_and_again_is_displaced(clock: SettableClock) -> None:
    tenure = Tenure()
    connect(tenure, clock, SHORT, SHORT)
    assert not tenure.displaced
    connect(tenure, clock, SHORT)
    assert tenure.displaced


def test_a_broker_that_dies_again_and_again_is_not_taken_for_a_rival(clock: SettableClock) -> None:
    tenure = Tenure()
    for _ in range(10):
        connect(tenure, clock, SHORT)
        tenure.reset()  # no broker listens until it is started again
    assert not tenure.contested


def test_a_client_that_is_refused_or_reaches_no_broker_is_not_displaced(
    clock: SettableClock,
) -> None:
    tenure = Tenure()
    for _ in range(10):
        clock.now += SHORT
        tenure.end()
    assert not tenure.contested


def test_a_client_that_had_a_long_connection_is_contested_and_not_displaced(
    clock: SettableClock,
) -> None:
    tenure = Tenure()
    connect(tenure, clock, LONG, SHORT, SHORT, SHORT)
    assert tenure.contested
    assert not tenure.displaced
    connect(tenure, clock, LONG)
    assert not tenure.contested


def test_a_displaced_client_is_back_once_a_connection_has_lasted(clock: SettableClock) -> None:
    tenure = Tenure()
    connect(tenure, clock, SHORT, SHORT, SHORT)
    tenure.begin()
    clock.now += LONG - 1
    assert tenure.displaced
    clock.now += 1
    assert not tenure.displaced


def test_tenure_is_lost_in_a_long_row_of_short_connections(clock: SettableClock) -> None:
    tenure = Tenure()
    connect(tenure, clock, LONG, *[SHORT] * 19)
    assert not tenure.displaced
    connect(tenure, clock, SHORT)
    assert tenure.displaced


@pytest.mark.parametrize("both_had_tenure", [True, False])
def test_of_two_clients_that_evict_each_other_one_is_soon_left_alone(
    clock: SettableClock,
    both_had_tenure: bool,  # noqa: FBT001 - a table's column
) -> None:
    for seed in range(100):
        chance = random.Random(seed)  # noqa: S311 - a simulation
        clients = [Tenure(), Tenure()]
        if both_had_tenure:
            for each in clients:
                connect(each, clock, LONG)
        begun, returns = clock.now, [clock.now, clock.now + chance.random()]
        while clock.now < begun + 300:
            mine = returns.index(min(returns))
            other = 1 - mine
            clock.now = returns[mine]
            if returns[other] == float("inf"):  # it is connected, and evicted now
                clients[other].end()
                longest = 60.0 if clients[other].displaced else 0.2
                returns[other] = clock.now + longest * chance.uniform(0.5, 1)
            clients[mine].begin()
            returns[mine] = float("inf")
        assert sorted(each.displaced for each in clients) == [False, True], seed
