"""Several starts of an engine in one container, and starts that may not happen."""

import pytest

from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Fact, Gap
from tests.assess.laid_out import case, clauses, effective, own_contract, script
from tests.assess.laid_out import findings as found_in

SEQS, LENGTH, MODEL, DTYPE = "limits.max_num_seqs", "limits.max_model_len", "model.id", "runtime.dtype"


def arms(first: str, second: str) -> Case:
    """A script that starts one of two servers."""
    return script('if [ "$MODE" = big ]; then', f"  exec {first}", "else", f"  exec {second}", "fi")


def starts(of: Case) -> bool | None:
    """Whether the parser takes the arguments."""
    assert of.parsed is not None
    return of.parsed.starts


def test_what_the_arms_say_differently_is_a_gap_that_names_both() -> None:
    """64 in one arm and 128 in the other is neither; set in one arm only is no value either."""
    both = arms("vllm serve m --max-num-seqs 64", "vllm serve m --max-num-seqs 128 --max-model-len 8192")
    seqs, length = effective(both, SEQS), effective(both, LENGTH)

    assert isinstance(seqs, Gap)
    assert isinstance(length, Gap)
    assert ("starts", True) == (seqs.rule, bool(seqs.would_need))
    assert all(word in seqs.reason for word in ("`64` at deploy.yaml:15", "`128` at deploy.yaml:17"))
    assert "not set at deploy.yaml:15" in length.reason


def test_what_the_arms_agree_on_is_a_value_that_rests_on_the_condition() -> None:
    """The same model and number format in both arms; that one of them happens is the shell's to decide."""
    both = arms("vllm serve m --dtype half --max-num-seqs 64", "vllm serve m --max-num-seqs 8 --dtype half")

    for setting, value in ((MODEL, "m"), (DTYPE, "half")):
        fact = effective(both, setting)
        assert isinstance(fact, Fact)
        assert (value, ("the shell's conditions around deploy.yaml:15 and 1 more",)) == (fact.value, fact.assumes)


def test_what_the_engine_derives_differently_in_the_arms_is_a_gap() -> None:
    """Nobody writes the name that is served, and it follows two models."""
    both = arms("vllm serve a", "vllm serve b")

    assert isinstance(effective(both, "model.served_name"), Gap)
    assert isinstance(effective(both, "runtime.gpu_memory_utilization"), Fact)


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("vllm serve m", "vllm serve m --dtype half", None),
        ("vllm serve m", "vllm serve m --no-such-flag", None),
        ("vllm serve m --no-such-flag", "vllm serve m --none-such", False),
    ],
)
def test_start_is_certain_only_where_every_arm_says_so(first: str, second: str, answer: bool | None) -> None:
    """An arm that is refused, or a condition that may let none happen, leaves it open."""
    assert starts(arms(first, second)) is answer


def test_two_servers_side_by_side_start_if_both_do() -> None:
    """No condition stands around either of them."""
    good, bad = "vllm serve m --port 8000 &", "vllm serve m --port 8001 --no-such-flag &"

    assert starts(script(good, "vllm serve m --port 8001 &", "wait")) is True
    assert starts(script(good, bad, "wait")) is None


def test_fault_in_one_arm_is_told_and_in_doubt() -> None:
    """The arm may be one that this version never reaches."""
    (told,) = found_in(arms("vllm serve m", "vllm serve m --no-such-flag"), "args.unknown")

    assert "unknown" == told.verdict
    assert "one of 2 starts in the container, and the shell decides which" in told.message


def test_fault_of_a_second_server_fails() -> None:
    """Both servers start for certain, and one of them does not come up."""
    (told,) = found_in(script("vllm serve m &", "vllm serve m --no-such-flag &", "wait"), "args.unknown")

    assert "fail" == told.verdict
    assert "one of 2 starts in the container" in told.message


def test_fault_in_every_arm_fails() -> None:
    """Whichever arm happens, the flag is refused."""
    both = arms("vllm serve m --no-such-flag", "vllm serve m --no-such-flag --dtype half")

    assert ["fail", "fail"] == [item.verdict for item in found_in(both, "args.unknown")]


def test_start_behind_a_condition_alone_leaves_its_values_in_doubt() -> None:
    """Where the condition fails nothing serves; where it holds this is what runs."""
    only = script("if [ -d /models ]; then", "  vllm serve m --max-num-seqs 64", "fi")
    fact = effective(only, SEQS)

    assert isinstance(fact, Fact)
    assert (64, ("the shell's condition around deploy.yaml:15",)) == (fact.value, fact.assumes)
    assert starts(only) is None


