"""The command ``system-monitor findings``."""

import json
from functools import partial
from pathlib import Path

from advisor.analysis import Analysis
from advisor.detectors import registry
from advisor.findings import Finding
from deploy.console import complain, say
from deploy.lifecycle import end_on_signal
from telemetry.recording.lines import Recording, lines_in
from telemetry.samples import Sample
from telemetry.settings import Settings
from telemetry.status import CollectorStatus

_INTERRUPTED = 130
_FAILED = 1
_PRINTED = ("timestamp", "state", "host", "kind", "subject", "severity", "summary", "expected")


def run(settings: Settings, file: str) -> int:
    """Print a recording's findings; return 1 if ``file`` cannot be read or contains no samples."""
    end_on_signal(_INTERRUPTED)
    recording = Recording(settings.topics)
    analysis = Analysis(
        partial(registry.build, settings.disabled_findings, settings.changed_thresholds)
    )
    try:
        with Path(file).open("rb") as stream:
            for entry in recording.read(lines_in(stream)):
                content = entry.content
                if isinstance(content, Sample | CollectorStatus):
                    for finding in (*analysis.feed(content), *analysis.tick(recording.clock.now)):
                        say(_json(finding))
    except OSError as error:
        complain(f"Cannot read {file}: {error.strerror}.")
        return _FAILED
    for problem in recording.problems(file, "--topic-prefix"):
        complain(problem)
    return 0 if recording.samples else _FAILED


def _json(finding: Finding) -> str:
    body = finding.body()
    return json.dumps({name: body[name] for name in _PRINTED}, ensure_ascii=False)
