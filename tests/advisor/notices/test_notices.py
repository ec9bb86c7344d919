"""From the bus to the targets: each thing once, whatever happens."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from advisor.notices.model import Rules
from advisor.notices.notices import Notices
from advisor.notices.outbox import Pace
from advisor.notices.senders import AppriseSender, Sender
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.events import Event
from telemetry.exposition import reports_text
from tests.advisor.notices.receivers import AT_ONCE, Recorder, webhook
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until
from tests.states import finding, run

SECRET = "correct-horse"  # noqa: S105 - must not appear
NIGHT = 2 * 60
SECONDS = 20.0

BEGINS = "Warning: memory growth on alpha"
ENDS = "Over: memory growth on alpha"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notices.sqlite3"


@contextmanager
def notifying(
    file: Path, address: BrokerAddress, *senders: Sender, minute: int = 12 * 60
) -> Iterator[Notices]:
    part = Notices(
        senders, Rules(), file, address, TopicScheme(), name="here", minute=lambda: minute
    )
    part.start()
    try:
        assert part.wait_subscribed(SECONDS)
        yield part
    finally:
        part.stop()


def publish(listener: Listener, event: Event, *, retain: bool = False) -> None:
    listener.publish(event.channel, event.payload(), retain=retain)


def over() -> Event:
    return finding("growth.end", state="over")


def wait_for(recorder: Recorder, *headlines: str) -> None:
    wait_until(lambda: recorder.headlines == list(headlines), f"{headlines} were sent", SECONDS)


def figures(part: Notices) -> Mapping[str, Any]:
    return {each.name: each.value for each in part.report().counts}


def test_a_finding_is_reported_when_it_begins_and_when_it_is_over_and_a_run_when_it_ends(
    file: Path, address: BrokerAddress
) -> None:
    fake = Recorder()
    with Listener(address.port) as client, notifying(file, address, fake) as part:
        publish(client, finding(), retain=True)
        publish(client, run(), retain=True)
        publish(client, over())
        client.publish(over().channel, b"", retain=True)
        publish(client, run("ablation-7.1.end", ended=1))
        wait_for(fake, BEGINS, ENDS, "Run ended: ablation-7 on alpha")
        assert part.report().problem is None
        assert figures(part)["sent"] == {"fake": 3}
        assert figures(part)["messages_rejected"] == {}


def test_a_second_delivery_and_newer_values_are_not_reported_again(
    file: Path, address: BrokerAddress
) -> None:
    fake = Recorder()
    with Listener(address.port) as client, notifying(file, address, fake):
        for summary in ("RAM grows.", "RAM grows.", "RAM grows faster."):
            publish(client, finding(summary=summary), retain=True)
        publish(client, finding("growth.critical", severity="critical"), retain=True)
        wait_for(fake, BEGINS, "Critical: memory growth on alpha")


def test_after_a_restart_nothing_is_repeated_and_what_was_missed_is_reported(
    file: Path, address: BrokerAddress
) -> None:
    before, after = Recorder(), Recorder()
    with Listener(address.port) as client:
        with notifying(file, address, before):
            publish(client, finding(), retain=True)
            wait_for(before, BEGINS)
        publish(client, over())  # the broker queues it
        publish(client, finding(host="beta"), retain=True)
        with notifying(file, address, after):
            wait_for(after, ENDS, "Warning: memory growth on beta")


def test_an_active_finding_whose_beginning_was_missed_is_reported_once(
    file: Path, address: BrokerAddress
) -> None:
    first, second = Recorder(), Recorder()
    with Listener(address.port) as client:
        publish(client, finding(), retain=True)
        with notifying(file, address, first):
            wait_for(first, BEGINS)
        with notifying(file, address, second):
            publish(client, over())
            wait_for(second, ENDS)


def test_what_could_not_be_sent_before_a_restart_is_sent_after_it_to_the_targets_that_lack_it(
    file: Path, address: BrokerAddress
) -> None:
    offline, online = Recorder("offline", failures=1_000), Recorder("online")
    with Listener(address.port) as client, notifying(file, address, offline, online) as part:
        publish(client, finding())
        wait_for(online, BEGINS)
        wait_until(lambda: part.report().problem is not None, "the failure is known", SECONDS)
        assert part.report().problem == (
            "Notices to offline cannot be delivered: it is offline; 1 notice is waiting to be sent."
        )
    again, still = Recorder("offline"), Recorder("online")
    with notifying(file, address, again, still):
        wait_for(again, BEGINS)
    assert still.messages == []


def test_a_target_that_was_removed_from_the_settings_leaves_nothing_behind(
    file: Path, address: BrokerAddress
) -> None:
    with (
        Listener(address.port) as client,
        notifying(file, address, Recorder("gone", failures=1_000)) as part,
    ):
        publish(client, finding())
        wait_until(lambda: figures(part)["waiting"] == {"gone": 1}, "it waits", SECONDS)
    for _ in range(2):
        other = Recorder("gone", failures=1_000) if _ else Recorder("other")
        with notifying(file, address, other) as part:
            assert set(figures(part)["waiting"].values()) == {0}


def test_many_findings_that_begin_at_once_come_in_one_message(
    file: Path, address: BrokerAddress
) -> None:
    fake = Recorder(pace=Pace(gather=1, gap=1))
    with Listener(address.port) as client, notifying(file, address, fake):
        for number in range(50):
            publish(client, finding(host=f"host-{number}"))
        wait_until(lambda: len(fake.headlines) == 50, "all were sent", SECONDS)
    assert len(fake.messages) <= 3


def test_what_quiet_hours_hold_back_survives_a_restart_and_comes_afterwards_as_one_message(
    file: Path, address: BrokerAddress
) -> None:
    quiet = Pace(gather=0, gap=0, quiet=((22 * 60, 7 * 60),))
    night, morning = Recorder(pace=quiet), Recorder(pace=quiet)
    with Listener(address.port) as client, notifying(file, address, night, minute=NIGHT) as part:
        publish(client, finding())
        publish(client, run("ablation-7.1.end", ended=1))
        publish(client, finding("other", host="beta", severity="critical"))
        wait_for(night, "Critical: memory growth on beta")
        assert figures(part)["waiting"] == {"fake": 2}
        assert part.report().problem is None
    with notifying(file, address, morning, minute=7 * 60):
        wait_for(morning, BEGINS, "Run ended: ablation-7 on alpha")


def test_a_program_that_failed_is_not_run_again_not_even_after_a_restart(
    file: Path, address: BrokerAddress
) -> None:
    once, again = Recorder(failures=1, repeats=False), Recorder(repeats=False)
    with Listener(address.port) as client, notifying(file, address, once) as part:
        publish(client, finding(), retain=True)
        wait_until(lambda: figures(part)["failures"] == {"fake": 1}, "it failed", SECONDS)
        publish(client, over())
        wait_for(once, ENDS)
        assert part.report().problem is None
    with Listener(address.port) as client, notifying(file, address, again):
        publish(client, run("ablation-7.1.end", ended=1))
        wait_for(again, "Run ended: ablation-7 on alpha")


def test_beyond_the_limit_notices_are_dropped_and_counted(
    file: Path, address: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    fake = Recorder(failures=1_000, pace=Pace(gather=0, gap=0, most=3))
    with (
        caplog.at_level(logging.WARNING),
        Listener(address.port) as client,
        notifying(file, address, fake) as part,
    ):
        for number in range(5):
            publish(client, finding(host=f"host-{number}"))
        wait_until(lambda: figures(part)["dropped"] == {"fake": 2}, "two are dropped", SECONDS)
        assert figures(part)["waiting"] == {"fake": 3}
    assert "Too many notices are waiting for fake" in caplog.text


def test_a_message_that_is_not_valid_is_counted_and_the_next_one_is_reported(
    file: Path, address: BrokerAddress
) -> None:
    fake = Recorder()
    with Listener(address.port) as client, notifying(file, address, fake) as part:
        client.publish(finding().channel, "{}")
        publish(client, finding())
        wait_for(fake, BEGINS)
        assert figures(part)["messages_rejected"] == {"not an event": 1}


def test_an_unexpected_error_of_a_sender_does_not_end_its_thread(
    file: Path, address: BrokerAddress
) -> None:
    class Broken(Recorder):
        def check(self) -> None:
            raise RuntimeError(SECRET)

    fake = Broken()
    with Listener(address.port) as client, notifying(file, address, fake) as part:
        wait_until(lambda: part.report().problem is not None, "it is reported", SECONDS)
        assert SECRET not in str(part.report())
        publish(client, finding())
        wait_for(fake, BEGINS)


def test_a_service_that_is_down_for_a_while_gets_the_notice_once_it_is_back(
    file: Path, address: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    sender = AppriseSender("json", f"json://127.0.0.1:{port}/{SECRET}", pace=AT_ONCE)
    with (
        caplog.at_level(logging.DEBUG),
        Listener(address.port) as client,
        notifying(file, address, sender) as part,
    ):
        publish(client, finding())
        wait_until(lambda: figures(part)["failures"] == {"json": 1}, "it failed", SECONDS)
        problem = part.report().problem or ""
        assert "Notices to json cannot be delivered: " in problem
        text = reports_text([part.report()])
        assert 'system_monitor_notices_waiting{target="json"} 1' in text
        with webhook(port) as server:
            wait_until(lambda: len(server.bodies) == 1, "it was delivered", SECONDS)
        wait_until(lambda: part.report().problem is None, "the problem is over", SECONDS)
    assert server.bodies[0]["title"] == BEGINS
    assert SECRET not in caplog.text + problem
