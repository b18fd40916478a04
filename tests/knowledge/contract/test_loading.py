"""Contracts from text: what is one, what is wrong with it, and where."""

import json
from pathlib import Path

import pytest

from skewguard.knowledge.contract import loading
from skewguard.knowledge.contract.values import Exactly, Range, Target
from skewguard.language.facts import Origin
from tests.knowledge.contract.texts import CHECKS, HEAD, complaints, contract, contract_text, load

FULL = Path(__file__).parents[2] / "data" / "contracts" / "full.yaml"


def test_contract_is_read_whole() -> None:
    """The example of the documentation, with every section, has no mistake."""
    loaded = load(FULL.read_text())

    assert ([], [], ["chat"]) == (loaded.errors, loaded.foreign, [item.name for item in loaded.contracts])
    found = loaded.contracts[0]
    assert ("prod", "Deployment", "chat", "vllm") == tuple(
        getattr(found.targets[0], name) for name in ("namespace", "kind", "name", "container")
    )
    assert {"ttft": {"p95": 2.0}, "output_tokens_per_second": {"min": 1000}} == found.performance["slo"]
    assert {"requests": 40, "tokens": 4000, "seconds": 30.0} == found.behaviour["budget"]


def test_contract_keeps_the_place_of_every_clause() -> None:
    """A clause points at its value, so that a finding can point there too."""
    origin = contract("limits: {max_num_seqs: 256}").clauses[0].origin

    assert ("chat.yaml", 6, 26, 29, "256") == (
        origin.file,
        origin.line,
        origin.column,
        origin.end_column,
        origin.text,
    )


def test_contract_of_json_is_read() -> None:
    """The same contract as JSON, as `kubectl get -o json` gives it, status and all."""
    tree = {
        "apiVersion": "skewguard.dev/v1alpha1",
        "kind": "ServingContract",
        "metadata": {"name": "chat", "namespace": "prod", "uid": "1", "resourceVersion": "2", "generation": 1},
        "spec": {"targets": [{"kind": "Deployment", "name": "chat"}], "limits": {"max_num_seqs": {"max": 256}}},
        "status": {"observedGeneration": 1},
    }
    loaded = load(json.dumps(tree))

    assert [] == loaded.errors
    assert Range(None, 256) == loaded.contracts[0].clauses[0].promise
    assert loaded.contracts[0].namespace == "prod"


def test_target_without_namespace_means_the_one_the_contract_names() -> None:
    """A contract that says where it lives binds there; one that does not binds in any namespace."""
    text = contract_text("limits: {max_num_seqs: 256}")
    at_home = text.replace("metadata: {name: chat}", "metadata: {name: chat, namespace: staging}")
    found = [load(each).contracts[0].targets[0].namespace for each in (text, at_home)]
    assert found == ["*", "staging"]


def test_roles_are_merged_over_the_whole() -> None:
    """A role's clause replaces the one for all, the others hold for the role too."""
    found = contract("limits: {max_num_seqs: 256, max_model_len: 4096}\nroles: {prefill: {limits: {max_num_seqs: 32}}}")

    assert {"limits.max_num_seqs": 32, "limits.max_model_len": 4096} == {
        clause.setting: clause.promise.value
        for clause in found.promised("prefill")
        if isinstance(clause.promise, Exactly)
    }
    assert found.promised("decode") == found.clauses == found.promised(None)
    assert found.promised("prefill-worker") == found.promised("prefill")


def test_several_documents_and_lists_give_several_contracts() -> None:
    """Every document of a file, and every item of a List, is a contract."""
    one = contract_text("limits: {max_num_seqs: 1}")
    items = "".join(f"    {line}\n" for line in one.replace("chat", "batch").splitlines())
    listed = "apiVersion: v1\nkind: List\nitems:\n  -\n" + items
    loaded = load(f"{one}---\n{listed}")

    assert ([], ["chat", "batch"]) == (loaded.errors, [item.name for item in loaded.contracts])


