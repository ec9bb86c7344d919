"""What the project ships for Prometheus, checked by its promtool."""

from tests.services.prometheus import CONFIGURATION, promtool


def test_the_rules_and_the_configuration_are_valid() -> None:
    for name in ("prometheus.yml", "compose.yml"):  # whose token is in the container only
        promtool("check", "config", "--syntax-only", str(CONFIGURATION / name))
    promtool("check", "rules", str(CONFIGURATION / "rules.yml"))


def test_each_rule_fires_on_its_fault_and_none_on_a_healthy_machine() -> None:
    promtool("test", "rules", str(CONFIGURATION / "rules_test.yml"))


def test_every_rule_has_a_test() -> None:
    rules = (CONFIGURATION / "rules.yml").read_text()
    tested = (CONFIGURATION / "rules_test.yml").read_text()
    names = [
        line.split(": ")[1] for line in rules.splitlines() if line.strip().startswith("- alert")
    ]
    assert len(names) >= 10
    assert [name for name in names if name not in tested] == []
