"""The custom resource of the contract, `deploy/crd/servingcontract.yaml`: its schema made from the contract's own.

An API server takes structural schemas alone: every field has one type, and nothing is said by `$ref`, `patternProperties`
or a list of types. The skeleton of a contract keeps its fields, so that a misspelt one is refused; what a setting can be
promised to be (a value, a list, a range, null) has no one type, and is taken as it is written.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from skewguard.knowledge.contract import schema, values

Schema = dict[str, Any]

GROUP, VERSION = values.API_VERSION.split("/")
ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True, "nullable": True}
"""A value of no one type; `nullable` keeps a promise of null, which an API server drops otherwise."""

_HEAD = """\
# {made}
# Contracts as objects of a cluster: kubectl apply -f servingcontract.yaml, once, by somebody who may install resources.
# In these objects versions stand in quotes (to an API server 0.10 without them is the number 0.1), and null is written
# [null] (kubectl apply drops a plain one unless it runs with --server-side).
"""
_KEPT = ("minimum", "exclusiveMinimum", "maximum", "minItems", "minProperties", "pattern")
_COLUMNS = {"Model": "model.id", "Engine": "runtime.engine", "Version": "runtime.version"}


def text(made: str) -> str:
    """The manifest of the CustomResourceDefinition."""
    plural = f"{values.KIND.lower()}s"
    columns = [{"name": name, "type": "string", "jsonPath": f".spec.{path}"} for name, path in _COLUMNS.items()]
    columns.append({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"})
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": structural()},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": values.KIND, "listKind": f"{values.KIND}List", "plural": plural, "singular": plural[:-1]},
            "versions": [version],
        },
    }
    body = yaml.dump(definition, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)
    return _HEAD.format(made=made) + body


class _Plain(yaml.SafeDumper):
    """Writes equal values twice: nobody reads anchors in a schema."""

    def ignore_aliases(self, data: Any) -> bool:
        """No value is an alias of another."""
        del data
        return True


def structural() -> Schema:
    """The schema of one contract as an API server takes it."""
    whole = schema.schema()
    spec = _field(whole["properties"]["spec"], whole["$defs"])
    measured = spec["properties"]["performance"]["properties"]
    for many in ("slo", "tolerances"):  # dozens of fields for each of dozens of metrics: three quarters of the file
        measured[many] = {"type": "object", "nullable": True, "additionalProperties": dict(ANY)}
    return {
        "type": "object",
        "description": "What a model was validated and measured with.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
        },
    }


def _field(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """One field: of one type where the contract's schema gives it one, else of any."""
    said = {key: node[key] for key in ("description",) if key in node}
    if "$ref" in node:
        return {**said, **_field(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)}
    types = [node["type"]] if isinstance(node.get("type"), str) else list(node.get("type", ()))
    nullable = {"nullable": True} if "null" in types else {}
    match sorted(set(types) - {"null"}):
        case ["object"]:
            return {**said, "type": "object", **nullable, **_inside(node, definitions)}
        case ["array"]:
            items = _field(node["items"], definitions)
            return {**said, "type": "array", **nullable, **_facets(node), "items": items}
        case [single]:
            return {**said, "type": single, **nullable, **_facets(node)}
        case ["number", "string"]:  # a text that YAML may take for a number: in a cluster it is written in quotes
            return {**said, "type": "string", **nullable, **_facets(node)}
        case [] if "enum" in node:
            return {**said, "type": "string", "enum": node["enum"]}
        case _:
            return {**said, **ANY}


def _inside(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """What an object holds: fields by name, or values under names of its own."""
    if "properties" in node:
        fields = {name: _field(each, definitions) for name, each in node["properties"].items()}
        required = {"required": node["required"]} if "required" in node else {}
        return {**required, **_facets(node), "properties": fields}
    values_of = node.get("additionalProperties")
    return {"additionalProperties": _field(values_of, definitions) if values_of else dict(ANY)}


def _facets(node: Schema) -> Schema:
    """Bounds and patterns; an exclusive bound is a switch beside the bound in OpenAPI 3.0."""
    kept = {key: node[key] for key in _KEPT if key in node}
    if "exclusiveMinimum" in kept:
        kept |= {"minimum": kept["exclusiveMinimum"], "exclusiveMinimum": True}
    return kept
