"""Whatever is written in a manifest, a contract, a script or on the command line: an answer, never a traceback."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skewguard import api
from skewguard.language import vocabulary
from tests.properties.running import CODES, agree, answered, examples, ran, rendered, save
from tests.properties.shapes import ARGUMENTS, FLAGS, INPUTS, JUNK, VERSIONS, WORDS, as_list, damaged, deployment


@examples(60)
@given(INPUTS)
def test_any_manifest_is_judged_alike_in_every_format(objects: list[Any]) -> None:
    """No check crashes, every format parses, all of them tell the same findings."""
    checked = api.check([save("x.yaml", as_list(objects))], environ={}, list_passed=True)
    assert [] == [finding.message for finding in checked.findings if finding.verdict == "error"]
    assert checked.exit_code in CODES
    agree(rendered(checked))


@examples(30)
@given(INPUTS, INPUTS)
def test_any_manifests_can_be_laid_out_and_compared(left: list[Any], right: list[Any]) -> None:
    """`settings`, `diff` and `init` answer, and what `init` promises is a contract that the manifests keep."""
    save("a.yaml", as_list(left))
    save("b.yaml", as_list(right))
    answered("settings", "a.yaml")
    answered("diff", "a.yaml", "b.yaml")
    code, contract, err = ran("init", "a.yaml")
    assert code in (0, 2), err
    if contract:
        save("c.yaml", contract)
        found = answered("check", "a.yaml", "--contract", "c.yaml")
        assert [] == [problem for problem in found.errors if problem.file == "c.yaml"]
        broken = [
            item.message for item in found.findings if (item.check, item.verdict) == ("contract.mismatch", "fail")
        ]
        assert [] == broken


@examples(100)
@given(ARGUMENTS, st.sampled_from(VERSIONS), st.sampled_from(["args", "command"]))
def test_any_arguments_are_read(words: list[str], version: str, field: str) -> None:
    """In each place an engine gets them, at every release, with everything shown."""
    manifest = save("x.yaml", deployment(image=f"vllm/vllm-openai:v{version}", **{field: words}))
    assert ran("check", manifest, "-v", "--fail-on", "never")[0] in (0, 2)
    assert answered("settings", manifest) is not None


@examples(40)
@given(ARGUMENTS)
def test_any_words_are_read_as_a_command_line(words: list[str]) -> None:
    """`settings vllm==0.11.0 -- WORDS`, unquoted."""
    code, _, err = ran("settings", "vllm==0.11.0", "--", *words)
    assert code in (0, 2), err


SHELL = st.one_of(
    st.text("vllm serve\"'$(){}|&;<>\n\\ -=#`abc*?[]!", max_size=60),
    st.lists(
        st.one_of(
            st.sampled_from(["vllm serve", "exec", "if", "then", "else", "fi", "for x in", "do", "done", "while", "case x in",
                             "esac", "&&", "||", ";", "|", "\n", "$(", ")", "`", '"', "'", "<<EOF\n", "EOF\n", "A=1", "$A", "${A:-",
                             "}", "set -e", "function f {", "f()", "((", "))", "[[", "]]", "\\\n", "export", "source /x", "&"]),
            WORDS,
        ),
        max_size=14,
    ).map(" ".join),
)  # fmt: skip


@examples(100)
@given(SHELL, st.sampled_from(["sh", "bash"]))
def test_any_script_is_read(script: str, shell: str) -> None:
    """Quotes, substitutions, control flow, here-documents, in any state of completion."""
    manifest = save("x.yaml", deployment(command=[shell, "-c", script], env=[{"name": "A", "value": script}]))
    assert answered("check", manifest).summary.by_verdict["error"] == 0


_KEPT = {
    "model": {"id": "m", "revision": "a" * 40, "served_name": "chat"},
    "tokenizer": {"revision": "a" * 40},
    "runtime": {
        "engine": "vllm",
        "version": ">=0.11,<0.12",
        "dtype": "auto",
        "quantization": None,
        "prefix_caching": True,
    },
    "limits": {"max_model_len": 32768, "max_num_seqs": {"max": 256}},
    "parallelism": {"tensor": 1},
    "hardware": {"gpu_class": ["H100-80GB", "H200"], "gpu_count": 1},
    "autoscaling": {"signal": ["queue"], "min_replicas": {"min": 2}},
    "serving": {"request_timeout": {"min": "600s"}},
    "roles": {"prefill": {"limits": {"max_num_seqs": 32}}},
    "engine_settings": {"vllm.compilation_config": {"equals": {"level": 3}}},
    "performance": {"load": {"rate": 4, "duration": "60s"}, "slo": {"ttft": {"p95": "2s"}}},
    "behaviour": {"budget": {"requests": 40}},
    "waivers": [{"check": "pin.image-digest", "where": {"namespace": "dev"}, "reason": "x", "until": "2999-01-31"}],
}
_CLAUSES = st.one_of(
    st.sampled_from([{section: held} for section, held in _KEPT.items()]),
    st.builds(
        lambda row, value: {row.section: {row.key: value}},
        st.sampled_from(list(vocabulary.BY_NAME.values())),
        st.one_of(JUNK, st.sampled_from(["unset", {"max": 3}, {"min": "1s"}, {"equals": {}}, [1, "a"], ">=1", None])),
    ),
)
_CONTRACTS = damaged(
    st.builds(
        lambda clauses: {
            "apiVersion": "skewguard.dev/v1alpha1",
            "kind": "ServingContract",
            "metadata": {"name": "chat"},
            "spec": {
                "targets": [{"kind": "Deployment", "name": "*"}],
                **{k: v for each in clauses for k, v in each.items()},
            },
        },
        st.lists(_CLAUSES, max_size=5),
    )
)


@examples(80)
@given(_CONTRACTS)
@example({"kind": "ServingContract"})
def test_any_contract_is_held_or_refused(contract: dict[str, Any]) -> None:
    """All its errors with their places, and the manifests are judged all the same."""
    manifest = save("x.yaml", deployment(args=["--model=m", "--max-model-len=32768"]))
    found = answered("check", manifest, "--contract", save("c.yaml", contract))
    assert 1 == found.summary.engines
    assert 0 == found.summary.by_verdict["error"]
    assert all(problem.file == "c.yaml" and problem.message for problem in found.errors)


@examples(60)
@given(st.text(max_size=80) | st.text("kind: ServgCotrac\n {}[]-spmdl&*<!|>'\"#", max_size=80))
def test_any_text_is_a_manifest_contract_and_configuration_or_refused(text: str) -> None:
    """In all three places at once."""
    save("x.yaml", text)
    save("good.yaml", deployment())
    codes = {
        ran(*words)[0] for words in (("check", "x.yaml", "good.yaml"), ("check", "good.yaml", "--contract", "x.yaml"))
    }
    assert codes <= CODES


_OPTIONS = st.sampled_from(
    ["-o", "json", "yaml", "table", "sarif", "junit", "github", "json=", "=", "-v", "--color", "--no-color", "-n", "prod",
     "--fail-on", "warning", "never", "--allow-unknown", "--contract", "c.yaml", "--engine", "vllm==0.11.0", "vllm==x", "--", "-",
     "x.yaml", "gone.yaml", "*.yaml", ".", "", "--help", "--version", "explain", "check", "vllm==0.11.0 -- serve m", "http://x",
     "deploy/chat", "limits.max_num_seqs", "pin.image-tag", *FLAGS[:5]]
)  # fmt: skip


@examples(150)
@given(
    st.sampled_from(["check", "settings", "diff", "explain", "init", "nonsense", "--help"]),
    st.lists(_OPTIONS | st.text(max_size=6).filter(lambda text: "/" not in text and "~" not in text), max_size=6),
)
def test_any_words_after_the_verb_are_meant_or_refused(verb: str, words: list[str]) -> None:
    """An exit code that is documented, and a reason on stderr where it is 2."""
    save("x.yaml", deployment())
    save("c.yaml", {"apiVersion": "skewguard.dev/v1alpha1", "kind": "ServingContract"})
    code, out, err = ran(verb, *words)
    assert code in CODES, err
    assert code != 2 or err or out
    assert "Traceback" not in err


@pytest.mark.parametrize("version", VERSIONS)
@examples(10)
@given(st.lists(st.sampled_from(FLAGS).flatmap(lambda flag: WORDS.map(lambda word: [flag, word])), max_size=6))
def test_any_flags_differ_from_themselves_by_nothing(version: str, pairs: list[list[str]]) -> None:
    """One command line compared with itself is equal or undecided, at every release."""
    words = [word for pair in pairs for word in pair]
    manifest = save("x.yaml", deployment(image=f"vllm/vllm-openai:v{version}", args=words))
    found = answered("diff", manifest, manifest)
    assert found is None or [] == [json.dumps(change.setting) for change in found.changes]
