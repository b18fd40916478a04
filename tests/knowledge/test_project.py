"""The project's configuration: what it says, all mistakes at once, and what flags and variables change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge import project
from skewguard.knowledge.project import ImageRule, Project
from skewguard.language.errors import UsageError
from skewguard.language.facts import Located, Origin

WHOLE = """\
images:
  - match: "registry.corp/ml/llm:*"
    engine: vllm
    version: "0.11.0"
  - {match: "registry.corp/ml/*", engine: vllm, from_tag: 'vllm(\\d+\\.\\d+\\.\\d+)'}
accelerators:
  - {label: "corp/gpu=h1", class: H100-80GB}
models:
  - {match: "Qwen/*", config: models/qwen}
tables: tables/
ignore:
  - vendor/**
  - {check: pin.image-digest, path: "dev/**", reason: the mirror has no digests}
fail_on: warning
store: sqlite:///x.db
"""


def test_read_takes_everything() -> None:
    """Every key of the documentation."""
    made, errors = project.read(WHOLE, ".skewguard/config.yaml", ("vllm",))
    assert errors == []
    assert [(rule.match, rule.version, rule.from_tag) for rule in made.images] == [
        ("registry.corp/ml/llm:*", "0.11.0", None),
        ("registry.corp/ml/*", None, r"vllm(\d+\.\d+\.\d+)"),
    ]
    assert made.images[0].origin is not None
    assert made.images[0].origin.line == 2
    assert (made.accelerators, made.fail_on) == ({"corp/gpu=h1": "H100-80GB"}, "warning")
    assert made.store is not None
    assert made.store.value == "sqlite:///x.db"
    assert [(rule.match, rule.config, rule.origin.line) for rule in made.models] == [("Qwen/*", "models/qwen", 9)]
    assert made.tables is not None
    assert (made.tables.value, made.tables.origin.line) == ("tables/", 10)
    assert [(entry.path, entry.check) for entry in made.ignore] == [
        ("vendor/**", None),
        ("dev/**", "pin.image-digest"),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "images:\n"])
def test_read_of_nothing_is_the_default(text: str) -> None:
    """An empty file says nothing, and that is fine."""
    assert project.read(text, "config.yaml") == (Project(), [])


def test_read_tells_all_mistakes_at_once() -> None:
    """Each with its line and what to write instead."""
    text = """\
imags: []
images:
  - {match: "a/*", engine: vlm}
  - {engine: vllm, version: latest}
  - {match: "a/*", engine: vllm, version: "0.11.0", from_tag: "("}
accelerators:
  - {label: corp/gpu, class: H1OO-80GB}
ignore:
  - {check: pin.image-tag}
  - {reason: why}
fail_on: warnings
store: [a]
"""
    made, errors = project.read(text, "config.yaml", ("vllm", "sglang"))
    assert [(error.line, error.message) for error in errors] == [
        (1, "`imags` is not known in the configuration"),
        (3, "`vlm` is no engine that skewguard knows"),
        (4, "`match` is missing"),
        (4, "`latest` is no version"),
        (5, "`version` and `from_tag` exclude each other"),
        (5, "`from_tag` is no regular expression: missing ), unterminated subpattern at position 0"),
        (7, "`corp/gpu` is no label with its value"),
        (7, "`H1OO-80GB` is no GPU class that skewguard knows"),
        (9, "ignoring a check needs a `reason`"),
        (10, "an entry of `ignore` needs `path`, `check` or both"),
        (11, "`fail_on` is `warnings`, which is none of error, warning, note, never"),
        (12, "`store` is a single value"),
    ]
    hints = [error.hint for error in errors]
    assert hints[0] == "did you mean `images`?"
    assert "did you mean `warning`?" in hints
    assert made.fail_on == "error"


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "images: 3\n", "images: [3]\n", "ignore: {a: b}\n", "a: [\n"])
def test_read_of_another_shape_is_an_error(text: str) -> None:
    """Lists, texts and broken YAML."""
    assert project.read(text, "config.yaml")[1]


def test_read_tells_a_doubled_key() -> None:
    """The first is lost without a word in YAML."""
    _, errors = project.read("fail_on: note\nfail_on: error\n", "config.yaml")
    assert [(error.line, error.message) for error in errors] == [
        (1, "`fail_on` is written twice, and this one is lost")
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("vendor/**", "vendor/a/b.yaml", True),
        ("vendor", "deep/vendor/b.yaml", True),
        ("vendor/", "vendor/b.yaml", True),
        ("*.tmp.yaml", "a/b/x.tmp.yaml", True),
        ("a/*.yaml", "a/b.yaml", True),
        ("a/*.yaml", "a/b/c.yaml", False),
        ("a/**/c.yaml", "a/c.yaml", True),
        ("a/**/c.yaml", "a/x/y/c.yaml", True),
        ("**/test/**", "a/test/c.yaml", True),
        ("./a/b.yaml", "a/b.yaml", True),
        ("a/b", "x/a/b/c.yaml", False),
        ("vendor/**", "vendored/b.yaml", False),
        ("a.yaml", "axyaml", False),
    ],
)
def test_ignored_paths_work_as_in_gitignore(pattern: str, path: str, covered: bool) -> None:
    """`*` inside a folder, `**` across folders, a folder covers what is below it, no `/` means any depth."""
    made, _ = project.read(f"ignore: ['{pattern}']", "config.yaml")
    assert (made.skips(path) is not None) is covered


