"""Renders a report as one HTML file that loads no other files. Pure."""

import base64
import hashlib
from datetime import tzinfo
from pathlib import Path

from api.reports import text
from api.reports.content import Chart, Notice, Report, Throttling
from api.reports.markup import Markup, element, joined, user_text
from api.reports.summary import end_of, facts, outcome, tiles
from api.reports.svg import COLOURS, draw, severity_class
from api.runs.run import RunState
from telemetry import __version__
from telemetry.events import Event
from telemetry.runs import may_have_failed

_STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
_LISTED = 500  # maximum number of annotations in the table


def render(report: Report, zone: tzinfo, now: int) -> str:
    """Return the page with times in the time zone ``zone``; ``now`` is in Unix milliseconds."""
    name = str(report.run.values["name"])
    head = joined(
        [
            Markup('<meta charset="utf-8">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            element("title", f"{name}: run report"),
            element("style", Markup(_STYLE)),
        ]
    )
    sections = [
        _header(report, zone),
        _tiles(report),
        _unusual(report, zone),
        _charts(report, zone),
        _annotations(report, zone),
        _footer(zone, now),
    ]
    body = element("main", *sections)
    page = element("html", element("head", head), element("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _header(report: Report, zone: tzinfo) -> Markup:
    run = report.run
    return element(
        "header",
        element("p", "Run report", class_="kind"),
        element(
            "h1",
            user_text(run.values["name"]),
            Markup(" "),
            element("span", user_text(outcome(run)), class_=f"state {_mood(report)}"),
        ),
        element("p", *facts(run), class_="facts"),
        element("p", end_of(report, zone), class_="ending"),
        *(element("span", user_text(tag), class_="tag") for tag in run.values["tags"] or ()),
    )


def _mood(report: Report) -> str:
    run = report.run
    if run.state is RunState.RUNNING:
        return "under-way"
    return "bad" if run.state is RunState.LOST or may_have_failed(run.values) else "good"


def _tiles(report: Report) -> Markup:
    shown = [
        element(
            "div",
            element("dt", tile.label, "*" if tile.is_of_machine else ""),
            element("dd", tile.value),
        )
        for tile in tiles(report)
    ]
    note = element("p", "* of the whole machine, not only of this run", class_="note")
    starred = any(tile.is_of_machine for tile in tiles(report))
    return element("section", element("dl", *shown, class_="tiles"), *([note] if starred else []))


def _unusual(report: Report, zone: tzinfo) -> Markup:
    notices = [_notice(each, zone) for each in report.notices]
    throttled = [_throttled(each) for each in report.throttling]
    content = [*notices, *throttled] or [element("p", "Nothing unusual was found.", class_="calm")]
    return element("section", element("h2", "What was unusual"), *content)


def _notice(notice: Notice, zone: tzinfo) -> Markup:
    until = "the end" if notice.until is None else text.moment(notice.until, zone)
    return element(
        "article",
        element("p", element("b", user_text(notice.severity)), ": ", user_text(notice.summary)),
        element("p", f"{text.moment(notice.since, zone)} to {until}. ", user_text(notice.advice)),
        class_=f"notice {severity_class(notice)}",
    )


def _throttled(each: Throttling) -> Markup:
    share, reason = text.percent(each.share), text.reason(each.reason)
    sentence = [f"GPU {each.gpu} was slowed down for {share} of the time: ", user_text(reason)]
    return element("article", element("p", *sentence, "."), class_="notice info")


def _charts(report: Report, zone: tzinfo) -> Markup:
    if not report.charts:
        text_ = (
            "The history has no samples from the time of this run: "
            "they have expired, or were never stored."
        )
        return element("section", element("h2", "Charts"), element("p", text_, class_="calm"))
    return element(
        "section",
        element("h2", "Charts"),
        *(_chart(chart, report, zone) for chart in report.charts),
    )


def _chart(chart: Chart, report: Report, zone: tzinfo) -> Markup:
    legend = (
        element("span", element("i", class_=f"key c{index % COLOURS}"), series.name)
        for index, series in enumerate(chart.series)
    )
    caption = element(
        "figcaption",
        element("b", chart.title),
        element("small", chart.unit),
        element("span", *legend, class_="legend"),
    )
    return element("figure", caption, element("div", draw(chart, report, zone), class_="plot"))


def _annotations(report: Report, zone: tzinfo) -> Markup:
    if not report.annotations:
        return Markup()
    rows = [
        element(
            "tr",
            element("td", str(number)),
            element("td", text.moment(each.timestamp, zone)),
            element("td", user_text(each.values["text"])),
            element("td", user_text(", ".join(tags_of(each)))),
        )
        for number, each in enumerate(report.annotations[:_LISTED], start=1)
    ]
    more = len(report.annotations) - _LISTED
    sentence = f"Later annotations that are not listed: {more:,}."
    note = [element("p", sentence, class_="note")] if more > 0 else []
    titles = (element("th", title, scope="col") for title in ("No.", "Time", "Annotation", "Tags"))
    table = element("table", element("thead", element("tr", *titles)), element("tbody", *rows))
    return element("section", element("h2", "Annotations"), table, *note)


def tags_of(event: Event) -> list[str]:
    """Return the tags of an annotation."""
    tags = event.values["tags"]
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def _footer(zone: tzinfo, now: int) -> Markup:
    made = text.moment(now, zone)
    return element(
        "footer",
        f"Made by System Monitor {__version__} on {made}. ",
        f"Times are in {text.zone_name(now, zone)}. ",
        "The charts show mean values; for memory, they show the highest values.",
    )
