"""Words that do not say what their writer meant: variables, placeholders, folding, entrypoints, secrets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.judge.checks import secrecy, starting, words
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language.workloads import Invocation, Token, UnseenEnv
from tests.judge.cases import argument, at, case, env, run, severities, tokens, verdicts
from tests.searching import examples

assert secrecy
assert starting
assert words

UNSEEN = UnseenEnv("ConfigMap prod/settings", "", optional=False, origin=at(40))


def shell(*texts: str, unresolved: tuple[str, ...] = ()) -> dict[str, object]:
    """A container whose engine is started by a shell line of these words."""
    argv = tuple(Token(text, at(10 + place, text), unresolved) for place, text in enumerate(texts))
    return {"invocations": (Invocation(argv, "shell"),)}


@pytest.mark.parametrize("word", ["--model=${MODEL}", "$MODEL", "--tp=${TP:-2}", "${model_id}"])
def test_literal_variable_in_an_argument_is_an_error(word: str) -> None:
    """No shell reads a list of arguments."""
    assert severities("args.literal-variable", case(args=[word])) == ["error"]


@pytest.mark.parametrize("word", ["--model=m", "$1", "cost: $5", "^a.*$", "$x", "--template={{ '$' }}", "$(POD_IP)"])
def test_dollar_signs_that_name_no_variable_pass(word: str) -> None:
    """Regular expressions, prices and known `$(VAR)` are left alone."""
    assert verdicts("args.literal-variable", case(args=[word])) == ["pass"]


def test_literal_variable_names_the_edit() -> None:
    """A variable that exists is written `$(NAME)`; one that does not is defined first."""
    known = case(args=["--model=${MODEL}"], environment=[env("MODEL", "m")])
    assert run("args.literal-variable", known)[0].remedy == "write `$(MODEL)`"
    assert "define MODEL" in run("args.literal-variable", case(args=["--model=${MODEL}"]))[0].remedy


def test_undefined_reference_is_an_error_and_unknown_where_an_unseen_source_may_hold_it() -> None:
    """`$(X)` stays literal unless somebody defines X."""
    word = (Token("--model=$(X)", at(11), ("X",)),)
    alone = case(container={"invocations": (Invocation(word, "exec"),)})
    assert severities("args.literal-variable", alone) == ["error"]
    beside = case(container={"invocations": (Invocation(word, "exec"),)}, unseen_env=[UNSEEN])
    (answer,) = run("args.literal-variable", beside)
    assert (answer.verdict, answer.remedy) == ("unknown", "add ConfigMap prod/settings to the input")


def test_shell_variable_is_no_literal() -> None:
    """What a shell expands is unknown, not literal; what single quotes protect is literal."""
    assert verdicts("args.literal-variable", case(container=shell("$MODEL", unresolved=("MODEL",)))) == ["pass"]
    quoted = case(container=shell("$MODEL"))
    assert "single quotes" in run("args.literal-variable", quoted)[0].message


def test_literal_variable_of_the_grammar_is_told_once() -> None:
    """The engine's own finding and this one are the same word."""
    word = argument("--model=${MODEL}", "literal-variable", line=10)
    assert len(run("args.literal-variable", case(args=["--model=${MODEL}"], arguments=[word]))) == 1
    assert len(run("args.literal-variable", case(arguments=[argument("<MODEL>", "literal-variable")]))) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LD_LIBRARY_PATH", "${LD_LIBRARY_PATH}:/x"),
        ("HF_TOKEN", "$HF_TOKEN"),
        ("PATH", "/opt/bin:$PATH"),
        ("A", "$(B)"),
    ],
)
def test_literal_variable_in_a_value_is_told(name: str, value: str) -> None:
    """Kubernetes expands `$(NAME)` alone, and only what is defined."""
    subject = case(environment=[env(name, value)])
    (answer,) = run("args.literal-variable", subject)
    assert (answer.verdict, answer.anchor) == ("fail", name)


