"""Valid and invalid requests generated from the OpenAPI document never cause a 500."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.running import RunningApi

_PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
_CONFIG = str(Path(__file__).with_name("schemathesis.toml"))


@pytest.mark.parametrize(
    "options",
    [
        ["--phases=examples,fuzzing", "--max-examples=4"],
        pytest.param(["--max-examples=400"], marks=pytest.mark.soak),
    ],
    ids=["short", "long"],
)
def test_every_response_to_a_generated_request_matches_the_document(
    shared_api: RunningApi, tmp_path: Path, options: list[str]
) -> None:
    url = f"http://127.0.0.1:{shared_api.server.port}/api/v1/openapi.json"
    end = subprocess.run(
        [_PROGRAM, "--config-file", _CONFIG, "run", url, "--no-color", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,  # where it stores its cache
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        check=False,
    )
    assert end.returncode == 0, end.stdout + end.stderr
    count = sum(map(len, shared_api.json("/api/v1/openapi.json")["paths"].values()))
    assert f"{count} selected / {count} total" in end.stdout
