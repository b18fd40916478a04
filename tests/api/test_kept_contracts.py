"""Contracts kept in a cluster: read beside the ones at hand, told by the object's name, behind the ones at hand."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from skewguard.api import kept_contracts
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.knowledge.contract import applied, binding
from skewguard.knowledge.contract.values import Nothing, OneOf
from skewguard.language.facts import Subject

CONTRACT = """\
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
  limits:
    max_model_len: 32768
"""


def config_map(text: str, namespace: str = "prod", key: str = "chat.yaml") -> dict[str, Any]:
    """A ConfigMap as an API server gives it."""
    metadata = {"name": "skewguard-chat", "namespace": namespace, "labels": {"skewguard.dev/holds": "contract"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {key: text}}


def resource(spec: Mapping[str, Any], namespace: str = "prod", name: str = "chat") -> dict[str, Any]:
    """A custom resource as an API server gives it."""
    return {
        "apiVersion": "skewguard.dev/v1alpha1",
        "kind": "ServingContract",
        "metadata": {"name": name, "namespace": namespace, "uid": "u", "generation": 2, "managedFields": []},
        "spec": spec,
    }


def read(*kept: Mapping[str, Any]) -> Contracts:
    """The contracts of these objects alone."""
    return kept_contracts.with_objects(Contracts(), kept)


def deployment(namespace: str) -> Subject:
    """A container that the contract above may be for."""
    return Subject("Deployment", "chat", namespace=namespace, container="vllm", group="apps")


def test_a_config_map_holds_contracts_with_places_that_name_it() -> None:
    """A clause of a contract kept in a ConfigMap has its object, key and line for a place."""
    (contract,) = read(config_map(CONTRACT)).contracts
    assert str(contract.clauses[0].origin) == "ConfigMap prod/skewguard-chat key chat.yaml line 7"
    assert contract.clauses[0].origin.text == "32768"


def test_a_custom_resource_is_a_contract_with_paths_for_places() -> None:
    """A clause of a custom resource has the path inside it for a place."""
    spec = {"targets": [{"kind": "Deployment", "name": "chat"}], "limits": {"max_model_len": 32768}}
    (contract,) = read(resource(spec)).contracts
    assert str(contract.clauses[0].origin) == "ServingContract prod/chat .spec.limits.max_model_len"


def test_a_broken_contract_in_the_cluster_is_a_problem_that_names_its_object() -> None:
    """A mistake is told with the object, key and line, and the contract beside it counts."""
    broken = CONTRACT.replace("max_model_len", "max_modl_len").replace("name: chat}", "name: other}")
    promised = read(config_map(broken), config_map(CONTRACT, "staging"))
    (problem,) = promised.problems
    assert problem.file == "ConfigMap prod/skewguard-chat key chat.yaml line 7"
    assert problem.hint == "did you mean limits.max_model_len?"
    assert [contract.namespace for contract in promised.contracts] == ["staging"]


def test_yaml_that_does_not_parse_in_a_config_map_is_a_problem() -> None:
    """Text that is no YAML at all is told with its line in the key."""
    (problem,) = read(config_map("spec: [\n")).problems
    assert problem.file is not None
    assert problem.file.startswith("ConfigMap prod/skewguard-chat key chat.yaml line ")
    assert "not valid YAML" in problem.message


def test_a_config_map_that_holds_no_contract_is_noted() -> None:
    """A labelled ConfigMap with another document is passed over, and told with its name."""
    (note,) = read(config_map("kind: Deployment\n")).notes
    assert note == "ConfigMap prod/skewguard-chat key chat.yaml line 1: is no contract: its kind is Deployment"


def test_a_target_without_namespace_means_the_namespace_of_its_contract() -> None:
    """One chart in two namespaces brings its contract into both, and each binds its own workload alone."""
    promised = read(config_map(CONTRACT, "prod"), config_map(CONTRACT, "staging"))
    assert not promised.problems
    bound = binding.bind(promised.contracts, [deployment("prod"), deployment("staging"), deployment("dev")])
    names = [each.contract.namespace if each.contract else None for each in bound]
    assert names == ["prod", "staging", None]


def test_a_target_that_names_a_namespace_keeps_it() -> None:
    """A platform team keeps contracts for others' namespaces in its own."""
    text = CONTRACT.replace("{kind: Deployment", "{namespace: prod, kind: Deployment")
    promised = read(config_map(text, "platform"))
    (bound,) = binding.bind(promised.contracts, [deployment("prod")])
    assert bound.contract is not None


