"""A validator for the keywords that the contract's JSON Schema uses, so that the tests need no further library."""

import re
from typing import Any

KNOWN = {"$schema", "$id", "$defs", "$ref", "title", "description", "type", "const", "enum", "pattern", "anyOf",
         "required", "properties", "propertyNames", "patternProperties", "additionalProperties", "items", "minItems",
         "minimum", "maximum", "exclusiveMinimum", "minProperties"}  # fmt: skip

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def accepts(root: dict[str, Any], value: Any, schema: Any = None) -> bool:
    """Whether a JSON value is valid under a schema of `root`."""
    schema = root if schema is None else schema
    if isinstance(schema, bool):
        return schema
    assert schema.keys() <= KNOWN, f"keywords this validator does not know: {schema.keys() - KNOWN}"
    if "$ref" in schema and not accepts(root, value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")]):
        return False
    return _plain(schema, value) and _parts(root, schema, value)


def _plain(schema: dict[str, Any], value: Any) -> bool:
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (
        (not types or any(_is(value, name) for name in types))
        and ("const" not in schema or value == schema["const"])
        and ("enum" not in schema or any(value is item or value == item for item in schema["enum"]))
        and not ("pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value))
        and not ("minimum" in schema and number and value < schema["minimum"])
        and not ("maximum" in schema and number and value > schema["maximum"])
        and not ("exclusiveMinimum" in schema and number and value <= schema["exclusiveMinimum"])
        and not ("minItems" in schema and isinstance(value, list) and len(value) < schema["minItems"])
        and not ("minProperties" in schema and isinstance(value, dict) and len(value) < schema["minProperties"])
    )


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _parts(root: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    if "anyOf" in schema and not any(accepts(root, value, option) for option in schema["anyOf"]):
        return False
    if isinstance(value, list):
        return all(accepts(root, item, schema.get("items", True)) for item in value)
    if not isinstance(value, dict):
        return True
    if not all(key in value for key in schema.get("required", ())):
        return False
    return all(accepts(root, key, schema.get("propertyNames", True)) for key in value) and all(
        _member(root, schema, key, part) for key, part in value.items()
    )


def _member(root: dict[str, Any], schema: dict[str, Any], key: str, part: Any) -> bool:
    options = [schema["properties"][key]] if key in schema.get("properties", {}) else []
    options += [option for pattern, option in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
    return all(accepts(root, part, option) for option in options or [schema.get("additionalProperties", True)])
