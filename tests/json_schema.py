"""A validator for the keywords that the published JSON Schemas use, so that the tests need no further library.

A keyword that it does not know is an error of its own, so that it never passes over a rule in silence.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parents[1] / "docs" / "formats"
KNOWN = {"$schema", "$id", "$defs", "$ref", "title", "description", "default", "type", "const", "enum", "pattern", "anyOf",
         "required", "properties", "propertyNames", "patternProperties", "additionalProperties", "items", "prefixItems",
         "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "minProperties"}  # fmt: skip

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def accepts(root: dict[str, Any], value: Any) -> bool:
    """Whether a JSON value is valid under a schema."""
    return next(faults(root, value), None) is None


def faults_of(document: Any) -> list[str]:
    """Where a document of ours breaks the schema that is published of it."""
    named = re.fullmatch(r"skewguard\.dev/([a-z]+)/v1", document["schema"])
    assert named is not None, document["schema"]
    return list(faults(json.loads((PUBLISHED / f"{named[1]}.schema.json").read_text("utf-8")), document))


def faults(root: dict[str, Any], value: Any, schema: Any = None, path: str = "$") -> Iterator[str]:
    """Where a JSON value breaks a schema of `root`, and what of it it breaks."""
    schema = root if schema is None else schema
    if schema is False:
        yield f"{path}: nothing may stand here"
    if isinstance(schema, bool):
        return
    assert schema.keys() <= KNOWN, f"keywords this validator does not know: {schema.keys() - KNOWN}"
    if "$ref" in schema:
        yield from faults(root, value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], path)
    if (broken := _broken(schema, value)) is not None:
        yield f"{path}: {broken} {schema[broken]!r}, and there is {str(value)[:80]!r}"
        return
    if "anyOf" in schema and not any(next(faults(root, value, each, path), None) is None for each in schema["anyOf"]):
        yield f"{path}: fits none of {schema['anyOf']!r}, and there is {str(value)[:80]!r}"
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        for number, item in enumerate(value):
            within = first[number] if number < len(first) else schema.get("items", True)
            yield from faults(root, item, within, f"{path}[{number}]")
    if isinstance(value, dict):
        yield from _members(root, value, schema, path)


def _broken(schema: dict[str, Any], value: Any) -> str | None:
    """The first keyword that a value breaks by itself, whatever its parts are."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    size = len(value) if isinstance(value, (list, dict)) else 0
    rules: dict[str, Callable[[Any], bool]] = {
        "type": lambda _: not types or any(_is(value, name) for name in types),
        "const": lambda wanted: value == wanted,
        "enum": lambda wanted: any(value is item or value == item for item in wanted),
        "pattern": lambda wanted: not isinstance(value, str) or re.search(wanted, value) is not None,
        "minimum": lambda least: not number or value >= least,
        "maximum": lambda most: not number or value <= most,
        "exclusiveMinimum": lambda least: not number or value > least,
        "minItems": lambda least: not isinstance(value, list) or size >= least,
        "maxItems": lambda most: not isinstance(value, list) or size <= most,
        "minProperties": lambda least: not isinstance(value, dict) or size >= least,
        "required": lambda keys: not isinstance(value, dict) or all(key in value for key in keys),
    }
    return next((name for name, holds in rules.items() if name in schema and not holds(schema[name])), None)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _members(root: dict[str, Any], value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    for key, part in value.items():
        yield from faults(root, key, schema.get("propertyNames", True), f"{path} key {key!r}")
        fitting = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        patterns = schema.get("patternProperties", {}).items()
        fitting += [option for pattern, option in patterns if re.search(pattern, key)]
        for each in fitting or [schema.get("additionalProperties", True)]:
            yield from faults(root, part, each, f"{path}.{key}")
