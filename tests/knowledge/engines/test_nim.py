"""What NIM's documentation says of its variables, its arguments and its profiles, and what it leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.knowledge.engines import answers, nim, nim_rules, tables
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Release
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import tokens, values
from tests.knowledge.engines.tgi_cases import HERE

UNSEEN = Inputs(Hardware("gpu@scheduling(abc)"))
PROFILE = "tensorrt_llm-trtllm_buildable-bf16-tp8-pp2"
"""The name that `1.10.0/configuration` and `1.12.0/configuration` give for an example."""


def exactly(version: str) -> Release:
    """A release that an image tag names."""
    return Release("nim", version, (version,), "exact", "the image tag", f"version@image:{version}")


def outside(version: str, *candidates: str) -> Release:
    """A release older than the table."""
    return Release("nim", version, candidates, "older", "the image tag", f"version@image:{version}")


def variables(**given: str | None) -> tuple[EnvVar, ...]:
    """Variables by name."""
    return tuple(EnvVar(name, value, HERE) for name, value in given.items())


def started(release: Release, *words: str, **env: str | None) -> Parsed:
    """What the start makes of arguments and variables."""
    parsed = nim.parse(tokens(*words), release, (), from_image=True)
    return nim.settle(parsed, variables(**env), release, UNSEEN)


def derive(release: Release, setting: str, *words: str, **env: str | None) -> Fact | Choice | Gap | None:
    """The value of a setting that nobody wrote."""
    return nim.derive(setting, started(release, *words, **env), variables(**env), release, UNSEEN)


@pytest.mark.parametrize(
    ("version", "env", "expected"),
    [
        ("1.10.0", {"NIM_MAX_MODEL_LEN": "4096"}, {"max_model_len": 4096}),
        ("1.15.0", {"NIM_MODEL_NAME": "hf://a/b"}, {"model": "hf://a/b"}),
        ("1.15.0", {"NIM_MODEL_PATH": "hf://a/b"}, {}),
        ("2.0.0", {"NIM_MODEL_PATH": "hf://a/b"}, {"model": "hf://a/b"}),
        ("2.0.0", {"NIM_MODEL_NAME": "hf://a/b"}, {}),
        ("1.15.0", {"NIM_MAX_NUM_SEQS": "8"}, {}),
        ("2.0.0", {"NIM_MAX_NUM_SEQS": "8"}, {"max_num_seqs": 8}),
        ("1.12.0", {"NIM_SERVED_MODEL_NAME": "a"}, {"served_model_name": "a"}),
        ("1.12.0", {"NIM_SERVED_MODEL_NAME": "a, b"}, {"served_model_name": ["a", "b"]}),
        ("1.15.0", {"NIM_ENABLE_KV_CACHE_REUSE": "1"}, {"enable_kv_cache_reuse": True}),
        ("1.15.0", {"NIM_ENABLE_KV_CACHE_REUSE": "yes"}, {}),
        ("2.0.4", {"NIM_TENSOR_PARALLEL_SIZE": "2", "NIM_MODEL_PROFILE": ""}, {"tensor_parallel_size": 2}),
        ("2.0.4", {"NIM_MAX_MODEL_LEN": "8k"}, {}),
    ],
)
def test_variables_set_what_the_pages_of_the_release_say(
    version: str, env: dict[str, str], expected: dict[str, object]
) -> None:
    """On both sides of 2.0.0; a text that no page explains sets nothing here."""
    parsed = started(exactly(version), **env)
    assert (values(parsed), parsed.gaps, parsed.starts, parsed.blind) == (expected, {}, True, None)


@pytest.mark.parametrize("version", ["2.0.0", "2.1.6"])
def test_arguments_go_to_the_engine_behind_and_before_the_variables(version: str) -> None:
    """CLI > `NIM_PASSTHROUGH_ARGS` > `NIM_*`: which release of that engine reads them, no page tells."""
    for parsed in (
        started(exactly(version), "nim-serve", "--max-model-len", "1", NIM_MAX_MODEL_LEN="4096"),
        started(exactly(version), "--max-model-len", "1", NIM_MAX_MODEL_LEN="4096"),
        started(exactly(version), NIM_PASSTHROUGH_ARGS="--max-model-len 1", NIM_MAX_MODEL_LEN="4096"),
        started(exactly(version), NIM_PASSTHROUGH_ARGS=None, NIM_MAX_MODEL_LEN="4096"),
    ):
        assert parsed.blind is not None
        assert parsed.starts is None
        assert parsed.values["max_model_len"].assumes[:1] == parsed.blind.inputs[:1]
        assert "--dry-run" in parsed.blind.would_need


def test_equal_arguments_are_one_unknown() -> None:
    """So that two sides with the same arguments are not told to differ."""
    release = exactly("2.0.0")
    one, same, other = (started(release, "nim-serve", "--x", word).blind for word in ("1", "1", "2"))
    assert (one is not None, one == same, one == other) == (True, True, False)


def test_empty_passthrough_changes_nothing() -> None:
    """A variable that is set to nothing holds no arguments."""
    assert started(exactly("2.0.0"), NIM_PASSTHROUGH_ARGS="").blind is None


def test_programs_of_nim_are_found_in_commands() -> None:
    """`nim-serve` of 2.x, the start script of 1.x; any other program is not read."""
    assert nim.recognised_command(tokens("nim-serve"))
    assert nim.recognised_command(tokens("/opt/nim/start-server.sh"))
    assert not nim.recognised_command(tokens("vllm", "serve"))
    blind = nim.parse(tokens("run-me", "--x"), exactly("2.0.0"), ()).blind
    assert blind is not None
    assert blind.rule == "foreign-program"


@pytest.mark.parametrize(
    ("version", "setting", "expected"),
    [
        ("1.10.0", "parallelism.tensor", 8),
        ("1.15.0", "parallelism.pipeline", 2),
        ("1.15.0", "nim.backend", "tensorrt_llm"),
        ("2.0.0", "parallelism.tensor", None),
        ("2.0.0", "nim.backend", "vllm"),
        ("2.0.9", "nim.backend", "vllm"),
        ("2.0.11", "nim.backend", None),
    ],
)
def test_name_of_a_profile_tells_what_the_pages_say(version: str, setting: str, expected: object) -> None:
    """In 1.x its parallel sizes and its engine; in 2.x a file of the workspace goes before the profile."""
    found = derive(exactly(version), setting, NIM_MODEL_PROFILE=PROFILE)
    assert (found.value if isinstance(found, Fact) else None) == expected
    assert isinstance(found, Fact if expected is not None else Gap)


@pytest.mark.parametrize("version", ["1.10.0", "2.1.6"])
def test_profile_decides_what_nobody_wrote(version: str) -> None:
    """By the GPUs, the profile and NIM's other variables, and by nothing of its default alone."""
    release = exactly(version)
    found = derive(release, "runtime.dtype")
    assert isinstance(found, Gap)
    assert (found.rule, UNSEEN.hardware.key in found.inputs) == ("nim.profile", True)
    named = derive(release, "runtime.dtype", NIM_MODEL_PROFILE="abc")
    more = derive(release, "runtime.dtype", NIM_LOW_MEMORY_MODE="1")
    assert len({each.inputs for each in (found, named, more) if isinstance(each, Gap)}) == 3


