"""Things: what a word on the command line means."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard import api
from skewguard.api import things
from skewguard.language.errors import UsageError
from skewguard.language.facts import Fact


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("vllm==0.11.0 -- serve m", "command-line"),
        ("vllm -- serve m", "command-line"),
        ("vllm==0.11.0", "command-line"),
        ("https://chat.example/v1", "url"),
        ("-", "path"),
        ("./deploy/chat", "path"),
        ("../x", "path"),
        ("/etc/x", "path"),
        ("~/x", "path"),
        ("deploy.yaml", "path"),
        ("folder", "path"),
        ("prod/chat.yaml", "path"),
        ("prod/chat.json", "path"),
        ("examples/skewed", "path"),
        ("charts/chat/rendered", "path"),
        ("deploy/", "path"),
        ("a/b/deploy/chat", "path"),
        ("deploy/chat", "object"),
        ("Deployment/chat", "object"),
        ("inferenceservices/chat", "object"),
        ("deployments.apps/chat", "object"),
        ("lws/chat@3", "object"),
        ("ctx:prod/deploy/chat@good", "object"),
    ],
)
def test_thing_is_told_apart_in_the_documented_order(text: str, kind: str) -> None:
    """Command line, then URL, then path, then object."""
    assert kind == things.kind_of(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("deploy/chat", "kubectl get deploy/chat -o yaml"),
        ("prod/sts/chat@good", "kubectl get -n prod sts/chat -o yaml"),
        ("blue:prod/sts/chat", "kubectl get --context blue -n prod sts/chat -o yaml"),
        ("https://x.example/d.yaml", "curl -s https://x.example/d.yaml"),
    ],
)
def test_thing_that_is_not_read_says_how_to_hand_it_over(text: str, advice: str) -> None:
    """The command that gives it, with its own namespace and context."""
    assert f"`{advice} | skewguard check -`" in (things.instead(text, "check") or "")


def test_quoted_command_line_is_split_without_expansion() -> None:
    """Quotes group, `$X` stays as it is."""
    thing = things.parse(("vllm==0.11.0 -- serve m --hf-overrides '{\"a\": 1}' $X",))

    assert ("vllm", "0.11.0", ("serve", "m", "--hf-overrides", '{"a": 1}', "$X")) == (
        thing.engine, thing.version, thing.argv
    )  # fmt: skip


def test_unquoted_command_line_keeps_its_words() -> None:
    """Words given one by one are not split again."""
    thing = things.parse(("vllm==0.11.0", "--", "serve", "a b"))

    assert ("serve", "a b") == thing.argv


@pytest.mark.parametrize("words", [("vllm==1 -- 'open",), ("==1 -- x",), ("deploy.yaml", "other.yaml")])
def test_impossible_command_line_is_a_usage_error(words: tuple[str, ...]) -> None:
    """A quote that is not closed, no engine, or two things where one is meant: said with a hint."""
    with pytest.raises(UsageError) as caught:
        things.parse(words)
    assert caught.value.hint


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_any_words_are_a_thing_or_a_usage_error(words: list[str]) -> None:
    """No word raises anything but a usage error."""
    with contextlib.suppress(UsageError):
        assert things.parse(tuple(words)).kind


def test_engine_started_through_its_module_reads_the_same_arguments() -> None:
    """`python -m vllm.entrypoints.cli.main serve` is `vllm serve` under another name."""
    answers = [
        api.settings((f"vllm==0.11.0 -- {start} m --max-model-len 5",))
        for start in ("vllm serve", "python -m vllm.entrypoints.cli.main serve")
    ]
    lengths = [
        line.effective.value
        for answer in answers
        for line in answer.subjects[0].settings
        if line.setting == "limits.max_model_len" and isinstance(line.effective, Fact)
    ]

    assert [5, 5] == lengths
