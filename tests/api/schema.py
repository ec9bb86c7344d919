"""Validates JSON strictly against a schema of the OpenAPI document.

It implements the keywords that the document uses and fails on any other, so that none is ignored.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_ANNOTATIONS = {"title", "description", "examples", "default", "unit"}
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "enum": lambda value, allowed: value in allowed,
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "minLength": lambda value, limit: len(value) >= limit,
    "maxLength": lambda value, limit: len(value) <= limit,
    "maxItems": lambda value, limit: len(value) <= limit,
    "maxProperties": lambda value, limit: len(value) <= limit,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
}


def require_valid(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> None:
    """Raise AssertionError if ``value`` does not match ``schema`` of ``document``."""
    problem = _problem(document, schema, value, "answer")
    assert problem is None, problem


def resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema that ``schema`` refers to, or itself."""
    name = schema.get("$ref")
    if name is None:
        return schema
    target: Mapping[str, Any] = document["components"]["schemas"][name.rpartition("/")[2]]
    return target


def _problem(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: str) -> Any:
    """Return what is wrong with ``value``, or None."""
    schema = resolve(document, schema)
    if "anyOf" in schema:
        problems = [_problem(document, each, value, at) for each in schema["anyOf"]]
        return None if None in problems else problems
    if not _TYPES[schema["type"]](value):
        return f"{at}: {value!r} is not of type {schema['type']}"
    for keyword, limit in schema.items():
        if keyword in _LIMITS and not _LIMITS[keyword](value, limit):
            return f"{at}: {value!r} violates {keyword}={limit!r}"
    inner = _inner(schema, value)
    found = (_problem(document, part, each, f"{at}.{name}") for name, part, each in inner)
    return next((each for each in found if each is not None), None)


def _inner(schema: Mapping[str, Any], value: Any) -> list[tuple[str, Mapping[str, Any], Any]]:
    """Return name, schema and value of each item or property."""
    unknown = schema.keys() - _ANNOTATIONS - _LIMITS.keys()
    unknown -= {"type", "items", "properties", "required", "additionalProperties", "propertyNames"}
    assert not unknown, f"the validator does not know {unknown}"
    if isinstance(value, list):
        return [(str(index), schema["items"], each) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return []
    properties = schema.get("properties", {})
    missing = set(schema.get("required", ())) - value.keys()
    assert not missing, f"{missing} is missing in {value}"
    assert "additionalProperties" in schema or value.keys() <= properties.keys(), value.keys()
    return [
        (name, properties.get(name) or schema["additionalProperties"], each)
        for name, each in value.items()
    ] + [(name, {"type": "string"} | schema.get("propertyNames", {}), name) for name in value]
