"""The contract as JSON Schema, for editors and for the custom resource: made from the vocabulary rows.

It accepts what the loader accepts, and refuses what a schema can refuse. What needs more than shape (a check's id,
`min` above `max`, `min` in an engine setting of text) is left to the loader.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from skewguard.knowledge.contract import loading, measured, promises, values
from skewguard.language import measures, vocabulary
from skewguard.language.vocabulary import Setting

Schema = dict[str, Any]

ID = "https://skewguard.dev/schemas/serving-contract-v1alpha1.json"

_DURATION = r"^\s*(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h|d))+)\s*$"
_BOOLEANS = [
    form for word in ("true", "false", "yes", "no", "on", "off") for form in (word, word.title(), word.upper())
]
_WORDS: Schema = {"enum": [values.UNSET, values.ANY]}
_TEXT: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
_GLOB: Schema = {"type": ["string", "number"], "pattern": r"^\S+$"}
_SHARE: Schema = {
    "anyOf": [{**_NUMBER, "maximum": 1}, {"type": "string", "pattern": r"^\s*\+?(0|1)?(\.\d+)?(\.0*)?\s*$"}]
}
_SECONDS: Schema = {"anyOf": [_NUMBER, {"type": "string", "pattern": _DURATION}]}

_SCALARS: Mapping[str, Schema] = {
    "string": _TEXT,
    "gpu-class": _TEXT,
    "version": {
        "type": ["string", "number"],
        "pattern": r"^\s*([A-Za-z][A-Za-z_.-]*\d|\d|(~=|===?|!=|<=|>=|<|>)\s*v?\d)",
    },
    "digest": {"type": "string", "pattern": "^(sha256:)?[0-9a-fA-F]{64}$"},
    "boolean": {"anyOf": [{"type": "boolean"}, {"enum": _BOOLEANS}]},
    "integer": {
        "anyOf": [
            {"type": "integer"},
            {"type": "string", "pattern": r"^\s*-?(\d+|\d+(\.\d+)?[kKmMgG])\s*$"},
        ]
    },
    "number": {
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"}]
    },
    "seconds": _SECONDS,
    "bytes": {"anyOf": [_NUMBER, {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?\s*$"}]},
}


def schema() -> Schema:
    """The JSON Schema (2020-12) of a contract."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": f"skewguard {values.KIND}",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": values.API_VERSION},
            "kind": {"const": values.KIND},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": ["string", "number"], "pattern": r"\S"}},
                "propertyNames": {"enum": list(loading.METADATA)},
            },
            "spec": _spec(),
            "status": {},
        },
        "$defs": {
            **{type_: _promise(type_) for type_ in (*_SCALARS, *promises.COLLECTIONS, "any")},
            **{row.name: _promise(row.type, {"enum": list(row.choices)}) for row in vocabulary.ROWS if row.choices},
            "share": _promise("number", _SHARE),
            "count": _promise("integer", {"anyOf": [_COUNT, *_SCALARS["integer"]["anyOf"][1:]]}),
            **{f"section-{name}": _section(name) for name in vocabulary.SECTIONS},
            **_measured(),
            "engine-settings": _engine_settings(),
            "role": _object({**_sections(), "engine_settings": {"$ref": "#/$defs/engine-settings"}}),
        },
    }


def _sections() -> Schema:
    return {name: {"$ref": f"#/$defs/section-{name}"} for name in vocabulary.SECTIONS}


def _engine_settings() -> Schema:
    return {
        "description": "settings of an engine outside the vocabulary, named ENGINE.DEST or ENGINE.env.NAME",
        "type": ["object", "null"],
        "additionalProperties": False,
        "patternProperties": {
            r"^[a-z][a-z0-9_-]*\.(env\.)?\*$": _WORDS,
            r"^[a-z][a-z0-9_-]*\.(env\.)?[A-Za-z_][A-Za-z0-9_.-]*$": {"$ref": "#/$defs/any"},
        },
    }


def _spec() -> Schema:
    return _object(
        {
            "targets": {"type": "array", "minItems": 1, "items": _target()},
            **_sections(),
            "engine_settings": {"$ref": "#/$defs/engine-settings"},
            "roles": _object({role: {"$ref": "#/$defs/role"} for role in loading.ROLES}),
            "performance": _performance(),
            "behaviour": _object(
                {
                    "budget": _object({"requests": _COUNT, "tokens": _COUNT, "seconds": _SECONDS}),
                    "thresholds": {"type": ["object", "null"], "additionalProperties": _NUMBER},
                }
            ),
            "waivers": {"type": ["array", "null"], "items": _waiver()},
        },
        required=("targets",),
        empty=False,
    )


