"""``system-monitor advisor``."""

from deploy import announcement, wiring
from deploy.lifecycle import run_until_signal
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Analyse the samples of every host and publish findings until a signal arrives."""
    advisor = wiring.advisor(settings)
    server = wiring.metrics_server(settings, advisor.report)

    def announce() -> None:
        facts = [*announcement.broker_facts(settings), announcement.history_fact(settings)]
        announcement.print_addresses(settings, facts)
        announcement.print_next_steps(announcement.broker_command(settings))

    return run_until_signal([advisor, *server], announce)