@pytest.mark.parametrize("value", ["${LD_LIBRARY_PATH}:/x", "/x:$LD_LIBRARY_PATH"])
def test_list_that_names_itself_is_a_warning(value: str) -> None:
    """What was added to the list is in effect; only what the image sets is lost."""
    (answer,) = run("args.literal-variable", case(environment=[env("LD_LIBRARY_PATH", value)]))
    assert answer.severity == "warning"
    assert "the value that the image sets is lost" in answer.message


@pytest.mark.parametrize(("name", "remedy"), [("HF_TOKEN", "secretKeyRef"), ("MODEL_ID", "write the value itself")])
def test_value_that_is_its_own_name_waits_to_be_filled_in(name: str, remedy: str) -> None:
    """`value: $HF_TOKEN` is written for envsubst: no image has a value to keep."""
    (answer,) = run("args.literal-variable", case(environment=[env(name, f"${name}")]))
    assert (answer.severity, "the image" in answer.message) == (None, False)
    assert "envsubst" in answer.remedy
    assert remedy in answer.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PS1", "$USER> "),
        ("RUN_SCRIPT", "echo $HOME"),
        ("SETUP", "export A=$B\necho"),
        ("PRICE", "$5"),
        ("PLAIN", "x"),
        ("NONE", None),
    ],
)
def test_values_that_mean_a_dollar_sign_pass(name: str, value: str | None) -> None:
    """Scripts, prompts and amounts of money are no literal variables."""
    assert verdicts("args.literal-variable", case(environment=[env(name, value)])) == ["pass"]


def test_values_that_something_expands_later_pass() -> None:
    """`eval` and `envsubst` expand what Kubernetes does not."""
    subject = case(command=["sh", "-c", "eval vllm serve $ARGS"], environment=[env("ARGS", "--port $PORT_NUMBER")])
    assert verdicts("args.literal-variable", subject) == ["pass"]


def test_file_that_waits_for_envsubst_is_told_once() -> None:
    """Where the image itself is a placeholder, the whole file waits to be filled in."""
    subject = case(image="${IMAGE}", environment=[env("HF_TOKEN", "${HF_TOKEN}")])
    assert verdicts("args.literal-variable", subject) == ["pass"]


def test_reference_to_itself_stays_as_it_is() -> None:
    """`$(NAME)` reads what stands above it; a doubled dollar sign asks for the text."""
    above = env("HF_TOKEN", None, line=29, source="secret")
    own = env("HF_TOKEN", "$(HF_TOKEN)")
    (answer,) = run("args.literal-variable", case(environment=[own]))
    assert (answer.verdict, answer.anchor, "secretKeyRef" in answer.remedy) == ("fail", "HF_TOKEN", True)
    assert verdicts("args.literal-variable", case(environment=[above, own])) == ["pass"]
    meant = structs.replace(own, origin=at(30, "$$(HF_TOKEN)"))
    assert verdicts("args.literal-variable", case(environment=[meant])) == ["pass"]


def test_reference_in_a_value_beside_an_unseen_source_is_left_alone() -> None:
    """An unseen envFrom may define it."""
    assert verdicts("args.literal-variable", case(environment=[env("A", "$(B)")], unseen_env=[UNSEEN])) == ["pass"]


@pytest.mark.parametrize("word", [" --model", "--model\n", "\\", "\n--port"])
def test_folded_word_is_an_error(word: str) -> None:
    """Flags with blanks of folding on them are no flags."""
    assert severities("args.folded", case(args=["m", word])) == ["error"]


@pytest.mark.parametrize("word", ["--model", '{\n "a": 1\n}', "a b", " text", "--x=\n{}"])
def test_values_with_blanks_are_not_folded(word: str) -> None:
    """JSON and prose may hold line ends."""
    assert verdicts("args.folded", case(args=[word])) == ["pass"]


def test_folded_words_are_one_finding() -> None:
    """One block style mends all of them."""
    subject = case(args=[f" --flag-{number}" for number in range(6)])
    (answer,) = run("args.folded", subject)
    assert "and 2 more" in answer.message


