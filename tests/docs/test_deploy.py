"""The manifests of deploy/: the roles grant the table of rights and nothing else, the custom resource takes contracts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from skewguard.knowledge import rights
from skewguard.knowledge.rights import Right, Role

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTRACT = Path(__file__).parents[1] / "data" / "contracts" / "full.yaml"
Granted = set[tuple[str, str, str]]


def objects(path: str) -> dict[str, dict[str, Any]]:
    """The objects of a manifest by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / path).read_text("utf-8"))}


def granted(role: dict[str, Any]) -> Granted:
    """Every (group, resource, verb) that a role's rules grant."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def wanted(rows: tuple[Right, ...]) -> Granted:
    """The same of rows of the table."""
    return {(row.group, row.resource, verb) for row in rows for verb in row.verbs}


@pytest.mark.parametrize("role", list(rights.ROLES))
def test_a_cluster_role_grants_its_rows_and_nothing_else(role: Role) -> None:
    """For the whole cluster: exactly the table, bound to the role's own service account."""
    found = objects(f"rbac/cluster/{role}.yaml")
    assert granted(found["ClusterRole"]) == wanted(rights.of(role))
    assert found["ClusterRoleBinding"]["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    assert found["ClusterRoleBinding"]["subjects"][0]["name"] == found["ServiceAccount"]["metadata"]["name"]


@pytest.mark.parametrize("role", list(rights.ROLES))
def test_a_role_of_one_namespace_grants_what_lives_in_a_namespace(role: Role) -> None:
    """For one namespace: the table without what belongs to none, which a Role cannot grant."""
    found = objects(f"rbac/namespaced/{role}.yaml")
    assert granted(found["Role"]) == wanted(tuple(row for row in rights.of(role) if not row.cluster))
    assert found["Role"]["metadata"]["namespace"] == found["RoleBinding"]["metadata"]["namespace"]


def test_machines_are_what_the_reader_of_a_namespace_lacks() -> None:
    """The one manifest that a cluster's owner adds: what belongs to no namespace."""
    lacking = tuple(row for row in rights.of("reader") if row.cluster)
    assert granted(objects("rbac/namespaced/machines.yaml")["ClusterRole"]) == wanted(lacking)


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a structural schema below this one, by its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from fields(schema[key], f"{path}[]")


def structural() -> dict[str, Any]:
    """The schema of the custom resource."""
    (definition,) = objects("crd/servingcontract.yaml").values()
    found: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def test_every_field_of_the_custom_resource_is_structural() -> None:
    """An API server refuses a schema with a field of no type that does not say so."""
    for path, field in fields(structural()):
        assert "type" in field or field.get("x-kubernetes-preserve-unknown-fields"), path
        assert not {"$ref", "patternProperties", "anyOf", "const"} & field.keys(), path
        assert not ("properties" in field and "additionalProperties" in field), path


def known(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """The paths of a value that the schema has no field for: an API server would drop them."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            field = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if field is None:
                yield f"{path}.{key}"
            else:
                yield from known(field, inner, f"{path}.{key}")
    for inner in value if isinstance(value, list) else ():
        yield from known(schema["items"], inner, f"{path}[]")


def test_the_custom_resource_drops_nothing_of_a_contract() -> None:
    """Each field of the contract that shows every section has its place in the schema."""
    contract = yaml.safe_load(CONTRACT.read_text("utf-8"))
    assert list(known(structural()["properties"]["spec"], contract["spec"], ".spec")) == []
