"""What wrong tokens cost, without waiting for it."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from api.serving.access import throttle as module
from api.serving.access.throttle import Throttle
from telemetry.bus.connection import BusConnection
from tests.api.running import RunningApi, running_api
from tests.api.serving.access.conftest import TOKEN
from tests.api.serving.access.test_gate import METRICS, bearer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what is slept, instead of sleeping it."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(module, "sleep", sleep)
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.25)
    return slept


def finished(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_each_failure_in_a_row_costs_more_up_to_a_limit(pauses: list[float]) -> None:
    async def fail() -> None:
        throttle = Throttle()
        for _ in range(7):
            assert await throttle.punish("192.0.2.1") is None

    finished(fail())
    assert pauses == [0.25, 0.5, 1, 2, 4, 4, 4]


def test_another_address_does_not_pay_and_a_network_is_one(pauses: list[float]) -> None:
    async def fail() -> None:
        throttle = Throttle()
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "", "fe80::1%eth0"):
            await throttle.punish(address)

    finished(fail())
    assert pauses == [0.25, 0.25, 0.25, 0.5, 0.25, 0.25]


def test_failures_are_forgotten(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        throttle = Throttle()
        for _ in range(3):
            await throttle.punish("192.0.2.1")
        later = time.monotonic() + module.FORGOTTEN_AFTER_SECONDS + 1
        monkeypatch.setattr("time.monotonic", lambda: later)
        await throttle.punish("192.0.2.1")

    finished(fail())
    assert pauses == [0.25, 0.5, 1, 0.25]


def test_what_is_remembered_is_bounded(pauses: list[float]) -> None:
    async def fail() -> None:
        throttle = Throttle()
        for number in range(3000):
            await throttle.punish(f"192.0.{number // 256}.{number % 256}")
        await throttle.punish("192.0.0.0")
        await throttle.punish("192.0.11.183")

    finished(fail())
    assert pauses[-2:] == [0.25, 0.5]  # the first was forgotten, the last was not


def test_who_tries_many_at_once_is_told_to_come_later_and_few_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 60)

    async def fail() -> None:
        throttle = Throttle()
        addresses = [f"192.0.2.{number % 100}" for number in range(1000)]
        tries = [asyncio.create_task(throttle.punish(each)) for each in addresses]
        done, waiting = await asyncio.wait(tries, timeout=0.01)
        assert len(waiting) <= 64
        assert {each.result() for each in done} == {4}
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        retried = asyncio.create_task(throttle.punish("192.0.2.200"))
        await asyncio.wait([retried], timeout=0.01)
        assert retried.cancel()  # it waited, for there is room again

    finished(fail())


def test_the_log_tells_of_wrong_tokens_now_and_then(
    pauses: list[float], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        throttle = Throttle()
        for number in range(150):
            await throttle.punish(f"192.0.2.{number}")
        later = time.monotonic() + 61
        monkeypatch.setattr("time.monotonic", lambda: later)
        await throttle.punish("192.0.2.200")

    caplog.set_level(logging.WARNING)
    finished(fail())
    assert len(pauses) == 151
    assert caplog.messages == [
        "Wrong tokens: 1, the latest from 192.0.2.0.",
        "Wrong tokens: 150, the latest from 192.0.2.200.",
    ]


def tries(api: RunningApi, count: int) -> list[int]:
    """Return the answers to wrong tokens that come at once."""
    request = f"GET {METRICS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    request += "Authorization: Bearer wrong\r\n\r\n"
    connections = [api.socket(request.encode()) for _ in range(count)]
    answers = []
    for connection in connections:
        with connection:
            answers.append(int(connection.recv(4096).split()[1]))
    return answers


def test_while_an_address_is_slowed_down_the_right_token_is_let_in_at_once(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_SECONDS", 0.5)
    with running_api(shared_bus, tmp_path, http_token=TOKEN) as api:
        answers = tries(api, 20)
        assert set(answers) == {401, 429}
        assert answers.count(401) == 4
        refused = api.client.get(METRICS, headers=bearer("wrong"))
        assert refused.status_code == 401
        begun = time.monotonic()
        assert api.client.get("/api/v1/system/hosts", headers=bearer()).status_code == 200
        assert api.client.post("/login", data={"token": TOKEN}).status_code == 303
        assert time.monotonic() - begun < 1
