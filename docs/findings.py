"""The table of the kinds of findings, and a section for each kind."""

from advisor.detectors.registry import DETECTORS
from docs.markdown import table, wrapped
from telemetry.catalogue.thresholds import THRESHOLDS
from telemetry.quantities import with_unit


def kinds_table() -> str:
    """Return a table with a row for each kind of finding."""
    kinds = [detector.kind for detector in DETECTORS]
    rows = [(f"[`{kind.name}`](detectors.md#{kind.name})", kind.help) for kind in kinds]
    return table(("kind", "meaning"), rows)


def detectors_sections() -> str:
    """Return a section for each kind of finding, with its rules and thresholds."""
    blocks = []
    for kind in (detector.kind for detector in DETECTORS):
        not_reported = "; ".join(kind.not_reported.splitlines())
        blocks += [
            f"## `{kind.name}`",
            wrapped(kind.help),
            _list(kind.rule),
            wrapped(f"**No finding is reported about** {not_reported}."),
            "**Limits:**",
            _list(kind.limits),
            wrapped(f"**Sources:** {kind.sources}."),
            _thresholds(kind.name),
        ]
    return "\n\n".join(blocks)


def _list(text: str) -> str:
    return "\n".join(map(_item, text.splitlines()))


def _item(line: str) -> str:
    """Return ``line`` as a list item, or as an item of a nested list if it begins with a dash."""
    return wrapped(line.removeprefix("- "), "  - " if line.startswith("- ") else "- ")


def _thresholds(kind: str) -> str:
    rows = [
        (f"`{kind}.{name}`", with_unit(f"{each.default:g}", each.unit), each.help)
        for name, each in THRESHOLDS[kind].items()
    ]
    return table(("threshold", "default", "meaning"), rows)