def test_member_of_a_ray_group_is_no_second_start() -> None:
    """The other arm of a leader's script joins a group, whose settings are the leader's."""
    group = script(
        'if [ "$LWS_WORKER_INDEX" = 0 ]; then', "  vllm serve m --max-num-seqs 64", "else", "  ray start", "fi"
    )

    assert 64 == getattr(effective(group, SEQS), "value", None)


def test_asking_for_help_is_no_start() -> None:
    """`vllm serve --help | grep` only looks what this version knows."""
    asked = script("vllm serve --help | grep -q max-num-seqs && echo yes", "exec vllm serve m --max-num-seqs 64")

    assert 64 == getattr(effective(asked, SEQS), "value", None)
    assert starts(asked) is True


def test_another_engine_in_the_other_arm_leaves_everything_open() -> None:
    """Which engine serves is the shell's to decide: no setting of one of them can be promised."""
    both = arms("vllm serve m --max-num-seqs 64", "python3 -m sglang.launch_server --model-path m")

    assert isinstance(effective(both, "runtime.engine"), Gap)
    assert starts(both) is None
    assert {"runtime.engine": "unknown", SEQS: "unknown"} == clauses(
        both, "runtime: {engine: vllm}", "limits: {max_num_seqs: 64}"
    )


def test_program_that_hands_the_command_on_leaves_a_doubt() -> None:
    """Nobody sees what the wrapper adds."""
    fact = effective(case("command: [/opt/run.sh, vllm, serve, m, --max-num-seqs, '64']"), SEQS)

    assert isinstance(fact, Fact)
    assert ("`/opt/run.sh`, which is not in the input",) == fact.assumes


def test_image_that_only_its_name_calls_an_engine_leaves_a_doubt() -> None:
    """What the entrypoint of somebody's own image does with the arguments is not known."""
    fact = effective(case("args: [--model=m]", image="registry.example.com/team/vllm:1"), MODEL)

    assert isinstance(fact, Fact)
    assert ("the image registry.example.com/team/vllm:1",) == fact.assumes


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("vllm serve m --max-num-seqs 64",), "pass"),
        (("if true; then vllm serve m --max-num-seqs 64; else vllm serve m --max-num-seqs 9; fi",), "unknown"),
    ],
)
def test_promise_is_not_kept_by_one_of_two_starts(lines: tuple[str, ...], verdict: str) -> None:
    """A promise holds for what runs, and which start that is nobody knows."""
    assert {SEQS: verdict} == clauses(script(*lines), "limits: {max_num_seqs: 64}")


def test_contract_written_from_several_starts_is_kept_by_them() -> None:
    """`init` promises what is certain, and nothing else."""
    both = arms("vllm serve m --max-num-seqs 64", "vllm serve m --max-num-seqs 128 --max-model-len 8192")

    assert [] == own_contract(both)


def test_key_of_the_starts_tells_two_scripts_apart() -> None:
    """Equal gaps must stand for equal scripts; comments and blanks do not make another one."""

    def key(*lines: str) -> tuple[str, ...]:
        gap = effective(script(*lines), SEQS)
        assert isinstance(gap, Gap)
        return gap.inputs

    first = ("if [ -d /a ]; then", "vllm serve m --max-num-seqs 1", "else", "vllm serve m --max-num-seqs 2", "fi")
    same = ("# why", "if  [ -d /a ]; then", "  vllm serve m --max-num-seqs 1", *first[2:])
    swapped = (first[0].replace("-d", "! -d"), *first[1:])

    assert key(*first) == key(*same) != key(*swapped)


def test_program_that_the_shell_may_become_instead_leaves_a_doubt() -> None:
    """`exec /opt/override.sh` in an arm ends the script there, and nobody knows what it starts."""
    found = script("[ -f /opt/override.sh ] && exec /opt/override.sh", "exec vllm serve m --max-num-seqs 64")
    fact = effective(found, SEQS)

    assert isinstance(fact, Fact)
    assert (("`/opt/override.sh`, which is not in the input",), None) == (fact.assumes, starts(found))
    hooked = script("[ -f /opt/hook.sh ] && /opt/hook.sh", "exec vllm serve m --max-num-seqs 64")
    assert starts(hooked) is True
