"""The environment of a container: order, references, and what the input does not hold."""

import pytest

from tests.observe import reading
from tests.observe.reading import container, deployment

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env, namespace: prod}\ndata: {A: one, B-2: two}\n"
KEYS = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: prod}\nstringData: {token: hf_verysecret}\n"


def values(text: str, beside: str = "") -> dict[str, str | None]:
    """The variables by name, as the last entry gives them."""
    return {entry.name: entry.value for entry in container(text, "", beside).env}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("env: [{name: A, value: x}]", {"A": "x"}),
        ("env: [{name: A, value: 8000}]", {"A": "8000"}),
        ("env: [{name: A}]", {"A": ""}),
        ("env: [{name: A, value: null}]", {"A": ""}),
        ("env: [{name: A, value: x}, {name: B, value: $(A)/y}]", {"A": "x", "B": "x/y"}),
        ("env: [{name: B, value: $(A)/y}, {name: A, value: x}]", {"B": "$(A)/y", "A": "x"}),
        ("env: [{name: A, value: x}, {name: A, value: $(A)y}]", {"A": "xy"}),
        ("env: [{name: A, value: '${HOME}:/x'}]", {"A": "${HOME}:/x"}),
        ("env: [{name: A, value: $$(B)}]", {"A": "$(B)"}),
    ],
)
def test_literals_refer_to_earlier_entries(written: str, expected: dict[str, str | None]) -> None:
    """A reference sees what stands before it, and stays as written otherwise."""
    assert values(written) == expected


def test_config_map_of_the_input_gives_the_value_and_its_place() -> None:
    """A value from a ConfigMap stands where the ConfigMap writes it."""
    text = deployment("env: [{name: X, valueFrom: {configMapKeyRef: {name: env, key: A}}}]", "", CONFIG)
    entry = reading.workloads(text)[0].template.containers[0].env[0]
    line = entry.origin.line or 0
    assert (entry.value, entry.source, entry.ref) == ("one", "config-map", "ConfigMap prod/env key A")
    assert "A: one" in text.split("\n")[line - 1]


def test_config_map_in_another_file_is_found() -> None:
    """Objects of one call know each other, whatever file they stand in."""
    text = deployment("env: [{name: X, valueFrom: {configMapKeyRef: {name: env, key: A}}}]")
    assert reading.workloads(text, CONFIG)[0].template.containers[0].env[0].value == "one"


def test_config_map_of_another_namespace_is_not_taken() -> None:
    """A ConfigMap of the same name in another namespace is another one."""
    other = CONFIG.replace("prod", "dev")
    found = reading.read(deployment("envFrom: [{configMapRef: {name: env}}]"), other).inventory
    assert [missing.ref for missing in found.missing] == ["ConfigMap prod/env"]


def test_sources_come_before_entries_and_take_a_prefix() -> None:
    """`envFrom` gives every key under its prefix; `env` wins over it."""
    written = "envFrom: [{prefix: P_, configMapRef: {name: env}}]\nenv: [{name: P_A, value: own}]"
    assert values(written, CONFIG) == {"P_A": "own", "P_B-2": "two"}


def test_values_of_a_source_are_not_expanded() -> None:
    """References in a ConfigMap stay text, as the kubelet leaves them."""
    config = CONFIG.replace("one", "$(B)")
    assert values("envFrom: [{configMapRef: {name: env}}]", config)["A"] == "$(B)"


def test_secret_value_is_never_read() -> None:
    """A Secret's value appears nowhere in what was read, though the Secret is in the input."""
    written = (
        "args: [--api-key=$(KEY)]\nenvFrom: [{secretRef: {name: keys}}]\n"
        "env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: token}}}]"
    )
    found = reading.read(deployment(written, "", KEYS))
    assert "hf_verysecret" not in repr(found.inventory)
    token = (found.inventory.workloads[0].template.containers[0].args or ())[0]
    assert (token.text, token.secret, token.unresolved) == ("--api-key=$(KEY)", True, ("$(KEY)",))


def test_key_that_the_secret_lacks_leaves_the_reference_literal() -> None:
    """An optional key that a Secret of the input does not have defines nothing."""
    written = "args: [$(KEY)]\nenv: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: nope, optional: true}}}]"
    found = container(written, "", KEYS)
    assert (found.args or ())[0].unresolved == ("KEY",)
    assert found.env == ()


def test_optional_key_that_is_not_there_leaves_what_stood_before() -> None:
    """The kubelet passes over the entry (makeEnvironment): the earlier one of that name counts."""
    lacking = "{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: nope, optional: true}}}"
    found = container(f"args: [$(KEY)]\nenv: [{{name: KEY, value: '64'}}, {lacking}]", "", KEYS)

    assert ("64", ()) == ((found.args or ())[0].text, (found.args or ())[0].unresolved)


