"""The OpenAPI document is complete and matches the responses."""

from collections.abc import Iterator
from typing import Any

import pytest

from telemetry.catalogue import SAMPLES, Kind
from tests.api.running import RunningApi, cpu
from tests.api.schema import require_valid, resolve

PREFIX = "/api/v1/system"
RUN = f"{PREFIX}/runs/{{identity}}"
METHODS = {
    "/healthz": {"get"},
    "/readyz": {"get"},
    f"{PREFIX}/annotations": {"get", "post"},
    f"{PREFIX}/findings": {"get"},
    f"{PREFIX}/gpu": {"get"},
    f"{PREFIX}/history": {"get"},
    f"{PREFIX}/hosts": {"get"},
    f"{PREFIX}/metrics": {"get"},
    f"{PREFIX}/overview": {"get"},
    f"{PREFIX}/runs": {"get"},
    RUN: {"get"},
    f"{RUN}/report": {"get"},
    f"{RUN}/recording": {"get"},
}
OF_A_RUN = (RUN, f"{RUN}/report", f"{RUN}/recording")
WITH_NAME = {*(f"{PREFIX}/{each}" for each in ("gpu", "history", "metrics")), *OF_A_RUN}
STORED = ("annotations", "findings", "history", "hosts", "runs")
WITH_STORE = {"/readyz", RUN, f"{RUN}/report", *(f"{PREFIX}/{each}" for each in STORED)}
# Counts, load averages, levels and flags have no unit.
WITHOUT_UNIT = {
    *("failures", "missed_ticks", "waiting", "dropped", "load_average"),
    *("performance_state", "pcie_generation", "retirement_pending", "remapping_pending", "pid"),
    *("gpu_instance", "compute_instance", "exit_code"),
    "value",  # of an evidence's number, which has its unit beside it
}


@pytest.fixture
def document(shared_api: RunningApi) -> Any:
    return shared_api.json("/api/v1/openapi.json")


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def content(operation: Any, status: int) -> Any:
    contents = operation["responses"][str(status)]["content"]
    return contents.get("application/json") or contents["text/plain"]


def numeric(schema: Any) -> bool:
    """Return whether ``schema`` allows numbers or lists of them."""
    return any(
        part.get("type") in ("number", "integer") or numeric(part.get("items", {}))
        for part in (schema, *schema.get("anyOf", ()))
        if part
    )


def has_unit(schema: Any) -> bool:
    return "unit" in schema or any("unit" in part for part in schema.get("anyOf", ()))


def test_every_path_has_its_methods_with_a_summary_and_a_description(document: Any) -> None:
    paths = document["paths"]
    assert {path: set(operations) for path, operations in paths.items()} == METHODS
    for operation in (each for operations in paths.values() for each in operations.values()):
        assert operation["summary"]
        assert operation["description"]


def test_every_operation_has_a_readable_id(document: Any) -> None:
    """Generators of clients name their functions after it."""
    assert sorted(each["operationId"] for _, each in operations(document)) == [
        "get_annotations",
        "get_findings",
        "get_gpu",
        "get_healthz",
        "get_history",
        "get_hosts",
        "get_metrics",
        "get_overview",
        "get_readyz",
        "get_recording",
        "get_report",
        "get_run",
        "get_runs",
        "post_annotation",
    ]


def test_every_response_has_an_example_that_matches_its_schema(document: Any) -> None:
    for path, operation in operations(document):
        for status in operation["responses"]:
            described = content(operation, status)
            assert "example" in described, (path, status)
            require_valid(document, described["schema"], described["example"])


def test_every_parameter_is_described_and_its_examples_match_its_schema(document: Any) -> None:
    for path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])
            for example in parameter["schema"].get("examples", ()):
                require_valid(document, parameter["schema"], example)


def test_every_possible_error_is_documented_in_the_common_shape(document: Any) -> None:
    for path, operation in operations(document):
        writes = "requestBody" in operation
        expected = {201 if writes else 200, 403, 421}
        expected |= {401, 422} if path.startswith("/api/") else set()
        expected |= {408, 413, 429} if writes else set()
        expected |= {404} if path in WITH_NAME else set()
        expected |= {409} if path in OF_A_RUN else set()
        expected |= {503} if path in WITH_STORE else set()
        assert set(map(int, operation["responses"])) == expected, path
        for status in expected - {200, 201}:
            # /readyz also reports each part.
            name = "NotReadyResponse" if (path, status) == ("/readyz", 503) else "ErrorResponse"
            assert content(operation, status)["schema"]["$ref"].endswith(f"/{name}")
            assert content(operation, status)["example"]["error"].keys() == {"code", "message"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_field_is_described_and_every_number_has_its_unit(document: Any) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert "description" in described, (name, field)
            if numeric(described) and field not in WITHOUT_UNIT:
                assert has_unit(described), (name, field)


def test_the_units_come_from_the_catalogue(document: Any) -> None:
    metrics = document["components"]["schemas"]["MetricsResponse"]["properties"]
    for family in SAMPLES:
        described = metrics[family.name]
        schema = described["items"] if family.several else described["anyOf"][0]
        properties = resolve(document, schema)["properties"]
        for field in family.fields:
            assert properties[field.name].get("unit", "") == field.unit, field
            numbers = field.kind in (Kind.NUMBER, Kind.INTEGER, Kind.NUMBERS)
            assert numeric(properties[field.name]) is numbers, field


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/healthz", {}),
        ("/readyz", {}),
        (f"{PREFIX}/gpu", {}),
        (f"{PREFIX}/hosts", {}),
        (f"{PREFIX}/hosts", {"host": "alpha"}),
        (f"{PREFIX}/metrics", {}),
        (f"{PREFIX}/history", {}),
        (f"{PREFIX}/history", {"max_points": 1}),
        (f"{PREFIX}/history", {"start": "-1s", "end": "-1s"}),
        (f"{PREFIX}/history", {"channel": "system/fan"}),
        (f"{PREFIX}/history", {"host": "nobody"}),
        (f"{PREFIX}/annotations", {}),
        (f"{PREFIX}/annotations", {"limit": 0}),
        (f"{PREFIX}/findings", {}),
        (f"{PREFIX}/findings", {"severity": "fatal"}),
        (f"{PREFIX}/gpu", {"host": "nobody"}),
        (f"{PREFIX}/metrics", {"host": "x" * 257}),
    ],
)
def test_every_response_matches_the_document(
    shared_api: RunningApi, document: Any, path: str, parameters: dict[str, Any]
) -> None:
    answer = shared_api.get(path, **parameters)
    described = content(document["paths"][path]["get"], answer.status_code)
    require_valid(document, described["schema"], answer.json())


def test_responses_with_missing_data_match_the_document(api: RunningApi, document: Any) -> None:
    api.store(cpu("beta", age=1000))
    for path in (f"{PREFIX}/hosts", f"{PREFIX}/history", f"{PREFIX}/metrics", f"{PREFIX}/gpu"):
        answer = api.get(path)
        described = content(document["paths"][path]["get"], answer.status_code)
        require_valid(document, described["schema"], answer.json())
