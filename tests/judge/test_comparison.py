"""What differs between two sheets, and what may differ as far as the inputs tell."""

import pytest

from skewguard.assess.given import Given
from skewguard.judge import comparison
from skewguard.judge.checks.interface import Case
from skewguard.language.facts import REPLICAS, Arm, Choice, Effective, Fact, Gap, Origin
from tests.assess.laid_out import case, script
from tests.knowledge.capacity.test_capacity import LLAMA_8B
from tests.knowledge.checkpoints import making

OPEN = "envFrom: [{configMapRef: {name: %s}}]"


def told(a: str, b: str) -> dict[str, bool]:
    """Every setting that differs between two containers, and whether that is decided."""
    return _told(case(a), case(b))


def _told(one: Case, other: Case) -> dict[str, bool]:
    return {item.setting: item.decided for item in comparison.differences(one.sheet, other.sheet)}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (OPEN % "one", OPEN % "one", {}),
        (OPEN % "one", OPEN % "other", {"vllm.env.*": False}),
        (OPEN % "one", "", {"vllm.env.*": False}),
        ("", "", {}),
    ],
)
def test_sources_that_nobody_sees_are_not_called_equal(a: str, b: str, expected: dict[str, bool]) -> None:
    """Two containers that take their variables from different unseen sources may differ in any of them."""
    assert expected == told(f"args: [--model=m]\n{a}", f"args: [--model=m]\n{b}")


def test_variable_of_unknown_value_on_one_side_alone_may_differ() -> None:
    """A variable from a Secret is not the same as none."""
    hidden = "env: [{name: VLLM_API_KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}]"

    assert {"vllm.env.VLLM_API_KEY": False} == told(f"args: [--model=m]\n{hidden}", "args: [--model=m]")


def test_starts_of_one_script_are_equal_to_themselves_and_to_no_other() -> None:
    """What the arms of a script leave open is the same only for the same script."""
    arms = ('if [ "$A" = 1 ]; then', "vllm serve m --max-num-seqs 1", "else", "vllm serve m --max-num-seqs 2", "fi")
    swapped = (arms[0].replace("=", "!="), *arms[1:])

    assert {} == _told(script(*arms), script(*arms))
    assert {"limits.max_num_seqs": False} == _told(script(*arms), script(*swapped))


def test_value_that_one_rule_gives_on_both_sides_follows_from_what_else_differs() -> None:
    """The cache keeps what the weights are: the same rule is not held against itself."""
    given = Given(only=making.of(LLAMA_8B))
    one, other = (case(f"args: [--model=m, --dtype={dtype}]", given=given) for dtype in ("half", "bfloat16"))
    found = {item.setting: item for item in comparison.differences(one.sheet, other.sheet)}

    assert "what else differs changes the default" in found["runtime.kv_cache_dtype"].reason


def test_what_only_a_process_shows_differs_between_processes_alone() -> None:
    """A manifest says nothing of the size of its KV cache, which is no difference to the server that shows it."""
    shown = Origin("endpoint", "GET /metrics of pod chat-0")
    one, other, written = (case("args: [--model=m]") for _ in range(3))
    for side, value in ((one, 1024), (other, 512)):
        side.sheet.add(Fact("vllm.kv_cache_bytes_per_token", value, "observed", shown))

    assert {} == _told(one, written)
    assert {"vllm.kv_cache_bytes_per_token": True} == _told(one, other)


# ---- replicas that run apart -------------------------------------------------------------------------------------------

LENGTH = "limits.max_model_len"


def several(*values: int) -> Choice:
    """What replicas run with that run apart."""
    return Choice(LENGTH, REPLICAS, ("replicas@a",), tuple(Arm(f"on {value}", value) for value in values))


def one_of(*values: int) -> Choice:
    """What an engine has yet to choose."""
    return Choice(LENGTH, "rule", ("gpu@node/a",), tuple(Arm(f"if {value}", value) for value in values))


def fact(value: int) -> Fact:
    """A value that is known."""
    return Fact(LENGTH, value, "observed", Origin("endpoint", "GET /v1/models"))


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        (several(512, 1024), fact(512), False),
        (fact(2048), several(512, 1024), False),
        (several(512, 1024), several(1024, 512), True),
        (several(512, 1024), several(512, 2048), False),
        (several(512, 1024), one_of(512, 1024), None),
        (several(512, 1024), one_of(512, 2048), False),
        (several(512, 1024), Gap(LENGTH, "nobody knows", "config"), None),
        (several(512, 1024), Gap(LENGTH, "nothing sets it", "absent"), False),
    ],
)
def test_several_values_at_once_are_no_one_value(a: Effective, b: Effective, alike: bool | None) -> None:
    """What nobody knows, or what may land on both, stays undecided."""
    assert comparison.equal(LENGTH, a, b) is alike
    assert comparison.equal(LENGTH, b, a) is alike
