"""The command ``system-monitor collector``."""

from deploy import announcement, wiring
from deploy.lifecycle import run_until_signal
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Read this machine's sensors and publish samples until a signal arrives."""
    collector = wiring.collector(settings)

    def announce() -> None:
        announcement.print_addresses(settings, announcement.broker_facts(settings))
        reports = wiring.sensor_reports(collector)
        announcement.print_sensors(reports, off=settings.disabled_sensors)
        announcement.print_next_steps(announcement.broker_command(settings))

    server = wiring.metrics_server(settings, collector.report, readings=collector.readings)
    return run_until_signal([collector, *server], announce)