def test_profile_decides_outside_the_table_too() -> None:
    """An older image picks by its GPUs as well; what its pages say of names and defaults was not read."""
    release = outside("1.8.4", "1.10.0")
    gap = derive(release, "runtime.dtype")
    assert isinstance(gap, Gap)
    assert gap.rule == "nim.profile"
    beyond = answers.beyond(nim_rules.NIM, "parallelism.tensor", release)
    assert derive(release, "parallelism.tensor", NIM_MODEL_PROFILE=PROFILE) == beyond
    assert values(started(release, NIM_MAX_MODEL_LEN="4096")) == {"max_model_len": 4096}


def test_variable_of_other_releases_is_named_where_it_is_set() -> None:
    """Whether 2.x still takes `NIM_SERVED_MODEL_NAME`, no page that was read says."""
    gap = derive(exactly("2.0.0"), "model.served_name", NIM_SERVED_MODEL_NAME="a")
    assert isinstance(gap, Gap)
    assert "NIM_SERVED_MODEL_NAME is set" in gap.reason


def test_defaults_are_told_where_a_page_tells_them() -> None:
    """A port; anything else without a page is a gap, never a None."""
    port = derive(exactly("2.0.4"), "nim.port")
    assert isinstance(port, Fact)
    assert port.value == 8000
    assert isinstance(derive(exactly("1.15.0"), "nim.guided_decoding_backend"), Gap)
    for version in nim.releases():
        for setting in nim.settings(exactly(version)):
            found = derive(exactly(version), setting)
            assert isinstance(found, Gap) or (isinstance(found, Fact) and found.value is not None), setting


