"""What the packages that the API uses print on stderr."""

import subprocess
import sys

_WARNING = """
from typing import Annotated
import api
from pydantic import Field, TypeAdapter
TypeAdapter(Annotated[int, Field(alias="end")])
"""


def test_a_warning_that_fastapi_provokes_is_not_printed() -> None:
    command = [sys.executable, "-c", _WARNING]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