def test_engine_that_became_an_argument_is_told() -> None:
    """`ulimit -l unlimited python3 …` starts nothing."""
    argv = tokens("ulimit", "-l", "unlimited", "python3", "-m", "vllm.entrypoints.openai.api_server")
    part = Invocation(argv[3:], "shell")
    found = Recognition("vllm", "its command", part.argv, runs="unstarted", invocation=part)
    subject = case(container={"invocations": (Invocation(argv, "shell"),)}, recognition=found)
    (answer,) = run("args.not-started", subject)
    assert (answer.verdict, answer.anchor, answer.at) == ("fail", "command", at(10, "ulimit"))
    assert "is handed to `ulimit`" in answer.message


BARE: dict[str, Any] = {"engine": "sglang", "title": "SGLang", "image": "lmsysorg/sglang:v0.5.5-cu126"}


def handed(*words: str) -> Recognition:
    """An engine whose arguments the image gets."""
    return Recognition("sglang", "its image", tokens(*words), invocation=Invocation(tokens(*words), "image"))


@pytest.mark.parametrize(
    ("args", "says"), [(["--model-path", "m"], "`args` begin with `--model-path`"), (None, "neither")]
)
def test_image_without_an_entrypoint_needs_a_command(args: list[str] | None, says: str) -> None:
    """SGLang's own image runs the first of its arguments, and a flag is no program."""
    (answer,) = run("args.not-started", case(args=args, recognition=handed(*(args or ())), **BARE))
    assert (answer.verdict, answer.anchor) == ("fail", "command")
    assert says in answer.message
    assert answer.remedy == "write `command: [python3, -m, sglang.launch_server]`"


def test_image_that_may_be_completed_by_others_passes() -> None:
    """An operator's resource, an image of one's own, a command that stands there."""
    words = ["--model-path", "m"]
    shared: dict[str, Any] = {"args": words, "recognition": handed(*words)}
    assert verdicts("args.not-started", case(**shared, **BARE, subject={"kind": "InferenceService"})) == ["pass"]
    assert verdicts("args.not-started", case(**shared, **{**BARE, "image": "corp/sglang:v3"})) == ["pass"]
    assert verdicts("args.not-started", case(**shared, **BARE, command=["/start.sh"])) == ["pass"]


def test_engine_that_starts_passes() -> None:
    """A server of its own was started."""
    assert verdicts("args.not-started", case()) == ["pass"]
    assert verdicts("args.not-started", case(recognition=Recognition("vllm", "its command"))) == ["pass"]


