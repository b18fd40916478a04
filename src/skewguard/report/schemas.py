"""The JSON Schemas of the documents and their page, made from the Structs that the documents are made with."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from skewguard.report.check_documents import CheckDocument
from skewguard.report.documents import DiffDocument, Document
from skewguard.report.explanations import EngineDocument, FlagDocument, RuleDocument, SettingDocument, VariableDocument
from skewguard.report.live_documents import AccessDocument, DiscoverDocument
from skewguard.report.performance_documents import (
    BaselineDocument,
    BaselinesDocument,
    CalibrationDocument,
    ComparisonDocument,
)
from skewguard.report.record_documents import (
    ReinstatementDocument,
    RetirementDocument,
    SnapshotDocument,
    ValidationDocument,
)
from skewguard.report.settings_documents import SettingsDocument

DOCUMENTS: Mapping[str, type[Document]] = {
    "report": CheckDocument,
    "settings": SettingsDocument,
    "diff": DiffDocument,
    "discover": DiscoverDocument,
    "access": AccessDocument,
    "engine": EngineDocument,
    "flag": FlagDocument,
    "variable": VariableDocument,
    "setting": SettingDocument,
    "check": RuleDocument,
    "baseline": BaselineDocument,
    "baselines": BaselinesDocument,
    "comparison": ComparisonDocument,
    "calibration": CalibrationDocument,
    "validation": ValidationDocument,
    "snapshot": SnapshotDocument,
    "retirement": RetirementDocument,
    "reinstatement": ReinstatementDocument,
}
"""By the name in `schema`: `skewguard.dev/NAME/v1`."""

_INTRODUCTION = """\
# The JSON documents

`-o json` prints one of these documents, `-o yaml` the same as YAML. They are stable: within a version (the `/v1` of
`schema`) a key is never renamed and never changes its meaning; new keys may come, so ignore those you do not know.
Values are JSON of the setting's type: seconds, bytes, integers. The value as somebody wrote it is in `origin.text`.
What is not known is null or a gap, never 0. Secrets are masked in every document: `<redacted:1a2b3c>` is the same for the
same secret within one run and another in the next, so that it cannot be guessed back; leave it out when you compare runs.

Each document has a JSON Schema beside this page: {links}.

Generated from the modules `documents`, `check_documents`, `live_documents`, `settings_documents`, `explanations`,
`performance_documents` and `record_documents` of `skewguard.report`.
"""


def files() -> dict[str, str]:
    """Every generated file of `docs/formats`: its name and its text."""
    made = {f"{name}.schema.json": _schema(document) for name, document in DOCUMENTS.items()}
    return {**made, "json.md": _page()}


def _schema(document: type[Document]) -> str:
    whole = msgspec.json.schema(document)
    definitions = whole["$defs"]
    top = definitions.pop(whole["$ref"].rpartition("/")[2])
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**draft, **_with_name(top), "$defs": definitions}, indent=2, ensure_ascii=False) + "\n"


def _with_name(top: dict[str, Any]) -> dict[str, Any]:
    """A document always says which one it is: the key has a default in our Struct, but is never left out."""
    name = {"const": top["properties"]["schema"]["enum"][0]}
    return {**top, "properties": {**top["properties"], "schema": name}, "required": ["schema", *top["required"]]}


def _page() -> str:
    tops, definitions = msgspec.json.schema_components(DOCUMENTS.values(), ref_template="#{name}")
    documents = [_with_name(definitions.pop(top["$ref"].removeprefix("#"))) for top in tops]
    links = ", ".join(f"[{name}]({name}.schema.json)" for name in DOCUMENTS)
    parts = [_INTRODUCTION.format(links=links), "## Documents"]
    parts += [_section(top["properties"]["schema"]["const"], top) for top in documents]
    parts.append("## Their parts")
    parts += [_section(name, definition) for name, definition in definitions.items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(title: str, schema: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_type(part)} | {_meaning(key, part, schema['required'])} |"
        for key, part in schema["properties"].items()
    ]
    return "\n".join([f"### {title}\n\n{schema['description']}\n", "| key | type | meaning |", "|---|---|---|", *rows])


def _meaning(key: str, part: dict[str, Any], required: list[str]) -> str:
    told = [one["description"] for one in (part, *part.get("anyOf", ())) if "description" in one and "$ref" not in one]
    if key not in required and "default" not in part:
        told.append("left out where it does not apply")
    return "; ".join(told)


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        name = part["$ref"].removeprefix("#")
        return f"[{name}](#{name.lower()})"
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"])
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join("null" if value is None else f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_type(part['items'])}" if part.get("items") else "list"
    if part.get("type") == "object":
        return f"mapping to {_type(part['additionalProperties'])}" if part.get("additionalProperties") else "mapping"
    return str(part.get("type", "any"))