def test_missing_key_that_is_needed_is_missing() -> None:
    """A key the ConfigMap of the input lacks is named with what it hides."""
    text = deployment("env: [{name: X, valueFrom: {configMapKeyRef: {name: env, key: C}}}]", "", CONFIG)
    missing = reading.read(text).inventory.missing
    assert [(each.ref, each.hides) for each in missing] == [
        ("ConfigMap prod/env key C", "the value of X in container vllm")
    ]


def test_unseen_source_is_missing_and_may_define_anything() -> None:
    """A ConfigMap that is not in the input may define a variable nobody else does."""
    found = reading.read(deployment("envFrom: [{configMapRef: {name: gone, optional: true}}]\nargs: [$(X)]")).inventory
    engine = found.workloads[0].template.containers[0]
    assert [(each.ref, each.prefix, each.optional) for each in engine.unseen_env] == [("ConfigMap prod/gone", "", True)]
    assert [(each.ref, each.hides) for each in found.missing] == [
        ("ConfigMap prod/gone", "variables of container vllm")
    ]
    token = (engine.args or ())[0]
    assert (token.unresolved, token.assumes) == (("X",), ("ConfigMap prod/gone",))


def test_unseen_source_after_a_known_one_may_override_it() -> None:
    """A value from an earlier source rests on the later one not defining it again."""
    written = "envFrom: [{configMapRef: {name: env}}, {secretRef: {name: gone}}]\nargs: [$(A)]"
    token = (container(written, "", CONFIG).args or ())[0]
    assert (token.text, token.assumes) == ("one", ("Secret prod/gone",))


def test_missing_objects_are_named_once_with_the_way_to_supply_them() -> None:
    """One line for each object, however often it is used."""
    written = (
        "env:\n  - {name: A, valueFrom: {configMapKeyRef: {name: gone, key: a}}}\n"
        "  - {name: B, valueFrom: {configMapKeyRef: {name: gone, key: a}}}\n"
    )
    missing = reading.read(deployment(written)).inventory.missing
    assert {each.ref for each in missing} == {"ConfigMap prod/gone key a"}
    assert all("kubectl get configmap gone -n prod" in each.supply for each in missing)


@pytest.mark.parametrize(
    ("entry", "source", "ref"),
    [
        ("{name: X, valueFrom: {fieldRef: {fieldPath: status.podIP}}}", "field", "status.podIP"),
        ("{name: X, valueFrom: {resourceFieldRef: {resource: limits.memory}}}", "resource", "limits.memory"),
        ("{name: X, valueFrom: {secretKeyRef: {name: s, key: k}}}", "secret", "Secret prod/s key k"),
        ("{name: X, value: $(LWS_LEADER_ADDRESS):80}", "literal", None),
    ],
)
def test_values_that_only_the_cluster_knows_are_none(entry: str, source: str, ref: str | None) -> None:
    """Fields, resources, secrets and what controllers inject have no value here, and say why."""
    found = container(f"env: [{entry}]").variable("X")
    assert found is not None
    assert (found.value, found.source, found.ref, found.why_unknown is None) == (None, source, ref, False)


@pytest.mark.parametrize("name", ["LWS_LEADER_ADDRESS", "KUBERAY_GEN_RAY_START_CMD", "CHAT_SERVICE_HOST"])
def test_names_that_controllers_inject_are_known(name: str) -> None:
    """A reference to an injected variable is no undefined name."""
    found = container(f"args: [$({name})]")
    assert (found.args or ())[0].unresolved == (f"$({name})",)
    assert [(entry.name, entry.source) for entry in found.env] == [(name, "controller")]


def test_pod_ip_is_injected_by_platforms_alone() -> None:
    """In a plain Deployment nobody defines POD_IP; AIBrix and others do."""
    assert (container("args: [$(POD_IP)]").args or ())[0].unresolved == ("POD_IP",)
    storm = """
        apiVersion: orchestration.aibrix.ai/v1alpha1
        kind: RoleSet
        metadata: {name: r}
        spec: {roles: [{name: prefill, template: {spec: {containers: [{name: c, image: i, args: [$(POD_IP)]}]}}}]}
    """
    token = (reading.workloads(storm)[0].template.containers[0].args or ())[0]
    assert token.unresolved == ("$(POD_IP)",)


def test_values_that_double_themselves_end_as_unknown() -> None:
    """References cannot make a text of gigabytes."""
    entries = ["{name: A0, value: " + "x" * 100 + "}"]
    entries += [f"{{name: A{n}, value: $(A{n - 1})$(A{n - 1})}}" for n in range(1, 40)]
    found = container(f"env: [{', '.join(entries)}]").variable("A39")
    assert found is not None
    assert len(found.value or "") < 100_000


def test_words_that_repeat_a_long_variable_end_as_unknown() -> None:
    """A hundred references to one long value cannot fill the memory; what is beyond the bound is unknown, not cut."""
    long = "x" * 30_000
    found = container(f"env: [{{name: A, value: {long}}}]\nargs: [{', '.join(['$(A)'] * 100)}]").args or ()
    assert len(found) == 100
    assert sum(len(token.text) for token in found) < 600_000
    assert found[0].text == long
    assert found[-1].unresolved