def outcomes(version: str, **env: str | None) -> dict[str, str]:
    """What becomes of each variable of which something is said."""
    return {each.name: each.outcome for each in nim.environment(variables(**env), exactly(version))}


def test_variable_that_no_page_names_is_not_called_unread() -> None:
    """Pages were read in part only, and NIM's of other kinds take others; so with what a newer release names."""
    strange = {"NIM_TRITON_LOG_VERBOSE": "1", "MAX_MODEL_LEN": "1", "NIM_X": "1", "NIM_MODEL_PATHS_OF_ALL": "p"}
    assert outcomes("2.0.0", **strange) == {}
    assert outcomes("1.15.0", **strange, NIM_MODEL_PATH="p", NIM_MODEL_NAME="m") == {"NIM_MODEL_NAME": "read"}


def test_variable_of_older_pages_alone_is_dead_by_hearsay() -> None:
    """Pages of 2.x that were read do not name it, which is no proof."""
    (said,) = nim.environment(variables(NIM_ENABLE_KV_CACHE_REUSE="1"), exactly("2.1.6"))
    assert (said.outcome, said.hearsay) == ("dead", True)
    assert "up to 1.15.0, and by none of NVIDIA NIM 2.1.6 that was read" in said.message


@pytest.mark.parametrize(
    ("version", "name", "meant"),
    [
        ("1.10.0", "NIM_MAX_MODELLEN", "NIM_MAX_MODEL_LEN"),
        ("2.1.6", "NIM_MAX_MODEL_LENS", "NIM_MAX_MODEL_LEN"),
        ("2.1.6", "NIM_MAX_NUM_SEQ", "NIM_MAX_NUM_SEQS"),
        ("1.10.0", "NIM_MAX_NUM_SEQ", None),
        ("1.10.0", "NIM_TENSOR_PARALEL_SIZE", "NIM_TENSOR_PARALLEL_SIZE"),
        ("1.10.0", "NIM_MAX_TPU_LORAS", None),
        ("1.10.0", "NIM_KVCACHE_PERCENT", None),
    ],
)
def test_name_but_one_letter_from_a_known_one_is_misspelt(version: str, name: str, meant: str | None) -> None:
    """Underscores aside, and where one known name alone is so near."""
    said = nim.environment(variables(**{name: "8"}), exactly(version))
    assert [each.suggestion for each in said] == ([meant] if meant else [])


def test_misspelt_name_is_told_where_any_release_may_run() -> None:
    """A tag that names none: the name is none of any release's."""
    some = Release("nim", None, nim.releases(), "unknown", "no tag", "version@image:latest")
    (said,) = nim.environment(variables(NIM_MAX_NUM_SEQ="8"), some)
    assert (said.outcome, said.suggestion, said.versions) == ("unread", "NIM_MAX_NUM_SEQS", ())


