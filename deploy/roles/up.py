"""The command ``system-monitor up``."""

from deploy import announcement, open_files, wiring
from deploy.exposure import require_guarded_api, require_guarded_broker
from deploy.lifecycle import Component, run_until_signal
from deploy.ports import require_http_port, require_mqtt_port
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Run the whole pipeline in this process, and the embedded broker in a child process."""
    open_files.allow_many()
    require_http_port(settings)
    require_mqtt_port(settings)
    require_guarded_api(settings)
    require_guarded_broker(settings)
    collector = wiring.collector(settings)
    broker = wiring.embedded_broker(settings)
    folder = wiring.data_folder(settings, broker)
    parts: list[Component] = [part for part in (folder, broker) if part]
    # Subscribers start before the publisher.
    ingester = wiring.ingester(settings)
    advisor = wiring.advisor(settings) if settings.advisor else None
    notices = wiring.notices(settings)
    reporters = [part.report for part in (broker, ingester, notices, advisor, collector) if part]
    parts += [part for part in (ingester, notices, advisor) if part]
    parts += [wiring.api(settings, reporters), collector]

    def announce() -> None:
        facts = [
            *announcement.http_facts(settings),
            *announcement.broker_facts(settings, broker),
            announcement.history_fact(settings),
        ]
        announcement.print_addresses(settings, facts)
        reports = wiring.sensor_reports(collector)
        announcement.print_sensors(reports, off=settings.disabled_sensors)
        announcement.print_next_steps(
            announcement.broker_command(settings), *announcement.http_commands(settings)
        )

    return run_until_signal(parts, announce)