@pytest.mark.parametrize("style", ["|", '"'])
def test_contract_in_a_config_map_keeps_places_in_the_outer_file(style: str) -> None:
    """A contract kept in a labelled ConfigMap is read, and what is wrong with it is told where it stands."""
    inner = contract_text("limits: {max_nun_seqs: 1}")
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels: {skewguard.dev/holds: contract}\ndata:\n"
    block = "  chat.yaml: |\n" + "".join(f"    {line}\n" for line in inner.splitlines())
    text = head + (block if style == "|" else f"  chat.yaml: {json.dumps(inner)}\n")
    loaded = load(text, "map.yaml")

    error = loaded.errors[0]
    at = text.splitlines()[(error.line or 0) - 1][(error.column or 0) - 1 :]
    assert ("map.yaml", True) == (error.file, at.startswith("max_nun_seqs"))
    assert ("did you mean limits.max_num_seqs?", 1) == (error.hint, len(loaded.errors))


def test_contract_in_a_config_map_is_bound_like_any_other() -> None:
    """The ConfigMap's contract has the name that stands in its text."""
    inner = "".join(f"    {line}\n" for line in contract_text("limits: {max_num_seqs: 1}").splitlines())
    loaded = load(
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c, labels: {skewguard.dev/holds: contract}}\n"
        f"data:\n  a: |\n{inner}"
    )

    assert ([], ["chat"]) == (loaded.errors, [item.name for item in loaded.contracts])
    clause = loaded.contracts[0].clauses[0]
    assert (11, 30, "1") == (clause.origin.line, clause.origin.column, clause.origin.text)