@pytest.mark.parametrize(
    ("name", "text", "outcome"),
    [
        ("NIM_ENABLE_KV_CACHE_REUSE", "maybe", "invalid"),
        ("NIM_ENABLE_KV_CACHE_REUSE", "True", "read"),
        ("NIM_ENABLE_KV_CACHE_REUSE", "", "read"),
        ("NIM_ENABLE_KV_CACHE_REUSE", "$(X)", "read"),
        ("NIM_ENABLE_KV_CACHE_REUSE", None, "read"),
        ("NIM_MAX_MODEL_LEN", "8k", "invalid"),
        ("NIM_MAX_MODEL_LEN", "8192", "read"),
        ("NIM_MODEL_NAME", "maybe", "read"),
    ],
)
def test_text_that_is_no_value_however_read_is_invalid(name: str, text: str | None, outcome: str) -> None:
    """No page says what NIM makes of it: whether it starts is left open."""
    (said,) = nim.environment(variables(**{name: text}), exactly("1.15.0"))
    assert (said.outcome, said.passed_over) == (outcome, outcome == "invalid")
    assert started(exactly("1.15.0"), **{name: text}).starts is True


def test_hidden_value_is_a_gap() -> None:
    """A variable from a Secret, or from a ConfigMap that is not in the input."""
    parsed = started(exactly("1.15.0"), NIM_MAX_MODEL_LEN=None)
    assert parsed.gaps["max_model_len"].inputs == ("env@NIM_MAX_MODEL_LEN",)
    seen = structs.replace(variables(NIM_MAX_MODEL_LEN=None)[0], assumes=("ConfigMap c",))
    nothing = nim.settle(started(exactly("1.15.0")), (seen,), exactly("1.15.0"), UNSEEN)
    gap = nim.derive("limits.max_model_len", nothing, (seen,), exactly("1.15.0"), UNSEEN)
    assert isinstance(gap, Gap)
    assert gap.inputs == ("env@NIM_MAX_MODEL_LEN",)


def test_history_of_a_variable_and_of_a_setting() -> None:
    """The model has one variable up to 1.15.0 and another from 2.0.0 on."""
    runs = nim.history("model")
    assert [(first, last, record.spellings if record else None) for first, last, record in runs] == [
        ("1.10.0", "1.15.0", ("NIM_MODEL_NAME",)),
        ("2.0.0", "2.1.6", ("NIM_MODEL_PATH",)),
    ]
    assert nim.history("NIM_MODEL_PATH") == runs
    assert nim.variables("2.0.4")["NIM_JSONL_LOGGING"] is False


def test_every_variable_has_a_rule_or_a_default_from_a_page() -> None:
    """So that no setting reads as "none" where nobody knows."""
    table = tables.load("nim")
    for version in table.versions:
        for dest, flag in table.by_dest(version).items():
            assert flag.default is not None or dest in nim_rules.BOOK.rules, dest


WORDS = st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["nim-serve", "--tp", "-", "--", "x"])), max_size=5)


NAMES = st.sampled_from(nim.table().env_names()) | st.text(max_size=6).map("NIM_{}".format)


@given(WORDS, st.sampled_from(nim.releases()), st.booleans(), st.dictionaries(NAMES, st.text(max_size=6)))
def test_every_setting_has_an_answer(words: list[str], version: str, from_image: bool, env: dict[str, str]) -> None:
    """Whatever stands in a manifest: a value, a choice or a gap of that setting, and variables that are told are there."""
    release = exactly(version)
    entries = tuple(EnvVar(name, value, HERE) for name, value in env.items())
    parsed = nim.settle(nim.parse(tokens(*words), release, (), from_image=from_image), entries, release, UNSEEN)

    for setting in nim.settings(release):
        found = nim.derive(setting, parsed, entries, release, UNSEEN)
        assert (setting, True) == (setting, found is not None and found.setting == setting)
    assert {variable.name for variable in nim.environment(entries, release)} <= set(env)
