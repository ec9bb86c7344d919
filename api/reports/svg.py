"""Draws a chart as SVG. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from statistics import fmean

from api.reports import text
from api.reports.content import Chart, Notice, Report, Series
from api.reports.markup import Markup, element
from api.reports.ticks import amounts, times
from telemetry import quantities

WIDTH, HEIGHT = 860, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 20, 22
COLOURS = 8  # number of line colours in the style sheet
_STRIP = 3  # height of the upper edge of a finding's band
_NUMBERED = 40  # if there are more annotations, they have lines but no numbers
_LABEL_STEP = 16  # minimum distance between the numbers of two annotations


@dataclass(frozen=True, slots=True)
class _Scale:
    """Converts times and values to coordinates."""

    start: int
    end: int
    top: float

    def x(self, timestamp: int) -> float:
        share = (timestamp - self.start) / max(1, self.end - self.start)
        return _LEFT + min(1.0, max(0.0, share)) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = min(1.0, max(0.0, value / self.top))
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def draw(chart: Chart, report: Report, zone: tzinfo) -> Markup:
    """Return ``chart`` as SVG, with the annotations and findings of ``report``."""
    highest = max((value for each in chart.series for value in _known(each)), default=0.0)
    ticks = amounts(max(highest, chart.top or 0.0))
    scale = _Scale(report.start, report.end, max(ticks[-1], chart.top or 0.0))
    return element(
        "svg",
        *_bands(_notices_for(chart, report), report, scale),
        *_grid(ticks, scale),
        *_time_axis(report, scale, zone),
        *_annotations(report, scale, zone),
        *(_line(series, index, scale) for index, series in enumerate(chart.series)),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=_described(chart),
        xmlns="http://www.w3.org/2000/svg",
    )


def _measure(value: float, chart: Chart) -> str:
    return quantities.with_unit(quantities.digits(value), chart.unit)


def _described(chart: Chart) -> str:
    parts = [
        f"{each.name}: mean {_measure(fmean(_known(each)), chart)}, "
        f"highest {_measure(max(_known(each)), chart)}"
        for each in chart.series
    ]
    return f"{chart.title}. {'; '.join(parts)}."


def _known(series: Series) -> list[float]:
    return [value for value in series.values if value is not None]


def _notices_for(chart: Chart, report: Report) -> list[Notice]:
    """Return the findings about GPUs if ``chart`` is about GPUs, else all other findings."""
    is_of_gpus = chart.title.startswith("GPU")
    return [each for each in report.notices if each.subject.startswith("gpu") == is_of_gpus]


def _bands(notices: Iterable[Notice], report: Report, scale: _Scale) -> Iterable[Markup]:
    for notice in notices:
        left = scale.x(notice.since)
        right = scale.x(report.end if notice.until is None else notice.until)
        place = {"x": _number(left), "y": _TOP, "width": _number(max(2.0, right - left))}
        kind = severity_class(notice)
        for name, height in (("band", HEIGHT - _TOP - _BOTTOM), ("strip", _STRIP)):
            title = element("title", notice.summary)
            yield element("rect", title, class_=f"{name} {kind}", height=height, **place)


def severity_class(notice: Notice) -> str:
    """Return the CSS class for the severity of a finding."""
    return notice.severity if notice.severity in ("critical", "warning") else "info"


def _grid(ticks: Sequence[float], scale: _Scale) -> Iterable[Markup]:
    for tick in ticks:
        y = _number(scale.y(tick))
        yield element("line", class_="grid", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y)
        yield element(
            "text",
            quantities.digits(tick),
            class_="tick end",
            x=_LEFT - 6,
            y=_number(scale.y(tick) + 4),
        )


def _time_axis(report: Report, scale: _Scale, zone: tzinfo) -> Iterable[Markup]:
    for timestamp, label in times(report.start, report.end, zone):
        x = _number(scale.x(timestamp))
        yield element("line", class_="grid", x1=x, x2=x, y1=_TOP, y2=HEIGHT - _BOTTOM)
        yield element("text", label, class_="tick middle", x=x, y=HEIGHT - 6)


def _annotations(report: Report, scale: _Scale, zone: tzinfo) -> Iterable[Markup]:
    is_numbered = len(report.annotations) <= _NUMBERED
    free = float("-inf")  # the lowest x at which the next number may be drawn
    for number, each in enumerate(report.annotations, start=1):
        x = scale.x(each.timestamp)
        title = f"{text.time_of_day(each.timestamp, zone, seconds=True)} {each.values['text']}"
        yield element(
            "line",
            element("title", title),
            class_="mark",
            x1=_number(x),
            x2=_number(x),
            y1=_TOP - 4,
            y2=HEIGHT - _BOTTOM,
        )
        if is_numbered and x >= free:
            free = x + _LABEL_STEP
            yield element("text", str(number), class_="number middle", x=_number(x), y=_TOP - 7)


def _line(series: Series, index: int, scale: _Scale) -> Markup:
    points = zip(series.timestamps, series.values, strict=True)
    parts = []
    for is_known, group in groupby(points, key=lambda point: point[1] is not None):
        if is_known:
            places = [
                f"{_number(scale.x(time))} {_number(scale.y(value))}"
                for time, value in group
                if value is not None
            ]
            # Without "h0", the path of a single point would be invisible.
            parts.append(f"M{'L'.join(places)}" + ("h0" if len(places) == 1 else ""))
    return element("path", class_=f"line c{index % COLOURS}", d="".join(parts))


def _number(value: float) -> str:
    return f"{value:.1f}"
