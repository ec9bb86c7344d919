"""Which states are reported, and the text of a notice."""

from typing import Any

import pytest

from advisor.notices.model import Grade, Notice, Rules
from advisor.notices.wording import message
from telemetry.events import END, Event
from tests.states import finding, run

SUMMARY = {
    "duration": 32_400.0,
    "gpu_hours": 18.0,
    "gpu_utilization_mean": 87.5,
    "gpu_memory_peak": 17_179_869_184.0,
    "ram_peak": None,
}


def notice(event: Event, **rules: str) -> Notice:
    found = Rules(**rules).notice_of(event)
    assert found is not None
    return found


def over(**values: Any) -> Event:
    return finding(f"growth{END}", state="over", summary="Over after 12 min: RAM grew.", **values)


def ended(**values: Any) -> Event:
    values = {"ended": 1_767_225_600_000, "summary": SUMMARY, **values}
    return run(f"ablation-7.1{END}", **values)


@pytest.mark.parametrize(
    ("least", "reported"),
    [
        ("info", ["info", "warning", "critical"]),
        ("warning", ["warning", "critical"]),
        ("critical", ["critical"]),
    ],
)
def test_a_finding_of_the_severity_or_worse_is_reported_when_it_begins_and_when_it_is_over(
    least: str, reported: list[str]
) -> None:
    rules = Rules(least)
    for severity in ("info", "warning", "critical"):
        for event in (finding(severity=severity), over(severity=severity)):
            assert (rules.notice_of(event) is not None) == (severity in reported)


def test_a_notice_about_a_finding_has_its_summary_and_its_advice() -> None:
    found = notice(finding(severity="critical", summary="RAM grows", advice="Stop it."))
    assert found.headline == "Critical: memory growth on alpha"
    assert found.text == "RAM grows. Stop it."
    assert (found.grade, found.urgent) == (Grade.FAILURE, True)


def test_a_notice_about_a_finding_that_is_over_has_no_advice() -> None:
    found = notice(over())
    assert found.headline == "Over: memory growth on alpha"
    assert found.text == "Over after 12 min: RAM grew."
    assert (found.grade, found.urgent) == (Grade.SUCCESS, False)


def test_a_run_is_reported_when_it_ends_with_its_summary_and_not_when_it_begins() -> None:
    assert Rules().notice_of(run()) is None
    found = notice(ended())
    assert found.headline == "Run ended: ablation-7 on alpha"
    assert found.text == (
        "python3 train.py: ran for 9 h, 18 GPU hours, GPU utilization 88%, GPU memory up to 16 GiB."
    )
    assert found.grade is Grade.SUCCESS


@pytest.mark.parametrize(
    ("values", "how"),
    [({"exit_code": 1}, "exit code 1"), ({"signal": "SIGKILL"}, "SIGKILL")],
)
def test_a_run_that_died_is_reported_as_failed(values: dict[str, Any], how: str) -> None:
    found = notice(ended(**values))
    assert found.headline == f"Run failed ({how}): ablation-7 on alpha"
    assert found.grade is Grade.FAILURE
    assert Rules(runs="failed").notice_of(ended(**values)) is not None


@pytest.mark.parametrize(("how", "failed"), [("automatic", False), ("command", True)])
def test_a_run_that_was_killed_with_its_publisher_may_have_failed(how: str, failed: bool) -> None:  # noqa: FBT001 - a table's column
    event = ended(how=how, exit_code=None)
    assert (Rules(runs="failed").notice_of(event) is not None) == failed
    unknown = "Run ended (exit code not known): ablation-7 on alpha"
    assert (notice(event).headline == unknown) == failed
    assert notice(event).grade is (Grade.WARNING if failed else Grade.SUCCESS)


def test_a_run_that_succeeded_or_every_run_can_be_excluded() -> None:
    assert Rules(runs="failed").notice_of(ended(exit_code=0)) is None
    assert Rules(runs="none").notice_of(ended(exit_code=1)) is None


def test_a_run_of_which_nothing_is_known_is_reported_too() -> None:
    found = notice(ended(summary=None, command=None, exit_code=None))
    assert (found.headline, found.text) == ("Run ended: ablation-7 on alpha", "")


def test_the_same_event_has_the_same_key_and_another_event_or_host_another() -> None:
    keys = [
        notice(event).key
        for event in (
            *(finding("growth", 1), finding("growth", 2), finding("growth.critical", 1)),
            *(over(), finding("growth", 1, "beta")),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_a_message_about_one_notice_links_to_the_host_on_the_page() -> None:
    content = message([notice(finding(host="gpu 07", severity="warning"))], "https://m.example")
    assert content.title == "Warning: memory growth on gpu 07"
    assert content.body.endswith("\n\nhttps://m.example/#host=gpu%2007")
    assert content.grade is Grade.WARNING


def test_a_message_about_many_notices_has_a_line_for_each_and_the_worst_first() -> None:
    several = [
        notice(finding(channel="system/findings/idle_gpu/gpu1", summary="Idle.", advice="Use it.")),
        notice(finding(severity="critical", host="beta", summary="RAM grows.", advice="Stop it.")),
        notice(ended()),
    ]
    content = message(several, "https://m.example")
    assert content.title == "3 notices on 2 hosts"
    assert content.grade is Grade.FAILURE
    lines = content.body.splitlines()
    assert lines[0] == "- Critical: memory growth on beta. RAM grows. Stop it."
    assert lines[1] == "- Warning: idle gpu on alpha. Idle. Use it."
    assert lines[2].startswith("- Run ended: ablation-7 on alpha. python3 train.py: ran for")
    assert lines[3:] == ["", "https://m.example/"]


def test_of_several_notices_about_the_same_thing_a_message_has_the_last() -> None:
    content = message([notice(finding()), notice(finding("growth.critical")), notice(over())])
    assert content.title == "Over: memory growth on alpha"


def test_a_message_about_very_many_notices_is_short_and_counts_the_others() -> None:
    many = [notice(finding(host=f"host-{number}")) for number in range(300)]
    content = message(many, "https://m.example")
    assert content.title == "300 notices on 300 hosts"
    lines = content.body.splitlines()
    shown = len(lines) - 3
    assert lines[shown] == f"… and {300 - shown} more"
    assert len(content.body) < 2_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\nline\u202e", r"\u001b[31mred\u000aline\u202e"),
        ("@everyone", "@\u200beveryone"),
        ("<!channel> <@U123>", "<\u200b!channel> <\u200b@\u200bU123>"),
        ("[free](http://evil.example)", "[free]\u200b(http://evil.example)"),
        ("x" * 1_000, "x" * 599 + "…"),
    ],
)
def test_text_from_the_bus_mentions_no_user_and_controls_nothing(text: str, shown: str) -> None:
    assert notice(finding(summary=text, advice="")).text == shown
    assert notice(ended(name=text)).headline.startswith(f"Run ended: {shown[:50]}")
