"""Asks for known vulnerabilities in everything that is locked: ``make audit``.

Exits with 1 where one is found. Where a database cannot be reached, what it should have been asked
stays unknown: that is said, and is no failure.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DASHBOARD = ROOT / "api" / "dashboard"


@dataclass
class Audit:
    """How many packages were asked about, which stay unknown and why, and what was found."""

    asked: int = 0
    unknown: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def sentence(self, what: str) -> str:
        """Say it on one line."""
        if self.found:
            return f"{what}: VULNERABLE: {'; '.join(self.found)}"
        if self.unknown:
            return (
                f"{what}: NOT AUDITED, {len(self.unknown)} of {self.asked} packages: "
                f"{self.unknown[0]}"
            )
        return f"{what}: no known vulnerability in {self.asked} packages"


def python_audit(answer: str, complaint: str) -> Audit:
    """Read what ``pip-audit --format json`` has written to its outputs."""
    try:
        packages = json.loads(answer)["dependencies"]
    except ValueError:
        return Audit(1, [_last_line(complaint)])
    return Audit(
        len(packages),
        [each["skip_reason"] for each in packages if "skip_reason" in each],
        [
            f"{each['name']} {each['version']}: {vulnerability['id']}"
            for each in packages
            for vulnerability in each.get("vulns", ())
        ],
    )


def npm_audit(answer: str, complaint: str) -> Audit:
    """Read what ``npm audit --json`` has written to its outputs."""
    try:
        report: dict[str, Any] = json.loads(answer)
        found, asked = report["vulnerabilities"], report["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError):
        errors = [line for line in complaint.splitlines() if "audit" in line]
        return Audit(1, [errors[0] if errors else _last_line(complaint)])
    return Audit(asked, [], [f"{name}: {each['severity']}" for name, each in found.items()])


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no answer")


def _outputs(command: Sequence[str], folder: Path = ROOT) -> tuple[str, str]:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return result.stdout, result.stderr


def main(programs: Path) -> int:
    """Audit each lock file; ``programs`` is the folder of pip-audit."""
    audits = {}
    for lock in sorted((ROOT / "locks").glob("*.txt")):
        options = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
        outputs = _outputs([str(programs / "pip-audit"), *options, "-r", str(lock)])
        audits[str(lock.relative_to(ROOT))] = python_audit(*outputs)
    audits["api/dashboard"] = npm_audit(*_outputs(["npm", "audit", "--json"], DASHBOARD))
    for what, audit in audits.items():
        print(audit.sentence(what))
    return 1 if any(audit.found for audit in audits.values()) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
