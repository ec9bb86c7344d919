"""Generates TypeScript types for the API's responses from their Pydantic models."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

_PRIMITIVES = {
    "boolean": "boolean",
    "integer": "number",
    "null": "null",
    "number": "number",
    "string": "string",
}
_PREFIX = "#/$defs/"


def interfaces(models: Sequence[type[BaseModel]]) -> str:
    """Return the TypeScript declarations of ``models`` and all models that they contain."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in models], ref_template=_PREFIX + "{model}"
    )
    definitions: Mapping[str, Mapping[str, Any]] = schema["$defs"]
    return "\n".join(
        line for name, definition in definitions.items() for line in _declared(name, definition)
    )


def _declared(name: str, definition: Mapping[str, Any]) -> Iterator[str]:
    if "properties" not in definition:
        yield f"export type {name} = {_type(definition)};\n"
        return
    yield f"export interface {name} {{"
    for field, schema in definition["properties"].items():
        if "description" in schema:
            yield f"  /** {schema['description']} */"
        optional = "" if field in definition.get("required", ()) else "?"
        yield f"  readonly {field}{optional}: {_type(schema)};"
    yield "}\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_PREFIX)
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "items" in schema:
        items = _type(schema["items"])
        return f"readonly ({items})[]" if "|" in items else f"readonly {items}[]"
    if "additionalProperties" in schema:
        return f"Readonly<Record<string, {_type(schema['additionalProperties'])}>>"
    return _PRIMITIVES.get(schema.get("type", ""), "unknown")
