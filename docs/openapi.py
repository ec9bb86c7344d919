"""Generates the reference in docs/rest.md from the OpenAPI document of the API."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from api.app import DOCUMENTED

Row = tuple[str, ...]


def operations() -> Iterator[tuple[str, str, list[Row]]]:
    """Yield the method and path, the description, and the table rows of each operation.

    The table has a row for each parameter, with its name, its default value as JSON, and its
    description. If a parameter has no default value, the second cell of its row is empty.
    """
    app = FastAPI()
    for router in DOCUMENTED:
        app.include_router(router)
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            what = f"{operation['summary']}. {operation['description']}"
            yield f"{method.upper()} {path}", what, [*_parameters(operation)]


def _parameters(operation: Mapping[str, Any]) -> Iterator[Row]:
    for each in operation.get("parameters", ()):
        schema = each["schema"]
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        yield f"`{each['name']}`", default, " ".join(each["description"].split())