@pytest.mark.parametrize(
    ("args", "repeated"),
    [
        (["serve", "m"], "serve"),
        (["vllm", "serve", "m"], "vllm serve"),
        (["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "m"],
         "python3 -m vllm.entrypoints.openai.api_server"),
    ],
)  # fmt: skip
def test_entrypoint_doubled_is_an_error(args: list[str], repeated: str) -> None:
    """The image starts the server already."""
    (answer,) = run("args.entrypoint-doubled", case(args=args))
    assert (answer.verdict, answer.anchor) == ("fail", "args")
    assert f"`args` begin with `{repeated}` once more" in answer.message


def test_entrypoint_that_is_not_doubled_passes() -> None:
    """A command of one's own, arguments alone, and images that start nothing by themselves."""
    assert verdicts("args.entrypoint-doubled", case(args=["m"])) == ["pass"]
    assert verdicts("args.entrypoint-doubled", case(command=["vllm"], args=["serve", "m"])) == ["pass"]
    nim = case(engine="nim", title="NVIDIA NIM", image="nvcr.io/nim/a/b:2.0.4", args=["nim-serve", "--x"])
    assert verdicts("args.entrypoint-doubled", nim) == ["pass"]  # its entrypoint runs what the arguments name
    assert verdicts(
        "args.entrypoint-doubled", case(image="nvcr.io/nvidia/vllm:25.09-py3", args=["vllm", "serve", "m"])
    ) == ["pass"]


def test_secret_in_an_argument_is_a_warning_without_its_value() -> None:
    """Neither message, remedy, value nor place shows the key."""
    for words_ in (["--api-key=s3cr3tvalue"], ["--api-key", "s3cr3tvalue"]):
        (answer,) = run("args.secret-in-clear", case(args=words_))
        assert (answer.verdict, answer.anchor) == ("fail", "--api-key")
        assert "s3cr3tvalue" not in repr(answer)
        assert "`--api-key=$(API_KEY)`" in answer.remedy


def test_secret_in_a_variable_is_a_warning_without_its_value() -> None:
    """Literals and ConfigMaps are read by everybody."""
    subject = case(
        environment=[
            env("HF_TOKEN", "hf_AbCdEfGh0123456789xyz"),
            env("A_SECRET_KEY", "k3y", source="config-map", ref="ConfigMap c"),
        ]
    )
    answers = run("args.secret-in-clear", subject)
    assert [answer.anchor for answer in answers] == ["HF_TOKEN", "A_SECRET_KEY"]
    assert "hf_AbC" not in repr(answers)
    assert severities("args.secret-in-clear", subject) == ["warning", "warning"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "EMPTY"),
        ("HF_TOKEN", "<YOUR_TOKEN>"),
        ("HF_TOKEN", ""),
        ("MAX_NUM_BATCHED_TOKENS", "8192"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("TOKENIZER", "Qwen/Qwen3-8B"),
        ("HF_TOKEN", "$(OTHER)"),
    ],
)
def test_values_that_give_nothing_away_pass(name: str, value: str) -> None:
    """Stand-ins, placeholders, counts, paths and references are no secrets."""
    assert verdicts("args.secret-in-clear", case(environment=[env(name, value)])) == ["pass"]


def test_secret_from_a_secret_passes() -> None:
    """A value from a Secret, and an argument that reads it, are as they should be."""
    word = Token("--api-key=<secret>", at(10), secret=True)
    subject = case(
        environment=[env("API_KEY", None, source="secret", ref="Secret chat")],
        container={"invocations": (Invocation((word,), "exec"),)},
    )
    assert verdicts("args.secret-in-clear", subject) == ["pass"]


def test_secret_of_a_variable_is_not_told_again_in_the_argument() -> None:
    """`--api-key=$(KEY)` with KEY in clear: the variable is the place to mend."""
    subject = _filled("--api-key=s3cr3tvalue", "--api-key=$(API_KEY)", "API_KEY")
    assert [answer.anchor for answer in run("args.secret-in-clear", subject)] == ["API_KEY"]


@pytest.mark.parametrize("name", ["API_KEY", "K"])
def test_secret_that_stands_twice_is_told_twice(name: str) -> None:
    """An argument with the same literal as a variable is a place of its own, which a change of the variable leaves."""
    subject = _filled("--api-key=s3cr3tvalue", "--api-key=s3cr3tvalue", name)
    assert "--api-key" in [answer.anchor for answer in run("args.secret-in-clear", subject)]
    assert any("in the arguments" in answer.message for answer in run("args.secret-in-clear", subject))


def _filled(word: str, written: str, name: str) -> Case:
    """A container with one argument, as it is and as it was written, and the variable `name` with the secret."""
    invocation = Invocation((Token(word, at(10, written)),), "exec")
    return case(environment=[env(name, "s3cr3tvalue", line=33)], container={"invocations": (invocation,)})


HOSTILE = st.text(alphabet=st.sampled_from("$(){}<>A_a-:=/ \n\\'\"%1.#é\x00"), max_size=60) | st.text(max_size=60)


