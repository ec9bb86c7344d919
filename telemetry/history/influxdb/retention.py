"""Decides which buckets keep data for long enough, and which ones can be changed.

If a bucket's description begins with ``_MARK``, System Monitor created the bucket and is allowed to
change it. Any other bucket might hold another program's data. System Monitor never changes such a
bucket, but uses it if its retention is long enough. Buckets from earlier versions of System Monitor
are not changed either, because those versions created them without a description.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb.account import Account

_MARK = "Created by System Monitor"  # must never change: existing buckets are recognized by it
DESCRIPTION = (
    f"{_MARK}, which sets the retention of this bucket. "
    "Delete this description to set the retention yourself."
)

_SHORTEST = 3600  # seconds, InfluxDB's minimum; the reader returns only samples in the window
_HOUR, _DAY = 3600, 86_400
_FOREVER = 0  # InfluxDB's value for a bucket that keeps everything


@dataclass(frozen=True, slots=True)
class FoundBucket:
    """An existing bucket; ``seconds`` is its retention, or 0 if it keeps data forever."""

    identity: str
    seconds: int
    is_ours: bool

    @classmethod
    def parse(cls, bucket: Mapping[str, Any]) -> "FoundBucket":
        """Parse a bucket from the JSON of InfluxDB's API. Raises LookupError or TypeError."""
        rules = bucket["retentionRules"]
        seconds = rules[0]["everySeconds"] if rules else _FOREVER
        is_ours = str(bucket.get("description")).startswith(_MARK)
        return cls(bucket["id"], int(seconds), is_ours)


def seconds_of(length: int) -> int:
    """Return the retention in seconds for a window of ``length`` milliseconds.

    The retention is at least an hour, which is InfluxDB's minimum.
    """
    return max(_SHORTEST, -(-length // 1000))


def rules(seconds: int) -> list[dict[str, object]]:
    """Return the retention rules for ``seconds``, as JSON for InfluxDB's API.

    InfluxDB deletes whole shard groups, and rejects a retention that is shorter than the duration
    of a group. The rules always contain the duration of a group; without it, InfluxDB would keep
    the old duration when the retention changes. The durations here are InfluxDB's own defaults for
    retentions of less than 180 days.
    """
    group = _HOUR if seconds < 2 * _DAY else _DAY
    return [{"type": "expire", "everySeconds": seconds, "shardGroupDurationSeconds": group}]


def require_enough(account: Account, bucket: FoundBucket, seconds: int) -> None:
    """Raise HistoryUnavailableError if the retention of ``bucket`` is shorter than ``seconds``.

    Buckets that System Monitor created are not checked, because the ingester corrects their
    retention when it starts.
    """
    if not bucket.is_ours and bucket.seconds != _FOREVER and bucket.seconds < seconds:
        raise HistoryUnavailableError(
            f"The bucket {account.bucket!r} in InfluxDB at {account.url} keeps data for "
            f"{_text(bucket.seconds)}, but {_text(seconds)} are needed. System Monitor did not "
            "create this bucket and therefore does not change its retention: set the retention to "
            f"{_text(seconds)} or more, or set influxdb_bucket to the name of a new bucket."
        )


def _text(seconds: int) -> str:
    return f"{seconds / _HOUR:g} h" if seconds < 2 * _DAY else f"{seconds / _DAY:g} days"
