"""The roles (subcommands): what each does, which settings it takes as options, and examples."""

from dataclasses import dataclass

from deploy.runs import request as run_request

_BROKER = (
    *("mqtt_url", "mqtt_url_file", "mqtt_host", "mqtt_port", "mqtt_user", "mqtt_password_file"),
    *("mqtt_ca_file", "mqtt_certificate_file", "mqtt_key_file", "topic_prefix"),
)
_HTTP = (
    *("http_host", "http_port", "http_token_file", "http_allow_anonymous", "http_read_only"),
    "http_allowed_origins",
)
_HISTORY = (
    *("history_hours", "history_days", "data_dir", "influxdb_url", "influxdb_token_file"),
    *("influxdb_org", "influxdb_bucket"),
)
_LIMITS = ("max_hosts", "max_channels", "max_devices")
_LOG = ("log_level", "log_format")
_FINDINGS = ("disabled_findings", "finding_thresholds")
_NOTICES = (
    *("http_public_url", "notify_urls_file", "notify_command", "notify_severity", "notify_runs"),
    "notify_quiet_hours",
)
_INGESTER = ("ingester_group", "ingester_name")
_EMBEDDED_BROKER = (
    *("embedded_broker", "mqtt5_port", "mqtt_websocket_port", "mqtt_allow_anonymous"),
)
_EVERYTHING = (
    *("interval_seconds", "host_name", *_HTTP, *_BROKER, *_EMBEDDED_BROKER, *_HISTORY),
    *("disabled_sensors", "automatic_runs", "advisor", "home_assistant_discovery"),
    *(*_FINDINGS, *_NOTICES, *_LIMITS, *_LOG),
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role (a subcommand): its options and help texts."""

    help: str
    options: tuple[str, ...]
    more: str
    examples: str = ""


ROLES = {
    "up": Role(
        "run everything on this machine: broker, collector, ingester, history, advisor, API",
        _EVERYTHING,
        "Everything except the embedded broker runs in one process, until Ctrl-C. By default\n"
        "only this machine can connect.",
        "  system-monitor up\n"
        "  system-monitor up --http-host 0.0.0.0 --http-token-file FILE  # open to other machines\n"
        "  system-monitor up --mqtt-url mqtt://localhost:1883            # use an external broker",
    ),
    "collector": Role(
        "run only the collector: read this machine's sensors and publish samples",
        (
            *("interval_seconds", "disabled_sensors", "automatic_runs", "history_hours"),
            *("host_name", *_BROKER, "home_assistant_discovery", "metrics_port", *_LOG),
        ),
        "While the broker is unreachable, the collector buffers the samples of the last\n"
        "--history-hours (at most 64 MiB), and publishes them after it reconnects.",
        "  system-monitor collector --mqtt-url mqtt://broker.lan:1883",
    ),
    "ingester": Role(
        "run only the ingester: store samples from the broker in the history",
        (*_BROKER, *_HISTORY, *_INGESTER, *_LIMITS, "metrics_port", *_LOG),
        "Ingesters with the same --ingester-group share the work; give each its own\n"
        "--ingester-name.",
        "  system-monitor ingester --mqtt-url mqtt://broker.lan:1883",
    ),
    "advisor": Role(
        "run only the advisor: analyse samples, publish findings and send notices",
        (
            *(*_FINDINGS, *_NOTICES, "host_name", *_BROKER, *_HISTORY, *_LIMITS, "metrics_port"),
            *_LOG,
        ),
        "One advisor serves all hosts of a broker. When the advisor starts, it reads past samples\n"
        "and findings from the history that the ingester writes. Use the same history settings\n"
        "for the advisor and the ingester.",
        "  system-monitor advisor --mqtt-url mqtt://broker.lan:1883",
    ),
    "api": Role(
        "run only the API, which serves REST, a WebSocket and the dashboard",
        (*_HTTP, "host_name", *_BROKER, *_HISTORY, *_LIMITS, *_LOG),
        "The API reads the history that the ingester writes. Use the same history settings for\n"
        "the API and the ingester.",
        "  system-monitor api --mqtt-url mqtt://broker.lan:1883 --http-port 8080",
    ),
    "check": Role(
        "show the effective settings and test the connections, without starting anything",
        (*_EVERYTHING, *_INGESTER, "metrics_port"),
        "Secrets are masked. The exit code is 1 if a test fails.",
        "  system-monitor check",
    ),
    "forget": Role(
        "remove a host's retained messages from the broker, for example after retiring the host",
        (*_BROKER, *_LOG),
        "A host's retained messages stay on the broker even after the host is gone. This\n"
        "command removes the retained messages of HOST and lists their topics; the API then no\n"
        "longer shows the host. Samples in the history stay until they expire. A collector that\n"
        "is still running publishes its current values again, so only topics to which it no\n"
        "longer publishes stay removed. Log in as a user that may read and write the host's\n"
        "topics, such as the host's own user.",
        "  system-monitor forget gpu-07\n"
        "  system-monitor forget gpu-07 --mqtt-url mqtt://broker.lan:1883 "
        "--topic-prefix 'fleet/{host}'",
    ),
    "findings": Role(
        "analyse a recording and print its findings",
        ("topic_prefix", *_FINDINGS, *_LOG),
        "FILE contains one message per line: the topic and the payload, as `record` writes them.\n"
        "Whenever a finding begins, becomes more severe or ends, the command prints a line with a\n"
        "JSON object.\n"
        "The command needs no broker and no history. Lines that are not valid are skipped and\n"
        "counted. The exit code is 1 if the file contains no samples.",
        "  system-monitor record --output night.txt\n  system-monitor findings night.txt",
    ),
    "record": Role(
        "write the messages of a broker to a file, for `findings` and `replay`",
        (*_BROKER, *_LOG),
        "Each line contains the topic and the payload of one message, as mosquitto_sub -v prints\n"
        "them. Without --output, the lines go to standard output. Ctrl-C ends the recording. If\n"
        "the connection is lost, the command reconnects; messages published in the meantime are\n"
        "missing.",
        "  system-monitor record --output night.txt\n  system-monitor record | gzip > night.txt.gz",
    ),
    "replay": Role(
        "publish a recording to a broker, at the original pace or faster",
        ("history_hours", *_BROKER, *_LOG),
        "By default, all timestamps are shifted by the same amount, so that the newest one is the\n"
        "time at which the replay ends. If a host of the recording is publishing to the broker,\n"
        "replay that host under a different name (--host-as). When the replay ends, the replayed\n"
        "hosts are set to offline.\n"
        "With --keep-timestamps, the replay only adds to the history, at the original times: no\n"
        "current value changes, so online hosts can keep their names.",
        "  system-monitor replay night.txt\n"
        "  system-monitor replay night.txt --speed 60 --host-as 'replay-{host}'\n"
        "  system-monitor replay night.txt --speed 1000 --keep-timestamps --history-hours 24",
    ),
    "notify": Role(
        "send a test notice to each target in notify_urls, and to notify_command",
        ("http_public_url", "notify_urls_file", "notify_command", "host_name", *_LOG),
        "The output shows for each target whether it accepted the notice, or what failed. The\n"
        "command needs no broker and no history. The exit code is 1 if a target failed or if no\n"
        "target is set.",
        "  system-monitor notify --test --notify-urls-file FILE",
    ),
    "export": Role(
        "write the history of a running System Monitor as CSV, JSON lines or Parquet",
        ("http_host", "http_port", "http_token_file", *_LOG),
        "Each row contains the samples that were taken at the same time. For older data, of which\n"
        "the history has only one point per minute, a row contains one-minute means.\n"
        "Columns have names such as `system/gpu/0.temperature`. The command requests a limited\n"
        "number of points at a time, so even a long time span needs little memory. The exit code\n"
        "is 1 if the export is incomplete.",
        "  system-monitor export > hour.csv\n"
        "  system-monitor export --start 7d --channel 'system/gpu/+' --output week.csv\n"
        "  system-monitor export --format jsonl --fields utilization,power --start 15m\n"
        "  system-monitor export --format parquet --start 7d --output week.parquet\n"
        "  system-monitor export --url https://monitor.lan --http-token-file FILE --host gpu-07",
    ),
    "top": Role(
        "show live values in the terminal: GPUs, processes, the machine, findings",
        (*_BROKER, *_LIMITS),
        "The command connects only to the broker; it needs neither the API nor the history. The\n"
        "key q quits; the key ? lists all keys. The command needs the library Textual:\n"
        "pip install 'system-monitor[top]'.",
        "  system-monitor top\n"
        "  system-monitor top --mqtt-url mqtt://broker.lan:1883 --host gpu-07",
    ),
    "run": Role(
        "run a command, such as a training job, and publish it as a run with a name and a summary",
        run_request.OPTIONS,
        "COMMAND uses the terminal and receives signals such as SIGINT and SIGTERM. The exit code\n"
        "of COMMAND is returned. At the end, a summary of the resources that COMMAND and all its\n"
        "child processes used is printed to standard error. The run is published to\n"
        "system/runs/ID with a short form of COMMAND, such as `python train.py`; all further\n"
        "arguments are left out. If the broker is unavailable, COMMAND runs anyway.",
        "  system-monitor run -- python train.py --epochs 3\n"
        "  system-monitor run --name ablation-7 --tag nightly -- torchrun train.py\n"
        "  system-monitor run --report reports -- ./train.sh                 # save the report",
    ),
    "completion": Role(
        "print the completion script for bash, zsh or fish",
        (),
        "Save the script where the shell looks for completions, then open a new shell. Repeat\n"
        "this after each upgrade. For bash without the package bash-completion, `source` the\n"
        "script in ~/.bashrc. For zsh, add the script's folder to fpath before compinit runs.",
        "  system-monitor completion bash "
        "> ~/.local/share/bash-completion/completions/system-monitor\n"
        "  system-monitor completion zsh > ~/.zfunc/_system-monitor\n"
        "  system-monitor completion fish > ~/.config/fish/completions/system-monitor.fish",
    ),
}
