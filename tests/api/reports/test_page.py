"""The page of a report."""

import base64
import hashlib
import html
import re
from datetime import UTC
from xml.etree import ElementTree as ET

import pytest

from api.reports.build import Material
from api.reports.content import Report
from api.reports.page import POLICY, render
from api.runs.run import RunState
from tests.api.reports.examples import START, columns, finding, made, note, over, run

HOSTILE = "</style></title><img src=x onerror=alert(1)>\"'&<script>alert(1)</script>\u202e"


def page_of(report: Report) -> str:
    return render(report, UTC, START)


def shown(report: Report) -> str:
    """Return the text of the page."""
    body = page_of(report).partition("<body>")[2]
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def full() -> Report:
    means = {
        "system/gpu/0": columns(90.0, None, 50.0, throttle_shares__sw_power_cap=12.0),
        "system/cpu": columns(10.0, 20.0),
    }
    begin = finding(10)
    return made(Material(means, {}, [note(5)], [begin, over(begin, 20), finding(30, "host")]))


def test_it_shows_who_ran_what_the_summary_what_was_unusual_and_the_end() -> None:
    text = " ".join(shown(full()).split())
    for part in (
        "ablation-7 ended",
        "host gpu-07 · user ada · GPUs 0, 1 · python3 train.py",
        "Began on 1 Jan 2026, 00:00:00, and ended on 1 Jan 2026, 01:00:00 with exit code 0",
        "Duration 9 h",
        "Peak GPU memory 16 GiB",
        "Time slowed down* 2.5%",
        "* of the whole machine, not only of this run",
        "Warning",
        "GPU 0: python3 train.py (PID 4242) grows by 118 MB/min",
        "1 Jan 2026, 00:10:00 to 1 Jan 2026, 00:20:00",
        "to the end",
        "GPU 0 was slowed down for 12% of the time: power limit",
        "GPU utilization",
        "epoch 3",
        "Times are in UTC",
    ):
        assert part.casefold() in text.casefold(), part


@pytest.mark.parametrize(
    ("values", "pill", "sentence"),
    [
        ({"exit_code": 3}, "exit code 3", "ended on 1 Jan 2026, 01:00:00 with exit code 3"),
        ({"exit_code": None, "signal": "SIGKILL"}, "SIGKILL", "with the signal SIGKILL"),
        (
            {"exit_code": None},
            "ended",
            "ended on 1 Jan 2026, 01:00:00 ; its exit code is not known.",
        ),
    ],
)
def test_the_end_is_named(values: dict[str, object], pill: str, sentence: str) -> None:
    page = " ".join(shown(made(this=run(**values))).split())
    assert f"ablation-7 {pill}" in page
    assert sentence.replace(" ;", ";") in page.replace(" ;", ";")


def test_a_run_under_way_or_lost_has_no_end() -> None:
    running, lost = (run(state, ended=None) for state in (RunState.RUNNING, RunState.LOST))
    assert "is still running." in shown(made(this=running))
    sentence = "Its end is not known; this report ends on 1 Jan 2026, 01:00:00."
    assert sentence in shown(made(this=lost))


def test_a_number_that_is_not_known_is_left_out() -> None:
    page = shown(made(this=run(summary={"duration": None, "ram_peak": 1024})))
    assert "Duration" in page
    assert "Energy" not in page
    assert "Duration" in shown(made(this=run(summary=None)))


def test_without_samples_and_findings_it_reports_it() -> None:
    page = shown(made())
    assert "Nothing unusual was found." in page
    assert "The history has no samples from the time of this run" in page


def test_no_text_from_the_bus_is_markup() -> None:
    texts = {"name": HOSTILE, "user": HOSTILE, "command": HOSTILE, "tags": [HOSTILE]}
    this = run(**texts, signal=HOSTILE, gpus=["0", HOSTILE])
    events = [finding(10, severity=HOSTILE, summary=HOSTILE, advice=HOSTILE)]
    means = {"system/gpu/0": columns(5.0, name=f"throttle_shares.{HOSTILE}", utilization=5.0)}
    page = page_of(made(Material(means, {}, [note(5, HOSTILE)], events), this))
    assert "<img" not in page
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert page.count("</title>") == 1 + page.count("<rect") + page.count('class="mark"')
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert [ET.fromstring(each).tag for each in svgs]  # noqa: S314 - our own
    body = re.sub(r"<svg.*?</svg>", "", page.partition("<body>")[2], flags=re.DOTALL)
    assert "\u202e" in body
    assert "\u202e" not in re.sub(r"<bdi>.*?</bdi>", "", body, flags=re.DOTALL)


def test_it_loads_nothing_and_its_policy_allows_only_its_own_style() -> None:
    page = page_of(full())
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert not re.search(r"\s(src|href|style|on\w+)=", page)
    assert "url(" not in page
    assert "@import" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert f'content="{POLICY}"' in page


def test_a_gap_interrupts_a_line_and_a_single_point_is_visible() -> None:
    means = {"system/cpu": columns(10.0, 20.0, None, 30.0)}
    page = page_of(made(Material(means, {}, [], [])))
    (path,) = re.findall(r'<path class="line c0" d="([^"]+)"', page)
    assert re.fullmatch(r"M[\d. ]+L[\d. ]+M[\d. ]+h0", path)


def test_many_annotations_have_lines_without_numbers_and_a_list_that_ends() -> None:
    notes = [note(minute % 60, f"step {minute}") for minute in range(600)]
    page = page_of(made(Material({"system/cpu": columns(1.0)}, {}, notes, [])))
    assert page.count('class="mark"') == 600
    assert 'class="number' not in page
    assert page.count("<tr>") == 501
    assert "Later annotations that are not listed: 100." in page
