"""Example responses for the OpenAPI document; example values of metrics are in the catalogue."""

from collections.abc import Mapping
from typing import Any

from telemetry import __version__
from telemetry.catalogue import CPU, FINDING, GPU, GPU_PROCESSES, SAMPLES, Family, place_of
from telemetry.catalogue import RUN as RUN_FAMILY

_HOST = {"host": "gpu-07", "state": "online"}
_NOW = 1_767_225_600_000
_HOUR = 3_600_000


def _newest(family: Family) -> dict[str, Any]:
    values = {field.name: field.example for field in family.fields}
    gpu = place_of(family.channel.format(id=0, n=0))
    return {
        "host": "gpu-07",
        "timestamp": _NOW,
        **gpu,
        **values,
        "age_seconds": 0.8,
        "stale": False,
    }


METRICS: Mapping[str, Any] = {
    **_HOST,
    **{family.name: [_newest(family)] if family.several else _newest(family) for family in SAMPLES},
}

GPUS: Mapping[str, Any] = {
    **_HOST,
    "gpus": [{**_newest(GPU), "processes": _newest(GPU_PROCESSES), "mig": []}],
    "driver_version": "570.86.15",
    "reason": None,
}

HISTORY: Mapping[str, Any] = {
    "host": "gpu-07",
    "start": _NOW - _HOUR,
    "end": _NOW,
    "channels": {
        CPU.channel: {
            "timestamps": [_NOW - _HOUR, _NOW - _HOUR + 10_000, _NOW - _HOUR + 20_000],
            "fields": {"utilization": [37.5, None, 41.0], "per_core.0": [35.0, None, 40.5]},
            "bucket_width": 10_000,
            "minutes_until": None,
        }
    },
}

HISTORY_CSV = (
    "time,system/cpu.utilization,system/gpu/0.temperature\r\n"
    "2026-01-01T00:00:00.000Z,37.5,61.0\r\n"
    "2026-01-01T00:00:02.000Z,41.0,\r\n"
)

ANNOTATION: Mapping[str, Any] = {
    "id": "3f9a1c5e0b7d4286",
    "timestamp": _NOW,
    "host": None,
    "text": "epoch 3",
    "tags": ["train"],
    "run": "ablation-7",
}
ANNOTATIONS: Mapping[str, Any] = {"annotations": [ANNOTATION]}

FINDINGS: Mapping[str, Any] = {
    "findings": [
        {
            "id": "3f9a1c5e0b7d428612ab34cd",
            "timestamp": _NOW,
            "host": "gpu-07",
            **{field.name: field.example for field in FINDING.fields},
            "ended": None,
        }
    ],
    "history_error": None,
}
RUN_ID = "ablation-7-3f9a1c"
RUN: Mapping[str, Any] = {
    "id": RUN_ID,
    "timestamp": _NOW,
    "host": "gpu-07",
    **{field.name: field.example for field in RUN_FAMILY.fields},
    "ended": _NOW,
    "exit_code": 0,
    "state": "ended",
}
RUNS: Mapping[str, Any] = {"runs": [RUN], "next": None}

RECORDING = 'system/cpu {"host":"gpu-07","timestamp":1767225600000,"utilization":37.5}\n'
REPORT: Mapping[str, Any] = {
    "run": RUN,
    "start": _NOW - _HOUR,
    "end": _NOW,
    "charts": [
        {
            "title": "GPU utilization",
            "unit": "%",
            "series": [
                {
                    "name": "GPU 0",
                    "timestamps": [_NOW - _HOUR, _NOW - 60_000],
                    "values": [97.5, None],
                }
            ],
        }
    ],
    "annotations": [ANNOTATION],
    "notices": [
        {
            "kind": "idle_gpu",
            "subject": "gpu0",
            "severity": "info",
            "since": _NOW - _HOUR,
            "until": _NOW - 60_000,
            "summary": "GPU 0: python3 (PID 7) holds 12.0 GB and has left the GPU idle for 15 min",
            "advice": "Close the notebook, end the process, or free the process's GPU memory.",
        }
    ],
    "throttling": [{"gpu": "0", "reason": "sw_power_cap", "share": 12.5}],
}

HOSTS: Mapping[str, Any] = {
    "hosts": [
        {
            **_HOST,
            "version": __version__,
            "started": _NOW - _HOUR,
            "interval": 2.0,
            "timestamp": _NOW,
            "sensors": {
                "gpu": {
                    "state": "ok",
                    "reason": None,
                    "description": "1 GPU: NVIDIA GeForce RTX 4090",
                    "duration_ms": 1.9,
                    "failures": 0,
                    "missed_ticks": 0,
                    "details": {"driver_version": "570.86.15"},
                }
            },
            "waiting": 0,
            "dropped": 0,
        }
    ],
    "history_error": None,
    "history_hours": 1.0,
    "history_days": 7.0,
}

OVERVIEW: Mapping[str, Any] = {
    "hosts": [
        {
            **_HOST,
            "stale": False,
            "cpu": 37.5,
            "memory": 41.2,
            "gpus": [
                {
                    "id": "0",
                    "utilization": 97.0,
                    "memory_used": 68_719_476_736,
                    "memory_total": 85_899_345_920,
                    "temperature": 61.0,
                    "throttle_reasons": ["sw_power_cap"],
                    "processes": 1,
                    "stale": False,
                }
            ],
            "findings": [
                {
                    "kind": "memory_growth",
                    "subject": "gpu0",
                    "severity": "warning",
                    "since": _NOW - _HOUR,
                    "summary": "GPU 0: python3 train.py (PID 4242) grows by 118 MB/min",
                }
            ],
        }
    ]
}

HEALTH: Mapping[str, Any] = {"status": "ok"}
_PARTS: dict[str, dict[str, Any]] = {
    "api": {
        "ready": True,
        "reason": None,
        "notes": [],
        "counters": {"clients": 2, "updates_dropped": 0, "messages_rejected": {"not a sample": 3}},
    },
    "history": {"ready": True, "reason": None, "notes": [], "counters": {}},
}
READY: Mapping[str, Any] = {"status": "ready", "parts": _PARTS}
_REASON = "The history is not responding."
NOT_READY: Mapping[str, Any] = {
    "error": {"code": "not_ready", "message": _REASON},
    "parts": {**_PARTS, "history": {**_PARTS["history"], "ready": False, "reason": _REASON}},
}

ERRORS: Mapping[int, tuple[str, str]] = {
    401: ("unauthorized", "Invalid token."),
    403: (
        "foreign_origin",
        "Pages of 'http://example.org' are not allowed to send requests to this server.",
    ),
    404: ("unknown_host", "Host 'gpu-70' is not known; known hosts: 'gpu-07'."),
    408: ("timeout", "The body did not arrive within 10 s."),
    409: (
        "ambiguous_run",
        "Run 'ablation-7-3f9a1c' exists on 2 hosts, such as 'gpu-07': add the parameter `host`.",
    ),
    413: ("too_large", "The body is too large: the limit is 8192 bytes."),
    421: ("foreign_host", "Host 'example.org' is not a name of this machine."),
    422: (
        "wrong_parameter",
        "max_points='0' is not allowed: it must be greater than or equal to 1.",
    ),
    429: ("too_many_events", "Too many annotations; try again in 5 s."),
    503: ("history_unavailable", _REASON),
}