@given(words_=st.lists(HOSTILE, max_size=5), name=HOSTILE, value=HOSTILE)
@examples(150)
def test_any_text_gets_an_answer(words_: list[str], name: str, value: str) -> None:
    """Whatever stands in arguments and variables, the checks of words end without a crash."""
    subject = case(args=words_, environment=[env(name, value)])
    for check in ("literal-variable", "placeholder", "folded", "not-started", "entrypoint-doubled", "secret-in-clear"):
        assert set(verdicts(f"args.{check}", subject)) <= {"pass", "fail", "unknown"}


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("your-" + "a" * 50_000 + "!", True),
        ("<" * 50_000, True),
        ("<" + "a-" * 50_000, True),
        ("${A:-" * 20_000, False),
        ("$(A" * 50_000, False),
        ("$" * 100_000, False),
    ],
)
def test_long_text_is_read_in_one_pass(value: str, secret: bool) -> None:
    """It is no placeholder and no variable, and a secret unless it begins with a dollar sign.

    No pattern needs more than one walk over a text; a slow one would make this test hang.
    """
    subject = case(args=[value], environment=[env("HF_TOKEN", value)])
    assert verdicts("args.placeholder", subject) == ["pass"]
    assert verdicts("args.literal-variable", subject) == ["pass"]
    assert verdicts("args.secret-in-clear", subject) == ["fail" if secret else "pass"]


def test_secret_of_a_plainly_named_variable_is_told_where_it_stands() -> None:
    """`--api-key=$(K)` with K in clear: the name of K says nothing, the flag does."""
    subject = _filled("--api-key=s3cr3tvalue", "--api-key=$(K)", "K")
    (answer,) = run("args.secret-in-clear", subject)
    assert "the variable K" in answer.message
    assert answer.at is not None
    assert (answer.at.line, answer.at.text) == (33, None)


def test_no_arguments_at_all_pass() -> None:
    """An image's own entrypoint without a word of ours."""
    subject = case(container={"invocations": (Invocation((), "image"),)})
    for check in ("literal-variable", "placeholder", "folded", "secret-in-clear"):
        assert verdicts(f"args.{check}", subject) == ["pass"]


def script(*lines: tuple[str, ...]) -> dict[str, Any]:
    """A container whose shell starts each of these command lines."""
    starts = tuple(
        Invocation(argv=tokens(*words, line=10 * number), via="shell") for number, words in enumerate(lines, 1)
    )
    return {"container": {"invocations": starts}}


SERVE = ("vllm", "serve", "m")


@pytest.mark.parametrize(
    ("lines", "line", "remedy"),
    [
        (((*SERVE, " "), ("--seed", "1")), 13, "remove the blank behind the backslash"),
        (((*SERVE, "\t"),), 13, "remove the blank behind the backslash"),
        ((SERVE, ("--seed", "1")), 20, "end the line before with a backslash"),
    ],
)
def test_command_that_ends_too_early_is_told_at_its_end(
    lines: tuple[tuple[str, ...], ...], line: int, remedy: str
) -> None:
    """A blank behind the backslash, or none at all: the flags below never reach the engine."""
    (answer,) = run("args.cut-command", case(**script(*lines)))
    assert (answer.verdict, answer.remedy) == ("fail", remedy)
    assert answer.at is not None
    assert answer.at.line == line
    assert ("never gets `--seed`" in answer.message) is (len(lines) > 1)


@pytest.mark.parametrize(
    "subject",
    [
        case(**script((*SERVE, "--seed", "1"))),
        case(**script(SERVE, ("nginx", "-g"))),
        case(**script(("echo", "x"), SERVE)),
        case(args=["m", " "]),
    ],
)
def test_command_that_is_whole_is_not_cut(subject: Case) -> None:
    """Another program behind the engine, and a blank in a list of arguments, cut nothing."""
    assert verdicts("args.cut-command", subject) == ["pass"]


def test_blank_behind_a_backslash_is_no_stray_word_too() -> None:
    """One fault, one finding."""
    stray = argument(" ", "unexpected-value", line=13, fatal=True)
    subject = case(arguments=[stray], **script((*SERVE, " ")))
    assert verdicts("args.unexpected-value", subject) == ["pass"]
    assert verdicts("args.cut-command", subject) == ["fail"]
