"""``system-monitor findings``."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from advisor.analysis import Analysis
from advisor.detectors import registry
from advisor.findings import Finding
from advisor.recording import Recording
from deploy.console import complain, say
from deploy.lifecycle import end_on_signal
from telemetry.samples import MAX_PAYLOAD_BYTES
from telemetry.settings import Settings

_INTERRUPTED = 130
_FAILED = 1
_LONGEST_LINE = 2 * MAX_PAYLOAD_BYTES
_PRINTED = ("timestamp", "state", "host", "kind", "subject", "severity", "summary", "expected")


def run(settings: Settings, file: str) -> int:
    """Print the findings in the recording ``file``; return 1 if it is not a recording."""
    end_on_signal(_INTERRUPTED)
    recording = Recording(settings.topics)
    analysis = Analysis(
        partial(registry.build, settings.disabled_findings, settings.changed_thresholds)
    )
    try:
        with Path(file).open("rb") as stream:
            newest = 0
            for content in recording.read(_lines(stream)):
                newest = max(newest, content.timestamp)
                for finding in (*analysis.feed(content), *analysis.tick(newest)):
                    say(_json(finding))
    except OSError as error:
        complain(f"Cannot read {file}: {error.strerror}.")
        return _FAILED
    skipped = recording.rejected.total()
    if skipped:
        reasons = ", ".join(f"{number} {reason}" for reason, number in recording.rejected.items())
        complain(
            f"{skipped:,} of the {recording.lines:,} lines of {file} are not valid and were "
            f"skipped ({reasons}); the first is {recording.first_error}"
        )
    if recording.samples:
        return 0
    complain(
        f"{file} contains no samples: a recording has lines of `topic payload`, as `mosquitto_sub "
        "-v -t 'system/#'` prints them. If the topics have a prefix, set --topic-prefix."
    )
    return _FAILED


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of ``stream``, none longer than a message can be."""
    while line := stream.readline(_LONGEST_LINE):
        yield line


def _json(finding: Finding) -> str:
    body = finding.body()
    return json.dumps({name: body[name] for name in _PRINTED}, ensure_ascii=False)