def test_ignored_checks_are_waived_with_their_reason() -> None:
    """A check may be a glob, and may hold for a path only."""
    made, _ = project.read("ignore: [{check: 'pin.*', path: dev/**, reason: try-outs}]", "config.yaml")
    found = made.ignores("pin.image-tag", "dev/a.yaml")
    assert found is not None
    assert found.reason == "try-outs"
    assert made.ignores("pin.image-tag", "prod/a.yaml") is None
    assert made.ignores("args.unknown", "dev/a.yaml") is None
    assert made.skips("dev/a.yaml") is None


def test_merge_lets_flags_decide_over_variables_over_the_file() -> None:
    """And takes what nobody gave from the next."""
    made = Project(fail_on="note", store=Located("file", Origin("file", "config.yaml")))
    environ = {"SKEWGUARD_FAIL_ON": "warning", "SKEWGUARD_STORE": "env"}
    assert project.merge(made, {}, {}) == made
    assert project.merge(made, environ, {"fail_on": None}).fail_on == "warning"
    merged = project.merge(made, environ, {"fail_on": "never", "store": None})
    assert merged.store is not None
    assert (merged.fail_on, merged.store.value) == ("never", "env")


def test_merge_refuses_a_value_that_cannot_be_meant() -> None:
    """With the name it came by and the nearest one."""
    with pytest.raises(UsageError, match="SKEWGUARD_FAIL_ON") as raised:
        project.merge(Project(), {"SKEWGUARD_FAIL_ON": "errors"}, {})
    assert raised.value.hint == "did you mean `error`?"


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["match", "engine", "version", "from_tag", "label", "class", "path", "check", "reason", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["images", "accelerators", "ignore", "fail_on", "store", "x"]), _values))
def test_read_of_any_content_never_fails(content: object) -> None:
    """Whatever stands in the file, there is a configuration and a list of errors."""
    import json

    made, errors = project.read(json.dumps(content), "config.yaml", ("vllm",))
    assert all(error.line for error in errors)
    for rule in made.images:
        assert isinstance(rule, ImageRule)
    made.skips("a/b.yaml")
    made.ignores("pin.image-tag", "a/b.yaml")


@given(st.text(max_size=100))
def test_read_of_any_text_never_fails(text: str) -> None:
    """Nor does any text: what is no configuration is an error with its line."""
    made, errors = project.read(text, "config.yaml")
    assert all(error.line for error in errors)
    assert errors or (made.images, made.ignore) == ((), ())


def test_tables_come_from_the_flag_then_the_variable_then_the_file() -> None:
    """And where it was said goes with it, because a path in the file starts from the file."""
    in_file, _ = project.read("tables: c", ".skewguard/config.yaml")
    variable = {"SKEWGUARD_TABLES": "b"}
    made = [
        project.merge(in_file, variable, {"tables": "a"}),
        project.merge(in_file, variable, {"tables": None}),
        project.merge(in_file, {"SKEWGUARD_TABLES": ""}, {}),
    ]
    assert [(each.tables.value, each.tables.origin.brief) for each in made if each.tables] == [
        ("a", "--tables"),
        ("b", "SKEWGUARD_TABLES"),
        ("c", ".skewguard/config.yaml:1"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: [a]", "1: `tables` is a single value"),
        ("models: {a: b}", "1: `models` is a list"),
        ("models:\n  - {match: a}", "2: `config` is missing"),
        ("models:\n  - {match: a, confg: b}", "2: `confg` is not known in an entry of `models`"),
        ("models:\n  - a", "2: an entry of `models` is a mapping of match, config"),
    ],
)
def test_tables_and_models_that_cannot_be_meant_are_told(text: str, said: str) -> None:
    """With their line."""
    _, errors = project.read(text, "config.yaml")
    assert said in [f"{error.line}: {error.message}" for error in errors]


@pytest.mark.parametrize(
    ("match", "model", "fits"),
    [
        ("Qwen/Qwen3-*", "Qwen/Qwen3-8B", True),
        ("*Qwen3-8B", "/models/org/Qwen3-8B", True),
        ("Qwen/Qwen3-?B", "Qwen/Qwen3-8B", True),
        ("Qwen/Qwen3", "Qwen/Qwen3-8B", False),
        ("qwen/*", "Qwen/Qwen3-8B", False),
        ("Qwen/Qwen3.8B", "Qwen/Qwen3-8B", False),
    ],
)
def test_model_is_matched_by_a_glob_over_its_whole_name(match: str, model: str, fits: bool) -> None:
    """`*` also stands for `/`, and case counts, as it does for the engine."""
    (rule,) = project.read(f"models: [{{match: '{match}', config: a}}]", "c.yaml")[0].models
    assert rule.fits(model) is fits