@pytest.mark.parametrize("kind", ["ServngContract", "ServingContracts", "servingContract", "ServingContact"])
def test_mistyped_kind_is_a_mistake(kind: str) -> None:
    """A contract that a typo would hide is told wherever it lies, also in a folder."""
    loaded = load(HEAD.replace("ServingContract", kind).replace("skewguard.dev/v1alpha1", "skew/v1"))

    assert [] == loaded.foreign
    assert [(f"is no contract: its kind is {kind}", "did you mean kind: ServingContract?")] == [
        (error.message, error.hint) for error in loaded.errors
    ]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("kind: Deployment\napiVersion: apps/v1\n", "is no contract: its kind is Deployment",
         "a contract says apiVersion: skewguard.dev/v1alpha1 and kind: ServingContract"),
        ("kind: ServingRuntime\n", "is no contract: its kind is ServingRuntime",
         "a contract says apiVersion: skewguard.dev/v1alpha1 and kind: ServingContract"),
        ("a: 1\n", "is no contract: it has no kind",
         "a contract says apiVersion: skewguard.dev/v1alpha1 and kind: ServingContract"),
        ("# nothing\n", "holds no document, so it is no contract", None),
        ("just text\n", "is no contract: it has no kind",
         "a contract says apiVersion: skewguard.dev/v1alpha1 and kind: ServingContract"),
    ],
)  # fmt: skip
def test_other_documents_are_no_contract(text: str, message: str, hint: str | None) -> None:
    """What is no contract is told apart from what is a broken one, so that a folder may hold both."""
    loaded = load(text)

    assert ([], []) == (loaded.errors, loaded.contracts)
    assert [(message, hint)] == [(error.message, error.hint) for error in loaded.foreign]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD, "1:1 the contract has no spec (write spec.targets and what you promise)"),
        (f"{HEAD}spec: [1]\n", "4:7 spec must be a mapping, not a list"),
        (contract_text("", targets="  targets: []\n"),
         "5:12 the contract has no targets (write targets: [{kind: Deployment, name: …}])"),
        (contract_text("", targets="  limits: {max_num_seqs: 1}\n"),
         "5:3 the contract has no targets (write targets: [{kind: Deployment, name: …}])"),
        (contract_text("", targets="  targets: {kind: Pod}\n"), "5:12 targets must be a list, not a mapping"),
        (contract_text("", targets="  targets: [chat]\n"),
         "5:13 a target must be a mapping, not 'chat' (write {kind: …, name: …})"),
        (contract_text("", targets="  targets: [{kind: Pod}]\n"),
         '5:13 a target needs name (write "*" where any will do)'),
        (contract_text("", targets="  targets: [{kind: Pod, name: 'a['}]\n"),
         "5:31 target name 'a[' has an open bracket"),
        (contract_text("", targets="  targets: [{kind: Pod, name: ''}]\n"), "5:31 target name must be a text, not an empty text"),
        (contract_text("", targets="  targets: [{kind: Pod, name: a, ns: b}]\n"),
         "5:34 a target has no field 'ns' (it may hold: cluster, namespace, kind, name, container, role)"),
        (contract_text("limitz: {}"), "6:3 spec has no field 'limitz' (did you mean limits?)"),
        (contract_text("max_num_seqs: 3"),
         "6:3 spec has no field 'max_num_seqs' (it is limits.max_num_seqs: write limits: {max_num_seqs: …})"),
        (contract_text("limits: 3"), "6:11 limits must be a mapping, not '3'"),
        (contract_text("limits: {max_modl_len: 3}"),
         "6:12 limits.max_modl_len is no setting (did you mean limits.max_model_len?)"),
        (contract_text("limits: {tensor: 3}"), "6:12 limits.tensor is no setting (did you mean parallelism.tensor?)"),
        (contract_text("limits: {max_num_seqs: 3, max_num_seqs: 4}"),
         "6:12 limits.max_num_seqs is written twice, and this one is lost"),
        (contract_text("engine_settings: {vllm.max_num_seqs: 3}"),
         "6:21 vllm.max_num_seqs is limits.max_num_seqs in the vocabulary (write it under limits: {max_num_seqs: …})"),
        (contract_text("engine_settings: {limits.max_num_seqs: 3}"),
         "6:21 limits.max_num_seqs belongs to the vocabulary (write it under limits: {max_num_seqs: …})"),
        (contract_text("engine_settings: {vllm.max-lora-rank: 3}"),
         "6:21 'vllm.max-lora-rank' names a flag, not a setting (write vllm.max_lora_rank)"),
        (contract_text("engine_settings: {foo: 3}"),
         "6:21 'foo' names no engine setting (write ENGINE.DEST, for example vllm.compilation_config)"),
        (contract_text("engine_settings: {vllm.*: 3}"),
         "6:29 vllm.* is a pattern, and only `unset` can be promised for a pattern"),
        (contract_text("roles: {prefil: {}}"), "6:11 roles has no field 'prefil' (did you mean prefill?)"),
        (contract_text("performance: {load: {profile: poison}}"),
         "6:33 performance.load.profile must be one of poisson, constant, concurrency, burst, not 'poison'"),
        (contract_text("performance: {load: {rate: 0}}"), "6:30 performance.load.rate must be greater than 0"),
        (contract_text("performance: {slo: {tttft: {p95: 2s}}}"),
         "6:23 performance.slo has no field 'tttft' (did you mean ttft?)"),
        (contract_text("performance: {slo: {ttft: {p95: fast}}}"),
         "6:35 performance.slo.ttft.p95 must be a duration, not 'fast' (for example 250ms, 2s or 1m30s)"),
        (contract_text("performance: {tolerances: {tpot: {p95: {max_ration: 1}}}}"),
         "6:43 performance.tolerances.tpot.p95 has no field 'max_ration' (did you mean max_ratio?)"),
        (contract_text("behaviour: {budget: {requests: -1}}"),
         "6:34 behaviour.budget.requests must be a whole number of at least 0, not '-1'"),
        (contract_text("waivers: [{check: pin.image-digets, reason: a, until: 2027-01-31}]"),
         "6:21 there is no check 'pin.image-digets' (did you mean pin.image-digest?)"),
        (contract_text("waivers: [{check: nope.*, reason: a, until: 2027-01-31}]"),
         "6:21 there is no check 'nope.*' (a check is GROUP.NAME, or GROUP.* for all of: contract, limits, pin)"),
        (contract_text("waivers: [{check: pin.*, reason: '', until: 2027-01-31}]"),
         "6:36 the waiver's reason must be a text, not an empty text"),
        (contract_text("waivers: [{check: pin.*, reason: a}]"),
         "6:13 a waiver needs until (write the last day it holds, for example 2027-01-31)"),
        (contract_text("waivers: [{check: pin.*, until: 2027-01-31}]"),
         "6:13 a waiver needs reason (say why, for the colleague who meets it)"),
        (contract_text("waivers: [{check: pin.*, reason: a, until: 31.1.2027}]"),
         "6:46 until is no date: '31.1.2027' (write YYYY-MM-DD)"),
        (contract_text("waivers: [{check: pin.*, reason: a, until: 2027-01-31, where: {namespce: x}}]"),
         "6:66 where has no field 'namespce' (did you mean namespace?)"),
        (("apiVersion: skewguard.dev/v1\nkind: ServingContract\nmetadata: {name: a}\nspec:\n"
         "  targets: [{kind: Pod, name: a}]\n"),
         "1:13 apiVersion is 'skewguard.dev/v1' (this version of skewguard reads skewguard.dev/v1alpha1)"),
        (("apiVersion: skewguard.dev/v1alpha1\nkind: ServingContrct\nmetadata: {name: a}\nspec:\n"
         "  targets: [{kind: Pod, name: a}]\n"),
         "2:7 'ServingContrct' is no kind of skewguard.dev/v1alpha1 (did you mean ServingContract?)"),
        (contract_text("limits: {}").replace("{name: chat}", "{name: chat, nmae: b}", 1),
         "3:24 metadata has no field 'nmae' (did you mean name?)"),
        (contract_text("limits: {}").replace("{name: chat}", "{}", 1), "1:1 the contract has no name (write metadata.name)"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_place_and_remedy(text: str, complaint: str) -> None:
    """Each mistake is told once, at its place, with the nearest name or what to write."""
    assert [complaint] == complaints(text)


def test_all_mistakes_are_told_at_once() -> None:
    """One mistake does not hide the next."""
    body = "limits: {max_modl_len: 1, max_num_seqs: x}\nruntime: {dtype: {min: 1}}\nwaivers: [{check: a.b}]"

    assert ["6:12", "6:43", "7:20", "8:13", "8:13", "8:21"] == [
        complaint.partition(" ")[0] for complaint in complaints(contract_text(body))
    ]


def test_contract_with_a_mistake_is_not_given() -> None:
    """A contract that was misread must not be judged by half."""
    assert [] == load(contract_text("limits: {max_modl_len: 1}")).contracts


def test_second_contract_of_a_name_is_a_mistake() -> None:
    """Two contracts of one name cannot be told apart in a report."""
    text = contract_text("limits: {max_num_seqs: 1}")
    loaded = loading.load([("a.yaml", text), ("b.yaml", text)], CHECKS)

    assert [("b.yaml", 3, 18, "a second contract is named chat")] == [
        (error.file, error.line, error.column, error.message) for error in loaded.errors
    ]


def test_broken_document_does_not_hide_the_next() -> None:
    """A document that does not parse is one error; the contract after it is read."""
    loaded = load("a: [\n---\n" + contract_text("limits: {max_num_seqs: 1}"))

    assert (1, ["chat"]) == (len(loaded.errors), [item.name for item in loaded.contracts])


def test_target_defaults_to_any() -> None:
    """Only kind and name are required; the rest picks all."""
    found = contract("limits: {max_num_seqs: 1}").targets[0]

    assert Target("Deployment", "chat", found.origin) == found
    assert isinstance(found.origin, Origin)
