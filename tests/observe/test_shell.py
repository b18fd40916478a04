"""Shell scripts: what they start, as far as reading can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import documents
from skewguard.language.workloads import Token
from skewguard.observe.sources import grammar, lexing, shell, texts
from skewguard.observe.sources.expansion import Binding
from skewguard.observe.sources.texts import Text
from tests.searching import examples

PLACE = documents.read("x", "x.yaml")[0][0].root.origin


def text_of(script: str) -> Text:
    """A script as it would stand in a manifest."""
    document = documents.read("s: " + _quoted(script), "x.yaml")[0][0]
    return texts.of(document.root.get("s"))


def _quoted(script: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in script) + '"'


def run(script: str, arguments: list[str] | None = None, **variables: str) -> list[tuple[bool, list[Token]]]:
    """(certain, words) of every program that a script starts."""
    known = {name: Binding(text_of(value), "literal", PLACE) for name, value in variables.items()}
    found = shell.Script(
        text_of(script),
        known.get,
        lambda path: text_of("export SOURCED=yes") if path == "/env.sh" else None,
        name=list(text_of("start.sh").runs),
        positional=[list(text_of(each).runs) for each in arguments or []],
    )
    return [(each.certain, [texts.token(word) for word in each.words]) for each in shell.started(found)]


def words(script: str, arguments: list[str] | None = None, **variables: str) -> list[list[str]]:
    """The words of every program that a script starts."""
    return [[token.text for token in tokens] for _, tokens in run(script, arguments, **variables)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("vllm serve m", ["vllm", "serve", "m"]),
        ("vllm serve 'a b' \"c d\" e\\ f", ["vllm", "serve", "a b", "c d", "e f"]),
        ("vllm serve \\\n  --port 8000", ["vllm", "serve", "--port", "8000"]),
        ("vllm \\ --model m", ["vllm", " --model", "m"]),
        ("vllm --json='{\"a\": 1}'", ["vllm", '--json={"a": 1}']),
        ('vllm --json="{\\"a\\": 1}"', ["vllm", '--json={"a": 1}']),
        ("vllm $'a\\tb'", ["vllm", "a\tb"]),
        ('vllm ""', ["vllm", ""]),
        ("vllm ''", ["vllm", ""]),
        ("vllm a#b # the rest is a comment", ["vllm", "a#b"]),
        ("vllm serve m > /dev/null 2>&1", ["vllm", "serve", "m"]),
        ("vllm serve m &>log", ["vllm", "serve", "m"]),
        ("vllm serve <<< input m", ["vllm", "serve", "m"]),
        ("exec vllm serve m", ["vllm", "serve", "m"]),
        ("exec -a name vllm serve", ["vllm", "serve"]),
        ("command vllm serve", ["vllm", "serve"]),
        ("! vllm serve", ["vllm", "serve"]),
        ("time vllm serve", ["vllm", "serve"]),
        ("( vllm serve )", ["vllm", "serve"]),
        ("{ vllm serve; }", ["vllm", "serve"]),
        ("ulimit -l unlimited python -m vllm", ["ulimit", "-l", "unlimited", "python", "-m", "vllm"]),
        ("set -euo pipefail; vllm serve", ["vllm", "serve"]),
        ("eval \"vllm serve 'a b'\"", ["vllm", "serve", "a b"]),
        ("eval vllm 'serve m'", ["vllm", "serve", "m"]),
    ],
)
def test_script_starts_one_program(script: str, expected: list[str]) -> None:
    """Quotes, continuations, comments and redirections leave the words a shell would pass."""
    assert words(script) == [expected]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("MODEL=m; vllm serve $MODEL", ["vllm", "serve", "m"]),
        ("MODEL='a b'; vllm serve $MODEL", ["vllm", "serve", "a", "b"]),
        ("MODEL='a b'; vllm serve \"$MODEL\"", ["vllm", "serve", "a b"]),
        ("export A=b C=d; vllm $A${C}", ["vllm", "bd"]),
        ("A=1; A+=2; vllm $A", ["vllm", "12"]),
        ("vllm serve ${MODEL:-fallback}", ["vllm", "serve", "fallback"]),
        ("MODEL=; vllm serve ${MODEL:-fallback}", ["vllm", "serve", "fallback"]),
        ("MODEL=; vllm serve ${MODEL-fallback} x", ["vllm", "serve", "x"]),
        ("vllm ${A:-${B:-c}}", ["vllm", "c"]),
        ("A=1; vllm ${A:+--flag}", ["vllm", "--flag"]),
        ("vllm ${A:+--flag} m", ["vllm", "m"]),
        (': "${A:=b}"; vllm $A', ["vllm", "b"]),
        ("A=x; unset A; vllm $A m", ["vllm", "m"]),
        ('ARGS=(--a "b c" --d); vllm "${ARGS[@]}"', ["vllm", "--a", "b c", "--d"]),
        ('ARGS=(--a); ARGS+=(--b "c d"); vllm "${ARGS[@]}"', ["vllm", "--a", "--b", "c d"]),
        ("ARGS=(a b); vllm ${ARGS[1]} $ARGS", ["vllm", "b", "a"]),
        ("A='--x 1'; vllm pre$A", ["vllm", "pre--x", "1"]),
        ("vllm '$A' \"\\$A\"", ["vllm", "$A", "$A"]),
        (". /env.sh; vllm $SOURCED", ["vllm", "yes"]),
    ],
)
def test_variables_are_filled_in(script: str, expected: list[str]) -> None:
    """Assignments, defaults and arrays give the words a shell would pass."""
    assert words(script) == [expected]


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ('exec "$@"', ["vllm", "a b"], ["vllm", "a b"]),
        ("exec $@", ["vllm", "a b"], ["vllm", "a", "b"]),
        ('vllm "$*"', ["a", "b"], ["vllm", "a b"]),
        ('vllm "$1" $2 $3 x', ["a b", "c"], ["vllm", "a b", "c", "x"]),
        ('shift; vllm "$@"', ["a", "b"], ["vllm", "b"]),
        ('vllm "${@:2}"', ["a", "b", "c"], ["vllm", "b", "c"]),
        ('set -- "$@" --port 80; exec vllm "$@"', ["m"], ["vllm", "m", "--port", "80"]),
        ("vllm $0 $#", ["a", "b"], ["vllm", "start.sh", "2"]),
    ],
)
def test_positional_parameters_are_the_words_after_the_script(
    script: str, arguments: list[str], expected: list[str]
) -> None:
    """`$@`, `$1`, `shift` and `set --` work on the arguments of the script."""
    assert words(script, arguments) == [expected]


def test_container_variables_are_known_to_the_shell() -> None:
    """A variable of the container fills in, and an assignment in the script comes before it."""
    assert words("vllm $A; A=2; vllm $A", A="1") == [["vllm", "1"], ["vllm", "2"]]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("vllm $X", [(), ("X",)]),
        ("vllm --a=${X}", [(), ("X",)]),
        ("vllm $(hostname -i)", [(), ("$(hostname -i)",)]),
        ("vllm `hostname`", [(), ("`hostname`",)]),
        ('vllm "$(a "b)" c)" d', [(), ('$(a "b)" c)',), ()]),
        ("vllm $((1 + 2))", [(), ("$((1 + 2))",)]),
        ("vllm ${X%.*}", [(), ("X",)]),
        ("A=$(date); vllm $A", [(), ("$(date)",)]),
        ("if a; then X=1; else X=2; fi; vllm $X", [(), ("X",)]),
        ("[ -n x ] && X=1; vllm $X", [(), ("X",)]),
        ("for X in 1 2; do :; done; vllm $X", [(), ("X",)]),
        ("read X; vllm $X", [(), ("X",)]),
        ("f() { X=1; }; f; vllm $X", [(), ("X",)]),
    ],
)
def test_what_only_a_running_shell_knows_is_unresolved(script: str, expected: list[tuple[str, ...]]) -> None:
    """Command substitutions, undefined variables and values from branches are named, never guessed."""
    last = run(script)[-1][1]
    assert [token.unresolved for token in last] == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a && vllm", [(True, "a"), (True, "vllm")]),
        ("a || vllm", [(True, "a"), (False, "vllm")]),
        ("vllm || sleep infinity", [(True, "vllm"), (False, "sleep")]),
        ("[ -f x ] && vllm", [(False, "vllm")]),
        ("test -f x && vllm; b", [(False, "vllm"), (True, "b")]),
        ("[[ $A == b && -n c ]] && vllm", [(False, "vllm")]),
        ("if x; then vllm a; else vllm b; fi; c", [(False, "x"), (False, "vllm"), (False, "vllm"), (True, "c")]),
        ("while true; do vllm; done", [(True, "true"), (True, "vllm")]),
        ("while sleep 1; do vllm; done", [(False, "sleep"), (False, "vllm")]),
        ("until curl x; do sleep 1; done; vllm", [(False, "curl"), (False, "sleep"), (True, "vllm")]),
        ("for i in 1 2; do vllm $i; done", [(False, "vllm")]),
        ("case $A in a) vllm;; b|c) sglang;; esac; d", [(False, "vllm"), (False, "sglang"), (True, "d")]),
        ("start() { vllm; }; start", [(False, "vllm")]),
        ("function start { vllm; }; start", [(False, "vllm")]),
        ("vllm & p=$!; wait $p", [(True, "vllm")]),
        ("vllm | tee log", [(True, "vllm"), (True, "tee")]),
        ("exec vllm\nsglang", [(True, "vllm")]),
        ("exit 1\nvllm", []),
        ("if x; then exit 1; fi; vllm", [(False, "x"), (True, "vllm")]),
        ("exec > >(tee log) 2>&1; vllm", [(True, "vllm")]),
        ("cat <<EOF > f\nvllm serve not me\nEOF\nvllm", [(True, "cat"), (True, "vllm")]),
        ("a &&\n  vllm", [(True, "a"), (True, "vllm")]),
        ("trap 'kill 0' EXIT; vllm", [(True, "vllm")]),
    ],
)
def test_control_flow_decides_what_is_certain(script: str, expected: list[tuple[bool, str]]) -> None:
    """A program behind a condition, an alternative, a loop or a function may or may not be started so."""
    assert [(certain, tokens[0].text) for certain, tokens in run(script)] == expected


def test_variables_that_double_themselves_end_as_unknown() -> None:
    """A script cannot make the reader build a text of gigabytes."""
    script = "A=xxxxxxxx\n" + "A=$A$A\n" * 60 + "vllm $A"
    assert [token.unresolved for token in run(script)[-1][1]] == [(), ("A",)]


def test_default_of_undefined_variable_assumes_that_the_image_does_not_set_it() -> None:
    """`${A:-b}` is b unless the image defines A, and the word says so."""
    assert [token.assumes for token in run("vllm ${A:-b}")[0][1]] == [(), ("the image's own environment",)]


def test_unread_sourced_file_is_assumed_to_leave_variables_alone() -> None:
    """Variables after `source FILE` rest on a file that nobody can read."""
    assert run("source /x.sh; vllm $A", A="1")[0][1][1].assumes == ("/x.sh",)


_SHELLISH = st.lists(
    st.sampled_from(
        ["$", "${", "}", "$(", "((", "))", "(", ")", "'", '"', "`", "\\", "\n", " ", ";", ";;", "&", "&&", "|", "||", "#",
         "<", "<<E", ">", "E", "if", "then", "else", "fi", "for", "do", "done", "while", "case", "in", "esac", "{", "a=",
         "A=(", "$@", "${A:-", "${A[@]}", "[[", "]]", "f()", "eval", "exec", "set --", "vllm", "\ue000", "é", "\x00"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(max_size=200), _SHELLISH))
@examples(400)
def test_lexer_reads_any_text(script: str) -> None:
    """Any text is taken apart without an error, and every word lies inside it, in order."""
    at = 0
    for item in lexing.lex(script).items:
        assert at <= item.start <= len(script)
        at = item.start
        if item.word is not None:
            assert item.word.start <= item.word.end <= len(script)
            for part in item.word.parts:
                assert item.word.start <= part.start <= part.end <= item.word.end
    list(grammar.steps(lexing.lex(script).items))


@given(_SHELLISH)
@examples(400)
def test_shell_reads_any_script(script: str) -> None:
    """Any script gives words whose places lie inside it."""
    for _, tokens in run(script, ["a", "b c"], A="x y"):
        assert all(token.origin.line is not None for token in tokens)


@pytest.mark.parametrize(
    ("script", "programs"),
    [
        ("(" * 30_000, 0),
        ("$(" * 30_000, 1),
        ("${a:-" * 30_000, 1),
        ('"$(' * 20_000, 1),
        ("((" * 30_000, 0),
        ("'" * 30_001, 1),
        ("<<A " * 20_000, 0),
        ("a=(" * 20_000, 0),
        ("if " * 20_000, 0),
        ("{ " * 20_000, 0),
        ("a;" * 20_000, shell.MAX_STEPS),
        ("$a" * 30_000, 1),
        ("`" * 30_001, 1),
        ("x=$x$x;" * 8_000, 0),
    ],
)
def test_long_scripts_are_read_to_the_end(script: str, programs: int) -> None:
    """Neither depth nor length makes the reader fail: it ends, and every word of every program stands in the script."""
    found = words(script)
    assert programs == len(found)
    assert all(word in script for program in found for word in program)


@pytest.mark.parametrize(
    "changed",
    [
        "((L*=2))",
        "(( ++L ))",
        ": $((L*=2))",
        'echo "$((L<<=1))" > f',
        "for ((L=1; L<3; L++)); do :; done",
        "[[ $((L=1)) ]]",
        "let L=8192",
        'let "L = 8192"',
        "printf -v L 8192",
        "printf -vL 8192",
        "wait -n -p L",
        "declare -i L; L+=1",
        "declare -u L; L=4k",
        "declare -n R=L; R=8192",
        "read -r L < f",
        "mapfile L < f",
        "getopts ab L",
        "L[0]=8192",
        'eval "L=$(cat f)"',
        "f() { L=8192; }; L=4096; f",
    ],
)
def test_variable_that_a_builtin_changes_is_not_known(changed: str) -> None:
    """Arithmetic, builtins that assign, attributes, references and functions: the value before is no answer."""
    (token,) = run(f"L=4096; {changed}; vllm $L")[-1][1][1:]
    assert token.unresolved


@pytest.mark.parametrize(
    "source", ["source /elsewhere", 'eval "$(cat f)"', "export $(cat f)", 'read "$N"', "((${N}=1))"]
)
def test_variable_that_something_unread_may_change_is_an_assumption(source: str) -> None:
    """Where the script does not say which variables it sets, each may be one of them."""
    (token,) = run(f"L=4096; {source}; vllm $L")[-1][1][1:]
    assert (token.text, bool(token.assumes)) == ("4096", True)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("L=4096; (( L <= 3 && L != 4 && L == 5 )); vllm $L", "4096"),
        ("L=4096; test $((L+1)) -gt 3; vllm $L", "4096"),
        ("L=4096; printf L; vllm $L", "4096"),
        ("L=4096; printf; wait; vllm $L", "4096"),
        ("declare -i L=8192; vllm $L", "8192"),
        ('export "L=8192"; vllm $L', "8192"),
        ("command export L=8192; vllm $L", "8192"),
    ],
)
def test_variable_that_stays_known_is_filled_in(script: str, expected: str) -> None:
    """Comparing, printing and declaring plainly hide nothing."""
    (token,) = run(script)[-1][1][1:]
    assert (token.text, token.unresolved, token.assumes) == (expected, (), ())


@pytest.mark.parametrize(
    ("line", "assumes"),
    [
        ("vllm ${EXTRA:+--max-num-seqs 8}", True),
        ("vllm ${EXTRA+--max-num-seqs 8}", True),
        ("vllm ${EXTRA:-}", True),
        ("vllm --max-num-seqs=${EXTRA:-}", True),
        ("MORE=${EXTRA:-}; vllm $MORE", True),
        ('eval "vllm serve m" ${EXTRA:-}', True),
        ("echo ${EXTRA:-}; vllm", False),
        ("EXTRA=; vllm ${EXTRA:-}", False),
        ("vllm ${EXTRA:-1}", False),
    ],
)
def test_words_that_became_nothing_are_an_assumption_of_the_start(line: str, assumes: bool) -> None:
    """A variable that nothing in the manifest defines may be the image's, and give the program further arguments."""
    (*_, start) = shell.started(shell.Script(text_of(line), lambda _name: None, lambda _path: None))
    assert start.assumes == (("the image's own environment",) if assumes else ())
