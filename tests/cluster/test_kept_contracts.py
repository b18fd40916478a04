"""The custom resource of deploy/ on a real API server: it keeps what was written, and refuses what is misspelt."""

from pathlib import Path

import pytest
import yaml

from skewguard.api import kept_contracts
from skewguard.api.contracts import Contracts
from skewguard.knowledge.contract import loading
from tests.cluster import roles
from tools.control_plane import waiting
from tools.control_plane.client import Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

CONTRACT = Path(__file__).parents[1] / "data" / "contracts" / "full.yaml"
PATH = "/apis/skewguard.dev/v1alpha1/namespaces/{}/servingcontracts"


def install_contracts(namespace: Namespace) -> None:
    """The custom resource of deploy/, served. It stays."""
    (definition,) = roles.manifest("crd/servingcontract.yaml")
    namespace.client.apply(definition)
    name = f"customresourcedefinition/{definition['metadata']['name']}"
    waiting.ready(namespace.client, name, None, deadline_s=roles.DEADLINE_S)
    # A new kind is established a moment before its path answers.
    namespace.client.retry(lambda: namespace.client.send("GET", PATH.format(namespace.name)), roles.DEADLINE_S)


def test_the_custom_resource_keeps_a_contract_as_it_was_written(control_plane: Plane, namespace: Namespace) -> None:
    """The contract with every section, null and `unset` in it, comes back clause for clause, read as the reader."""
    install_contracts(namespace)
    written = yaml.safe_load(CONTRACT.read_text("utf-8"))
    written["spec"]["waivers"][0]["until"] = str(written["spec"]["waivers"][0]["until"])
    namespace.apply(written)
    with roles.reaching(roles.as_role(control_plane, namespace, "reader")) as (reader, _):
        kept = kept_contracts.in_cluster(Contracts(), reader, [namespace.name])
    ((contract,), problems) = kept.contracts.contracts, kept.contracts.problems
    at_hand = loading.load([("full.yaml", CONTRACT.read_text("utf-8"))]).contracts[0]
    assert (kept.unread, problems) == ((), ())
    assert {each.setting: each.promise for each in contract.clauses} == {
        each.setting: each.promise for each in at_hand.clauses
    }
    assert len(contract.waivers) == len(at_hand.waivers)


def test_a_misspelt_field_of_a_contract_is_refused_when_it_is_applied(
    control_plane: Plane, namespace: Namespace
) -> None:
    """The API server names it, as it does for its own kinds."""
    install_contracts(namespace)
    written = {
        "apiVersion": "skewguard.dev/v1alpha1",
        "kind": "ServingContract",
        "metadata": {"name": "chat"},
        "spec": {"targets": [{"kind": "Deployment", "name": "chat"}], "limits": {"max_modl_len": 1}},
    }
    with pytest.raises(Refused, match=r"spec\.limits\.max_modl_len"):
        namespace.client.send("POST", PATH.format(namespace.name), written, fieldValidation="Strict")
