"""Chooses the format of a history response."""

from enum import StrEnum

from starlette.datastructures import Headers


class Format(StrEnum):
    """The format in which a history is returned."""

    JSON = "json"
    CSV = "csv"


_TYPES = {Format.JSON: "application/json", Format.CSV: "text/csv"}


def chosen_format(requested: Format | None, headers: Headers) -> Format:
    """Return ``requested`` if it is set, else the format that the ``Accept`` header prefers.

    If ``Accept`` prefers neither format, return JSON.
    """
    if requested is not None:
        return requested
    weights = _weights(headers.get("accept", ""))
    csv, json = (_weight(weights, _TYPES[each]) for each in (Format.CSV, Format.JSON))
    return Format.CSV if csv > json else Format.JSON


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for each in accept.lower().split(","):
        media, *parameters = (part.strip() for part in each.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            weights[media] = float(weight)
        except ValueError:
            continue
    return weights


def _weight(weights: dict[str, float], media: str) -> float:
    family = f"{media.partition('/')[0]}/*"
    return next((weights[each] for each in (media, family, "*/*") if each in weights), 0.0)
