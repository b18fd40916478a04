"""Two unknowns are equal only where the same thing decides them: the same script, the same variables, the same object."""

import pytest

from skewguard.judge import comparison
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import writer
from skewguard.language.facts import Fact, Gap
from tests.assess.laid_out import case, effective, findings, own_contract, script

START = "exec vllm serve m $ARGS"
LENGTH = "limits.max_model_len"
OLLAMA = "docker.io/ollama/ollama:0.12.3"


def undecided(a: Case, b: Case) -> set[str]:
    """The settings that may differ."""
    return {item.setting for item in comparison.differences(a.sheet, b.sheet) if not item.decided}


def differing(a: Case, b: Case) -> set[str]:
    """The settings that do differ."""
    return {item.setting for item in comparison.differences(a.sheet, b.sheet) if item.decided}


def built(length: str, *, comment: str = "one", more: str = "") -> Case:
    """A script that makes its arguments behind a condition."""
    condition = 'if [ -n "$MODE" ]; then ARGS="$ARGS --quantization fp8"; fi'
    return script(f"# {comment}", f'ARGS="--max-model-len {length}"', condition, START, more=more)


def test_same_script_leaves_everything_equal() -> None:
    """Comments decide nothing."""
    one, other = built("8192", comment="one"), built("8192", comment="other")

    assert (set(), set()) == (undecided(one, other), differing(one, other))


def test_two_scripts_are_undecided() -> None:
    """Whatever `$ARGS` becomes in one, it may become something else in the other."""
    assert LENGTH in undecided(built("8192"), built("4096"))


def test_variable_that_enters_the_script_is_part_of_what_decides() -> None:
    """The same lines take another branch; a variable that no line names changes nothing of them."""
    prod, test = (built("8192", more=f"env: [{{name: MODE, value: {mode}}}]") for mode in ("prod", "test"))
    other = built("8192", more="env: [{name: OTHER, value: x}]")

    assert LENGTH in undecided(prod, test)
    assert LENGTH not in undecided(built("8192"), other)


def test_variable_that_the_script_only_uses_is_told_apart_by_its_source() -> None:
    """Scripts that differ elsewhere take the length from one unseen key, or from two."""

    def using(map_name: str, dtype: str) -> Case:
        source = f"{{name: LEN, valueFrom: {{configMapKeyRef: {{name: {map_name}, key: len}}}}}}"
        return script(f"exec vllm serve m --dtype {dtype} --max-model-len $LEN", more=f"env: [{source}]")

    assert LENGTH not in undecided(using("a", "half"), using("a", "bfloat16"))
    assert LENGTH in undecided(using("a", "half"), using("b", "half"))


def test_unseen_sources_are_told_apart_by_their_names() -> None:
    """`envFrom` of two ConfigMaps that are not in the input."""

    def of(name: str) -> Case:
        return case(f"args: [m, --max-model-len, $(LEN)]\nenvFrom: [{{configMapRef: {{name: {name}}}}}]")

    assert set() == undecided(of("a"), of("a"))
    assert undecided(of("a"), of("b"))


def test_secret_enters_no_key() -> None:
    """The same key for two tokens, in this run and in the next."""
    token = "hf_" + "abcdefghijklmnopqrstuvwxyzabcdefgh"
    one, other = (
        built("8192", comment="c", more=f"env: [{{name: HF_TOKEN, value: {value}}}]") for value in (token, "y")
    )
    gap = effective(one, LENGTH)

    assert isinstance(gap, Gap)
    assert gap.inputs == effective(other, LENGTH).inputs  # type: ignore[union-attr]


def test_arguments_of_a_program_of_another_grammar_are_told_apart() -> None:
    """Nothing of them is read, so two of them are not equal for that."""
    one, other = (case(f"command: [python3, -m, vllm.entrypoints.api_server, --model, {name}]") for name in ("a", "b"))

    assert undecided(one, other) or differing(one, other)


def test_variables_of_an_engine_without_grammar_are_settings() -> None:
    """Whatever it takes from the environment is one; a token is none of them."""

    def ollama(model: str, token: str) -> Case:
        env = f"env: [{{name: MODEL_ID, value: {model}}}, {{name: HF_TOKEN, value: {token}}}]"
        return case(env, image=OLLAMA)

    fact = effective(ollama("a", "x"), "ollama.env.MODEL_ID")
    assert isinstance(fact, Fact)
    assert "a" == fact.value
    assert {"ollama.env.MODEL_ID"} == differing(ollama("a", "x"), ollama("b", "y"))
    assert set() == undecided(ollama("a", "x"), ollama("a", "y"))


@pytest.mark.parametrize(
    "env", ["{name: MODEL_ID, value: a}", "{name: MODEL_ID, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"]
)
def test_contract_of_an_engine_without_grammar_holds_its_variables(env: str) -> None:
    """It passes on the manifest it was written from."""
    assert [] == [item for item in own_contract(case(f"env: [{env}]", image=OLLAMA)) if item.verdict == "fail"]


def test_contract_of_an_engine_without_grammar_notices_what_is_added() -> None:
    """A variable or an argument that was not there when the contract was written; a token is none."""
    contract = writer.write(case("env: [{name: MODEL_ID, value: a}]", image=OLLAMA), "own")

    def broken(more: str, args: str = "") -> list[str | None]:
        of = case(f"env: [{{name: MODEL_ID, value: a}}{more}]\n{args}", image=OLLAMA)
        return [each.setting for each in findings(of, "contract.mismatch", contract=contract) if each.verdict == "fail"]

    assert [] == broken(", {name: HF_TOKEN, value: x}")
    assert ["ollama.env.QUANTIZE"] == broken(", {name: QUANTIZE, value: awq}")
    assert ["ollama.arguments"] == broken("", "args: [--quantize, awq]")
