"""Checks all locked packages for known vulnerabilities: ``make audit``.

Exits with 1 if one is found. Packages whose database cannot be reached are reported as not audited,
which is not a failure.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NODE_FOLDERS = ("api/dashboard", "tests/api/asyncapi")


@dataclass
class Audit:
    """The count of packages, why some could not be checked, and the vulnerabilities found."""

    packages: int = 0
    unknown: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def sentence(self, what: str) -> str:
        """Return the result on one line."""
        if self.found:
            return f"{what}: VULNERABLE: {'; '.join(self.found)}"
        if self.unknown:
            return (
                f"{what}: NOT AUDITED, {len(self.unknown)} of {self.packages} packages: "
                f"{self.unknown[0]}"
            )
        return f"{what}: no known vulnerability in {self.packages} packages"


def python_audit(stdout: str, stderr: str) -> Audit:
    """Parse the output of ``pip-audit --format json``."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except ValueError:
        return Audit(1, [_last_line(stderr)])
    return Audit(
        len(packages),
        [each["skip_reason"] for each in packages if "skip_reason" in each],
        [
            f"{each['name']} {each['version']}: {vulnerability['id']}"
            for each in packages
            for vulnerability in each.get("vulns", ())
        ],
    )


def npm_audit(stdout: str, stderr: str) -> Audit:
    """Parse the output of ``npm audit --json``."""
    try:
        report: dict[str, Any] = json.loads(stdout)
        found, packages = report["vulnerabilities"], report["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError):
        errors = [line for line in stderr.splitlines() if "audit" in line]
        return Audit(1, [errors[0] if errors else _last_line(stderr)])
    return Audit(packages, [], [f"{name}: {each['severity']}" for name, each in found.items()])


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
    for folder in NODE_FOLDERS:
        audits[folder] = npm_audit(*_outputs(["npm", "audit", "--json"], ROOT / folder))
    for what, audit in audits.items():
        print(audit.sentence(what))
    return 1 if any(audit.found for audit in audits.values()) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
