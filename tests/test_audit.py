import json

from tests.audit import npm_audit, python_audit

CLEAN = {"name": "sound", "version": "1.0", "vulns": []}


def test_a_package_with_a_known_vulnerability_is_found() -> None:
    bad = {"name": "unsound", "version": "0.9", "vulns": [{"id": "PYSEC-2026-1"}]}
    audit = python_audit(json.dumps({"dependencies": [CLEAN, bad]}), "")
    assert audit.found == ["unsound 0.9: PYSEC-2026-1"]
    assert "VULNERABLE" in audit.sentence("locks/runtime.txt")


def test_a_skipped_package_is_not_reported_as_clean() -> None:
    skipped = {"name": "hidden", "skip_reason": "not found"}
    audit = python_audit(json.dumps({"dependencies": [CLEAN, skipped]}), "")
    assert audit.sentence("x") == "x: NOT AUDITED, 1 of 2 packages: not found"


def test_an_unreachable_database_is_reported() -> None:
    assert python_audit("", "trace\nno route to host\n").unknown == ["no route to host"]
    assert npm_audit("{}", "npm warn audit 405\nnpm error A log\n").unknown == [
        "npm warn audit 405"
    ]


def test_a_clean_audit_reports_the_count_of_packages() -> None:
    audit = python_audit(json.dumps({"dependencies": [CLEAN]}), "")
    assert audit.sentence("x") == "x: no known vulnerability in 1 packages"
    report = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 90}}}
    assert npm_audit(json.dumps(report), "").packages == 90


def test_a_vulnerable_package_of_the_page_is_found() -> None:
    report = {
        "vulnerabilities": {"bundler": {"severity": "high"}},
        "metadata": {"dependencies": {"total": 90}},
    }
    assert npm_audit(json.dumps(report), "").found == ["bundler: high"]
