"""Exit codes: the first that applies of 130 interrupted, 1 failed, 4 crashed, 2 unreadable, 3 unknown, 0."""

from collections.abc import Iterator

import pytest

from skewguard.judge.checks.interface import CHECKS, Case, Check, Result
from skewguard.language.errors import ExitCode
from tests.cli.running import BAD, BROKEN, GOOD, KEPT, NO_ENGINE, UNSEEN, WARNED, Run, write

OTHER = GOOD.replace("max-num-seqs=128", "max-num-seqs=64")
"""The good one with another batch size."""

SECOND = GOOD.replace("name: chat", "name: batch")
"""Another deployment."""


@pytest.fixture
def crashing_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more check, which crashes on everything."""

    def crash(case: Case) -> Iterator[Result]:
        raise ZeroDivisionError(case.engine)

    row = Check("pin.crash", "Crashes", "model", "note", "It always does.", "Mend it.", crash)
    monkeypatch.setitem(CHECKS, "pin.crash", row)


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (GOOD, "error", 0),
        (GOOD, "warning", 0),
        (GOOD, "note", 1),
        (GOOD, "never", 0),
        (WARNED, "error", 0),
        (WARNED, "warning", 1),
        (WARNED, "note", 1),
        (WARNED, "never", 0),
        (BAD, "error", 1),
        (BAD, "warning", 1),
        (BAD, "never", 0),
    ],
)
def test_check_fails_from_the_severity_asked_for(run: Run, text: str, fail_on: str, code: int) -> None:
    """`--fail-on` names the weakest severity that counts."""
    write("x.yaml", text)
    assert code == run("check", "x.yaml", "--fail-on", fail_on).code


@pytest.mark.parametrize(
    ("text", "contract", "code"), [(GOOD, KEPT, 0), (GOOD, BROKEN, 1), (UNSEEN, KEPT, 3), (UNSEEN, BROKEN, 3)]
)
def test_contract_decides_the_exit_code(run: Run, text: str, contract: str, code: int) -> None:
    """Kept, broken, or a clause that nobody can decide."""
    write("x.yaml", text)
    assert code == run("check", "x.yaml", "--contract", write("c.yaml", contract)).code


def test_unknown_clause_is_accepted_when_asked(run: Run) -> None:
    """`--allow-unknown` turns 3 into 0, and leaves 1 alone."""
    contract = write("c.yaml", KEPT)
    assert 0 == run("check", write("x.yaml", UNSEEN), "--contract", contract, "--allow-unknown").code
    assert 1 == run("check", write("x.yaml", BAD), "--contract", contract, "--allow-unknown").code


def test_check_that_crashes_is_told_and_the_others_go_on(run: Run, crashing_check: None) -> None:
    """Exit code 4, one finding for the crash, and every other finding."""
    write("x.yaml", WARNED)
    done = run("check", "x.yaml", "-o", "json")
    verdicts = {item["check"]: item["verdict"] for item in done.document["findings"]}
    assert (4, "error", "fail") == (done.code, verdicts["pin.crash"], verdicts["pin.image-tag"])
    assert "ZeroDivisionError" in next(i["message"] for i in done.document["findings"] if i["check"] == "pin.crash")


def test_failure_goes_before_a_crash(run: Run, crashing_check: None) -> None:
    """1 before 4."""
    assert 1 == run("check", write("x.yaml", BAD)).code


def test_crash_goes_before_an_unreadable_input(run: Run, crashing_check: None) -> None:
    """4 before 2."""
    assert 4 == run("check", write("x.yaml", GOOD), "gone.yaml").code


def test_failure_goes_before_an_unreadable_input(run: Run) -> None:
    """1 before 2, and the unreadable one is told nevertheless."""
    done = run("check", write("x.yaml", BAD), "gone.yaml")
    assert (1, True) == (done.code, "gone.yaml does not exist" in done.out)


def test_unreadable_input_goes_before_an_unknown_clause(run: Run) -> None:
    """2 before 3."""
    contract = write("c.yaml", KEPT)
    assert 2 == run("check", write("x.yaml", UNSEEN), "gone.yaml", "--contract", contract).code


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("nonsense",),
        ("check", "x.yaml", "--nonsense"),
        ("check", "x.yaml", "--fail-on", "bad"),
        ("check", "x.yaml", "-o", "bad"),
        ("check", "x.yaml", "-o", "json="),
        ("check", "x.yaml", "-o", "json", "-o", "sarif"),
        ("settings",),
        ("settings", "x.yaml", "-o", "sarif"),
        ("diff", "x.yaml"),
        ("diff", "x.yaml", "--engine", "vllm==0.11.0"),
        ("diff", "x.yaml", "x.yaml", "--engine", "vllm==0.11.0", "--engine", "vllm==0.12.0"),
        ("explain",),
        ("explain", "nonsense"),
        ("explain", "x", "y"),
        ("init",),
    ],
)
def test_bad_usage_is_told_in_one_go(run: Run, words: tuple[str, ...]) -> None:
    """Exit code 2, the reason on stderr, nothing on stdout, no traceback."""
    write("x.yaml", GOOD)
    done = run(*words)
    assert (2, "", False) == (done.code, done.out, "Traceback" in done.err)
    assert done.err


def test_bare_command_shows_its_help(run: Run) -> None:
    """Nothing asked: the verbs, and exit code 2 as for other bad usage."""
    done = run()
    assert (2, True) == (done.code, "check" in done.err)


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("check", "--help"), ("--version",)])
def test_help_and_version_are_no_failure(run: Run, words: tuple[str, ...]) -> None:
    """Exit code 0, on stdout."""
    done = run(*words)
    assert (0, "") == (done.code, done.err)
    assert done.out


def test_input_without_an_engine_passes_and_says_why(run: Run) -> None:
    """For each container, the reason."""
    done = run("check", write("x.yaml", NO_ENGINE))
    assert 0 == done.code
    assert "no inference engine in the input" in done.out
    assert "Pod web container web" in done.out


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n---\n", "kind: List\napiVersion: v1\nitems: []\n"])
def test_input_without_any_object_is_unreadable(run: Run, text: str) -> None:
    """A pipe that carried nothing must not look like a pass."""
    done = run("check", write("x.yaml", text))
    assert (2, True) == (done.code, "no Kubernetes document in the input" in done.out)


def test_code_is_the_first_that_applies() -> None:
    """130, 1, 4, 2, 3, 0: what was found goes before what could not be looked at."""
    order = [ExitCode(code) for code in (130, 1, 4, 2, 3, 0)]
    firsts = [ExitCode.first(reversed(order[place:])) for place in range(len(order))]
    assert (order, ExitCode.OK) == (firsts, ExitCode.first([]))


BROKEN_BESIDE = "---\na: [\n"
"""A second document that cannot be read."""


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [
        (GOOD, GOOD, 0),
        (GOOD, OTHER, 1),
        (GOOD, UNSEEN, 3),
        (GOOD, UNSEEN.replace("max-num-seqs=128", "max-num-seqs=64"), 1),
        (GOOD, GOOD + BROKEN_BESIDE, 2),
        (GOOD, OTHER + BROKEN_BESIDE, 1),
        (GOOD + BROKEN_BESIDE, OTHER, 1),
        (GOOD, UNSEEN + BROKEN_BESIDE, 2),
        (GOOD, "a: [\n", 2),
        ("a: [\n", "a: [\n", 2),
        (GOOD, NO_ENGINE, 1),
        (GOOD, NO_ENGINE + BROKEN_BESIDE, 2),
        (f"{GOOD}---\n{SECOND}", GOOD, 1),
        (f"{GOOD}---\n{SECOND}", GOOD + BROKEN_BESIDE, 2),
        (f"{GOOD}---\n{SECOND}", OTHER + BROKEN_BESIDE, 1),
        (NO_ENGINE, NO_ENGINE, 2),
    ],
)
def test_diff_gives_the_first_code_that_applies(run: Run, left: str, right: str, code: int) -> None:
    """1 different, 2 unreadable, 3 undecided; what lacks a counterpart in a broken file is not called different."""
    assert code == run("diff", write("a.yaml", left), write("b.yaml", right)).code
    assert code == run("diff", "b.yaml", "a.yaml").code


def test_diff_of_what_could_not_be_read_claims_nothing(run: Run) -> None:
    """Neither that both are equal, nor that a container stands on one side alone."""
    done = run("diff", write("a.yaml", GOOD), "gone.yaml")
    assert ("nothing could be compared", False) == (
        done.out.splitlines()[-1].partition(",")[0],
        "equal" in done.out or "Only in" in done.out,
    )
    document = run("diff", "a.yaml", "gone.yaml", "-o", "json").document
    assert ([], 1, 1) == (document["only_in_a"], len(document["errors"]), len(document["notes"]))


def test_problem_of_the_project_is_told_once(run: Run) -> None:
    """Both sides of a diff read the same configuration."""
    write(".skewguard/config.yaml", "nonsense: 1\n")
    assert 1 == len(run("diff", write("a.yaml", GOOD), "a.yaml", "-o", "json").document["errors"])


@pytest.mark.parametrize("verb", ["settings", "init"])
@pytest.mark.parametrize(
    ("text", "code"),
    [(GOOD, 0), (UNSEEN, 0), (GOOD + BROKEN_BESIDE, 2), (BROKEN_BESIDE, 2), ("a: 1\n", 2), (BROKEN_BESIDE + GOOD, 2)],
)
def test_showing_verbs_tell_what_could_not_be_read(run: Run, verb: str, text: str, code: int) -> None:
    """Gaps are 0; a document that could not be read is 2, however much of the input could."""
    done = run(verb, write("x.yaml", text))
    assert (code, code == 2) == (done.code, "Could not be read" in done.out + done.err)


@pytest.mark.parametrize("words", [("diff", "x.yaml", "x.yaml"), ("settings", "x.yaml"), ("init", "x.yaml")])
def test_defect_is_told_and_exits_with_four(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Every verb, with what to report and no traceback of Python's."""

    def crash(*_words: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("skewguard.assess.sheets.build", crash)
    write("x.yaml", GOOD)
    done = run(*words)
    assert (4, "", True) == (done.code, done.out, "this is a defect" in done.err)


@pytest.mark.parametrize("words", [("diff", "x.yaml", "x.yaml"), ("settings", "x.yaml"), ("init", "x.yaml")])
def test_interruption_of_every_verb_exits_with_130(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Before everything else."""

    def interrupt(*_words: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("skewguard.assess.sheets.build", interrupt)
    write("x.yaml", GOOD + BROKEN_BESIDE)
    done = run(*words)
    assert (130, "", "interrupted") == (done.code, done.out, done.err.strip())


def test_diff_tells_difference_from_equality(run: Run) -> None:
    """0 equal, 1 different, 2 unreadable, 3 undecidable."""
    write("a.yaml", GOOD)
    write("b.yaml", GOOD.replace("max-num-seqs=128", "max-num-seqs=64"))
    write("c.yaml", UNSEEN)
    codes = [run("diff", "a.yaml", other).code for other in ("a.yaml", "b.yaml", "gone.yaml", "c.yaml")]
    assert [0, 1, 2, 3] == codes


@pytest.mark.parametrize(
    "words",
    [
        ("settings", "x.yaml"),
        ("init", "x.yaml"),
        ("explain", "limits.max_num_seqs"),
        ("explain", "pin.image-tag"),
        ("explain", "vllm/max-num-seqs"),
        ("explain", "vllm==0.11.0"),
        ("explain", "vllm.compilation_config"),
    ],
)
def test_showing_verbs_exit_with_zero(run: Run, words: tuple[str, ...]) -> None:
    """Also for a manifest that `check` would fail, and with gaps in it; `init` says which it cannot promise."""
    write("x.yaml", BAD.replace("--max-model-len=32768", "--max-model-len=$(LENGTH)"))
    done = run(*words)
    assert (0, words[0] == "init") == (done.code, "does not hold limits.max_model_len" in done.err)
    assert words[0] == "init" or done.err == ""
    assert done.out


def test_interruption_exits_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a check runs, without a traceback."""

    def interrupt(case: Case) -> Iterator[Result]:
        raise KeyboardInterrupt(case.engine)

    row = Check("pin.interrupt", "Interrupts", "model", "note", "It always does.", "Mend it.", interrupt)
    monkeypatch.setitem(CHECKS, "pin.interrupt", row)
    done = run("check", write("x.yaml", BAD))
    assert (130, "", "interrupted") == (done.code, done.out, done.err.strip())
