"""Remedies for words that name no model, for switches with values, and for flags that another release read otherwise."""

import pytest

from skewguard.knowledge.engines import history, tables
from skewguard.knowledge.engines.history import Successors
from tests.assess.laid_out import case, findings

SERVE = "command: [vllm, serve]"


def image(version: str) -> str:
    """vLLM's own image of a release."""
    return f"vllm/vllm-openai:v{version}"


def test_model_that_serve_lacks_goes_before_every_flag() -> None:
    """`vllm serve --model` is refused by 0.10.2: the model is the first word."""
    of = case(f"{SERVE}\nargs: [--max-model-len, '4096']", image=image("0.10.2"))
    (found,) = findings(of, "args.none-given")
    assert (found.severity, "--model" in found.remedy) == ("warning", False)
    assert "as the first word behind `serve`" in found.remedy


def test_model_that_the_images_own_serve_lacks_is_the_first_of_args() -> None:
    """Where the image starts `vllm serve`, a variable that looks like the model is read as the first argument."""
    of = case("env: [{name: MODEL, value: acme/chat}]", image=image("0.20.0"))
    (found,) = findings(of, "args.none-given")
    assert "(`$(MODEL)`) as the first word of the container's `args`" in found.remedy


def test_model_that_another_flag_swallowed_is_named() -> None:
    """`--served-model-name a m2` takes the model as a second name: the default model is served, an error."""
    of = case(f"{SERVE}\nargs: [--served-model-name, a, m2]", image=image("0.8.5"))
    (found,) = findings(of, "args.none-given")
    assert found.severity == "error"
    assert "`m2` is taken as one more value of `--served-model-name`" in found.message
    assert "(`m2`) as the first word behind `serve`" in found.remedy


@pytest.mark.parametrize("args", ["[--served-model-name, a, m2]", "[--served-model-name=a]"])
def test_start_that_a_missing_model_stops_is_one_finding(args: str) -> None:
    """A release that refuses to start serves no default model."""
    of = case(f"{SERVE}\nargs: {args}", image=image("0.20.0"))
    (found,) = findings(of, "args.none-given", "args.invalid-value")
    assert found.check == "args.invalid-value"
    assert "as the first word behind `serve`" in found.remedy


@pytest.mark.parametrize(
    ("version", "args", "remedies"),
    [
        ("0.9.2", "[m, --max-model-len=4096]", ["write `--model=m` instead of `m`"]),
        ("0.9.2", "[--model=m, other, --max-model-len=4096]", ["remove `other`"]),
        ("0.11.0", "[m, other]", ["write `--model=m` instead of `m`", "remove `other`"]),
        ("0.11.0", "[--model=m, other]", ["remove `other`"]),
        ("0.9.2", "[--max-model-len=4096, '12']", ["remove `12`"]),
    ],
)
def test_stray_word_is_the_model_where_nothing_else_names_one(version: str, args: str, remedies: list[str]) -> None:
    """Removing the only word that names a model would serve the built-in one."""
    found = findings(case(f"args: {args}", image=image(version)), "args.unexpected-value", "args.ignored")
    assert [item.remedy for item in found] == remedies


@pytest.mark.parametrize(
    ("version", "word", "remedy"),
    [
        ("0.14.1", "--enforce-eager=False", "write `--no-enforce-eager` instead of `--enforce-eager=False`"),
        ("0.6.6", "--enforce-eager=False", "remove `--enforce-eager=False`"),
        ("0.6.6", "--enforce-eager=True", "write `--enforce-eager` instead of `--enforce-eager=True`"),
        ("0.28.0", "--enforce-eager=true", "write `--enforce-eager` instead of `--enforce-eager=true`"),
        ("0.28.0", "--no-enforce-eager=true", "write `--no-enforce-eager` instead of `--no-enforce-eager=true`"),
    ],
)
def test_switch_with_a_value_is_written_without_one(version: str, word: str, remedy: str) -> None:
    """The switch of the meant sense, where the release has it; else nothing, which is off."""
    (found,) = findings(case(f"command: [vllm, serve, m, {word}]", image=image(version)), "args.unexpected-value")
    assert found.remedy == remedy


@pytest.mark.parametrize("version", ["0.24.0", "0.28.0", "0.33.0"])
@pytest.mark.parametrize("words", ["--device, cuda", "--device=cuda"])
def test_removed_flag_that_a_newer_one_begins_with_is_removed(version: str, words: str) -> None:
    """`--device` is read as `--device-ids`, or is ambiguous, where it is gone: writing that out would keep the mistake."""
    of = case(f"command: [vllm, serve, m, {words}]", image=image(version))
    (found,) = findings(of, "args.removed", "args.abbreviated", "args.ambiguous")
    assert (found.check, found.severity) == ("args.removed", "error")
    assert "removed in 0.10.0" in found.message
    assert found.remedy == f"remove `{words.replace(',', '')}`"


def test_abbreviation_of_a_flag_that_took_anothers_place_is_only_short() -> None:
    """SGLang's `--nsa-decode` became `--nsa-decode-backend` in one release: the same thing under a longer name."""
    table = tables.load("sglang")
    flag = table.spellings("0.5.4").flags["--nsa-decode-backend"]
    assert history.elsewhere(table, Successors({}), "0.5.4", "--nsa-decode", flag) is None


def test_faults_of_a_config_file_are_mended_in_the_file() -> None:
    """The remedy quotes the key that stands there, its line, and no word that only the engine makes of it."""
    lines = "bogus-key: 1\n    max_num_seqs: null\n    enable-prefix-caching: false\n"
    of = case(
        "command: [vllm, serve, m, --config, /etc/v/c.yaml]\nvolumeMounts: [{name: v, mountPath: /etc/v}]",
        "volumes: [{name: v, configMap: {name: cfg}}]",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg, namespace: prod}}\ndata:\n  c.yaml: |\n    {lines}",
        image=image("0.14.1"),
    )
    found = findings(of, "args.unknown", "args.invalid-value", "args.ignored")
    keys = ("bogus-key", "max_num_seqs", "enable-prefix-caching")
    assert [any(f"the line `{key}` at " in item.remedy for item in found) for key in keys] == [True, True, True]
