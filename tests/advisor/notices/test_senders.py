"""Notices through the real Apprise: to a local HTTP server, and to a topic of a real broker."""

import importlib.util
import os
import time

import pytest

from advisor.notices.model import Notice, Rules
from advisor.notices.program import NoticeError
from advisor.notices.senders import AppriseSender, senders
from advisor.notices.with_apprise import without_secrets
from telemetry.bus.address import BrokerAddress
from telemetry.errors import SettingsError
from tests.advisor.notices.receivers import webhook
from tests.services.embedded import Listener
from tests.services.processes import free_port
from tests.states import finding

SECRET = "correct-horse"  # noqa: S105 - must not appear


def notice(**values: str) -> Notice:
    found = Rules().notice_of(finding("growth", 1, **values))
    assert found is not None
    return found


def failure(sender: AppriseSender) -> str:
    with pytest.raises(NoticeError) as caught:
        sender.send([notice()])
    return str(caught.value)


def test_a_webhook_receives_the_title_the_text_and_the_link() -> None:
    with webhook() as server:
        url = f"json://user:{SECRET}@127.0.0.1:{server.port}/hook"
        sender = AppriseSender("json", url, page="https://m.example")
        sender.check()
        assert server.bodies == []
        sender.send([notice(severity="critical", summary="RAM grows <b>fast</b>.", advice="Stop.")])
    (body,) = server.bodies
    assert body["title"] == "Critical: memory growth on alpha"
    assert body["message"] == (
        "RAM grows <\u200bb>fast<\u200b/b>. Stop.\n\nhttps://m.example/#host=alpha"
    )
    assert body["type"] == "failure"


def test_a_topic_receives_it_too(address: BrokerAddress) -> None:
    with Listener(address.port, "pager/#") as listener:
        sender = AppriseSender("mqtt", f"mqtt://127.0.0.1:{address.port}/pager/me?qos=1")
        sender.send([notice(summary="RAM grows.", advice="Stop.")])
        (payload,) = listener.wait_for("pager/me")
    assert b"Warning: memory growth on alpha" in payload
    assert b"RAM grows. Stop." in payload


def test_a_receiver_that_rejects_the_message_is_reported_without_the_url() -> None:
    with webhook() as server:
        server.status = 403
        url = f"json://user:{SECRET}@127.0.0.1:{server.port}/{SECRET}?+token={SECRET}"
        reason = failure(AppriseSender("json", url))
    assert "error=403" in reason
    assert SECRET not in reason


def test_a_receiver_that_is_not_there_is_reported_with_the_cause() -> None:
    reason = failure(AppriseSender("json", f"json://127.0.0.1:{free_port()}/{SECRET}"))
    assert reason.endswith("(Connection refused)")
    assert SECRET not in reason


def test_a_receiver_that_hangs_is_abandoned_after_the_time_limit() -> None:
    with webhook() as server:
        server.silent.set()
        url = f"json://127.0.0.1:{server.port}/?rto=60"
        sender = AppriseSender("json", url, seconds=1.5)
        began = time.monotonic()
        assert failure(sender) == "the program did not end within 1.5 s and was killed"
    assert time.monotonic() - began < 10


def test_a_url_that_apprise_does_not_know_is_reported_without_sending() -> None:
    with pytest.raises(NoticeError, match="the URL is not valid for Apprise"):
        AppriseSender("nonsense", f"nonsense://{SECRET}").check()


def test_a_process_that_outlives_system_monitor_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with webhook() as server:
        monkeypatch.setattr(os, "getpid", lambda: 1)  # as if another process had started it
        reason = failure(AppriseSender("json", f"json://127.0.0.1:{server.port}"))
    assert reason == "System Monitor has ended"
    assert server.bodies == []


def test_the_targets_are_named_by_their_scheme_only() -> None:
    urls = (f"json://{SECRET}@a", f"slack://{SECRET}", f"JSON://{SECRET}")
    assert [each.name for each in senders(urls, ["run"])] == ["json", "slack", "json 2", "command"]
    assert senders((), ()) == []


def test_without_apprise_one_sentence_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert [each.name for each in senders((), ["run"])] == ["command"]
    with pytest.raises(SettingsError, match=r"pip install 'system-monitor\[notify\]'"):
        senders(("json://a",), ())


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        (
            "json://me:pa%40ss@host/Path",
            "to HOST at /path as me: pa@ss",
            "to *** at /*** as me: ***",
        ),
        (
            "slack://T1/B2/hunter2",
            "posting to T1/B2/hunter2\nfailed",
            "posting to T1/B2/*** failed",
        ),
        ("json://", "failed", "failed"),
    ],
)
def test_every_part_of_a_url_is_masked(url: str, text: str, shown: str) -> None:
    assert without_secrets(text, url) == shown