def test_a_contract_at_hand_goes_before_one_kept_in_the_cluster(tmp_path: Any) -> None:
    """Where both pick a container the file binds it, and the kept one is no second contract of it."""
    file = tmp_path / "chat.yaml"
    file.write_text(textwrap.dedent(CONTRACT))
    promised = kept_contracts.with_objects(load_contracts([str(file)]), [config_map(CONTRACT)])
    (bound,) = binding.bind(promised.contracts, [deployment("prod")])
    assert bound.contract is not None
    assert not bound.contract.kept
    assert [contract.kept for contract in bound.shadowed] == [True]
    assert binding.without_target(promised.contracts, [bound]) == []


def test_two_contracts_of_one_name_in_one_namespace_are_a_problem() -> None:
    """Custom resource and ConfigMap with a contract of one name: told with both places."""
    spec = {"targets": [{"kind": "Deployment", "name": "chat"}]}
    (problem,) = read(config_map(CONTRACT), resource(spec)).problems
    assert "a second contract is named chat" in problem.message
    assert problem.hint is not None
    assert "ConfigMap prod/skewguard-chat key chat.yaml line 3" in problem.hint


def test_a_version_that_an_api_server_keeps_as_a_number_is_refused() -> None:
    """`version: 0.10` without quotes is 0.1 in a cluster: nobody can know which was meant."""
    spec = {"targets": [{"kind": "Deployment", "name": "chat"}], "runtime": {"version": 0.1}}
    (problem,) = read(resource(spec)).problems
    assert problem.file == "ServingContract prod/chat .spec.runtime.version"
    assert problem.hint == "write it in quotes"


def test_numbers_that_are_meant_as_numbers_are_read_from_a_custom_resource() -> None:
    """Shares and counts are numbers in a cluster as in a file."""
    spec = {
        "targets": [{"kind": "Deployment", "name": "chat"}],
        "runtime": {"gpu_memory_utilization": 0.9, "quantization": None},
        "limits": {"max_num_seqs": {"max": 256}},
    }
    promised = read(resource(spec))
    assert not promised.problems
    assert len(promised.contracts[0].clauses) == 3


def test_a_null_that_kubectl_did_not_send_is_a_problem() -> None:
    """Client-side apply drops `quantization: null`; the annotation that it leaves tells, and nothing is lost in silence."""
    targets = [{"kind": "Deployment", "name": "chat"}]
    wanted = {"targets": targets, "limits": None, "runtime": {"quantization": None, "dtype": [None]}}
    kept = resource({"targets": targets, "runtime": {"dtype": [None]}})
    kept["metadata"]["annotations"] = {applied.LAST_APPLIED: json.dumps({"spec": wanted})}
    (problem,) = read(kept).problems
    assert problem.file == "ServingContract prod/chat .spec.runtime.quantization"
    assert "did not arrive" in problem.message
    assert problem.hint == "write [null], or apply with --server-side"


def test_null_in_a_list_promises_none_in_a_custom_resource() -> None:
    """`[null]` reaches the cluster whoever applies it, and promises the same as null."""
    spec = {"targets": [{"kind": "Deployment", "name": "chat"}], "runtime": {"quantization": [None]}}
    (clause,) = read(resource(spec)).contracts[0].clauses
    assert clause.promise == OneOf((Nothing(),))


def test_an_annotation_that_is_no_json_is_passed_over() -> None:
    """Whatever stands in the annotation of somebody else's tool, the contract is read."""
    kept = resource({"targets": [{"kind": "Deployment", "name": "chat"}]})
    kept["metadata"]["annotations"] = {applied.LAST_APPLIED: "{"}
    assert len(read(kept).contracts) == 1