def _object(properties: Schema, required: Iterable[str] = (), *, empty: bool = True) -> Schema:
    made: Schema = {
        "type": ["object", "null"] if empty else "object",
        "additionalProperties": False,
        "properties": properties,
    }
    return {**made, "required": list(required)} if required else made


def _section(name: str) -> Schema:
    return _object({row.key: _setting(row) for row in vocabulary.ROWS if row.section == name})


def _setting(row: Setting) -> Schema:
    unit = f" ({row.unit})" if row.unit else ""
    return {"description": f"{row.meaning}{unit}", "$ref": f"#/$defs/{_definition(row)}"}


def _definition(row: Setting) -> str:
    """The name of what a setting can be promised to be."""
    if row.choices:
        return row.name
    if row.unit == "fraction":
        return "share"
    return "count" if row.type == "integer" and promises.is_count(row) else row.type


def _promise(type_: str, scalar: Schema | None = None) -> Schema:
    """Every way of promising a value of a type, or of a part of it (`scalar`)."""
    if type_ in promises.COLLECTIONS:
        whole: Schema = {"type": "array" if type_ == "list" else "object"}
        return {"anyOf": [{"type": "null"}, _WORDS, _equals(whole)]}
    bound: Schema = scalar or _SCALARS.get(type_, {"type": "number"})
    scalar = scalar or _SCALARS.get(type_, {"type": ["string", "number", "boolean"]})
    whole = {} if type_ == "any" else {"anyOf": [scalar, {"type": "null"}, *_wholes(type_)]}
    single = [scalar, {"type": "null"}, _equals(whole)]
    if type_ in promises.NUMERIC or type_ == "any":
        single.append({**_object({"min": bound, "max": bound}, empty=False), "minProperties": 1})
    several = {"type": "array", "minItems": 1, "items": {"anyOf": [*single, {"const": values.UNSET}]}}
    return {"anyOf": [*single, _WORDS, several]}


def _wholes(type_: str) -> list[Schema]:
    """Collections that a text may be: a server can have two names."""
    allowed: dict[str, list[Schema]] = {
        "string": [{"type": ["array", "object"]}, {"const": ""}],
        "gpu-class": [{"type": "array"}],
    }
    return allowed.get(type_, [])


def _equals(value: Schema) -> Schema:
    return _object({"equals": value}, required=("equals",), empty=False)


def _target() -> Schema:
    return _object(dict.fromkeys(values.TARGET_FIELDS, _GLOB), required=("kind", "name"), empty=False)


def _performance() -> Schema:
    load: Schema = {
        "profile": {"enum": list(measured.PROFILES)},
        "rate": _POSITIVE,
        **dict.fromkeys(("concurrency", "requests", "prompt_tokens", "output_tokens", "seed"), _COUNT),
        **dict.fromkeys(("duration", "warmup"), _SECONDS),
    }
    objectives = {metric: {"$ref": f"#/$defs/{_objective(metric)}"} for metric in measures.MEASURES}
    tolerances = {metric: {"$ref": "#/$defs/tolerance"} for metric in measures.MEASURES}
    return _object({"load": _object(load), "slo": _object(objectives), "tolerances": _object(tolerances)})


def _objective(metric: str) -> str:
    return "objective-time" if metric in measures.TIMES else "objective-number"


def _measured() -> Schema:
    limits = dict.fromkeys(measures.LIMITS, _POSITIVE)
    statistics = dict.fromkeys(measures.STATS, _object(limits))
    return {
        "objective-time": _object(dict.fromkeys(measures.STATS, _SECONDS), empty=False),
        "objective-number": _object({"min": _NUMBER, "max": _NUMBER}, empty=False),
        "tolerance": _object({**limits, **statistics}, empty=False),
    }


def _waiver() -> Schema:
    text = {"type": ["string", "number"], "pattern": r"\S"}
    where = _object(dict.fromkeys((*values.TARGET_FIELDS, "pod", "group"), _GLOB))
    return _object(
        {
            "check": {"type": "string", "pattern": r"^[a-z]+\.([a-z0-9-]+|\*)$"},
            "setting": text,
            "where": where,
            "reason": text,
            "until": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
        required=("check", "reason", "until"),
        empty=False,
    )


def text() -> str:
    """The schema as the file `docs/contract.schema.json` holds it."""
    import json  # lazily: only the docs ask

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
