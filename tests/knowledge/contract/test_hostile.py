"""Whatever a file holds: no traceback, and every mistake has a place."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from skewguard.knowledge.contract import loading
from skewguard.language import vocabulary
from tests.knowledge.contract.texts import CHECKS, contract_text

KEYS = st.sampled_from(
    ["apiVersion", "kind", "metadata", "name", "spec", "targets", "equals", "min", "max", "waivers", "check", "until",
     "reason", "where", "roles", "prefill", "engine_settings", "vllm.*", "vllm.env.X", "performance", "slo", "load",
     "ttft", "p95", "tolerances", "behaviour", "budget", "items", "data", "labels", "skewguard.dev/holds", "identity",
     "model", "runtime", "accelerator", "environment", "variables", *vocabulary.SECTIONS,
     *(row.key for row in vocabulary.ROWS)]
)  # fmt: skip
WORDS = st.sampled_from(
    ["skewguard.dev/v1alpha1", "ServingContract", "List", "ConfigMap", "ModelSpec", "piqc.ai/v1alpha1", "contract",
     "unset", "any", "auto", "32k", ">=0.11", "2027-01-31", "1e999", "-1", "９", "a*[", "", " "]
)  # fmt: skip
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=6),
    max_leaves=25,
)


def _sound(text: str) -> loading.Loaded:
    loaded = loading.load([("chat.yaml", text)], CHECKS)
    assert all(
        error.file == "chat.yaml" and (error.line or 0) >= 1 and (error.column or 0) >= 1 and error.message
        for error in [*loaded.errors, *loaded.foreign]
    )
    assert all(clause.origin.line for contract in loaded.contracts for clause in contract.clauses)
    return loaded


@given(st.text())
@example("&a [*a]")
@example("kind: ServingContract\nspec: &s {targets: [*s], limits: *s}\n")
@example(
    "kind: ServingContract\napiVersion: skewguard.dev/v1alpha1\nspec: {<<: [1], runtime: {hf_overrides: &o {equals: *o}}}"
)
@example("&a {kind: List, items: [*a, *a, *a]}\n")
@example("apiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\nmetadata: {name: a}\nspec: &s {identity: *s}\n")
def test_any_text_is_read_without_a_crash(text: str) -> None:
    """A file of anything gives contracts, mistakes with places, or the answer that it is none."""
    _sound(text)


@given(TREES)
def test_any_tree_is_read_without_a_crash(tree: Any) -> None:
    """So does any JSON, also one made of a contract's own words."""
    _sound(json.dumps(tree))


@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_spec_is_read_without_a_crash(spec: dict[str, Any]) -> None:
    """So does a contract with any spec."""
    head = {"apiVersion": "skewguard.dev/v1alpha1", "kind": "ServingContract", "metadata": {"name": "a"}}
    loaded = _sound(json.dumps({**head, "spec": spec}))

    assert bool(loaded.errors) is not bool(loaded.contracts)


@given(TREES)
def test_any_modelspec_is_read_without_a_crash(tree: Any) -> None:
    """So does a ModelSpec with any content."""
    _sound(json.dumps({"apiVersion": "piqc.ai/v1alpha1", "kind": "ModelSpec", "metadata": {"name": "a"}, "spec": tree}))


@given(st.sampled_from(vocabulary.ROWS), TREES)
def test_any_value_of_a_setting_is_a_promise_or_one_place(row: vocabulary.Setting, value: Any) -> None:
    """A clause with any value is read or refused, and never half."""
    loaded = _sound(contract_text(f"{row.section}: {{{row.key}: {json.dumps(value)}}}"))

    assert bool(loaded.errors) is not bool(loaded.contracts)


@given(st.text(max_size=200))
def test_any_config_map_text_keeps_places(text: str) -> None:
    """Places inside a ConfigMap's text are places of the file, which is one line here, whatever the text is."""
    tree = {"kind": "ConfigMap", "metadata": {"labels": {"skewguard.dev/holds": "contract"}}, "data": {"a": text}}
    loaded = _sound(json.dumps(tree))

    assert {1} >= {error.line for error in [*loaded.errors, *loaded.foreign]}
