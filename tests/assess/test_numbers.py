"""Numbers that the parser takes and no engine can serve with."""

import pytest

from tests.assess.laid_out import case, clauses, findings

IMPOSSIBLE = "limits.impossible-number"


@pytest.mark.parametrize(
    ("version", "words", "anchors"),
    [
        ("0.8.5", "--max-model-len=-1, --max-num-seqs=0", ["--max-model-len", "--max-num-seqs"]),
        ("0.13.0", "--max-model-len=-1", ["--max-model-len"]),
        ("0.28.0", "--max-model-len=-5", ["--max-model-len"]),
        (
            "0.11.0",
            "--max-model-len, '-5', --tensor-parallel-size, '0', --port, '99999'",
            ["--max-model-len", "--tensor-parallel-size", "--port"],
        ),
        ("0.11.0", "--max-num-batched-tokens=0, --port=0", ["--max-num-batched-tokens", "--port"]),
    ],
)
def test_number_that_leaves_nothing_to_serve_with_is_an_error(version: str, words: str, anchors: list[str]) -> None:
    """Lengths and counts below one, and ports that do not exist."""
    of = case(f"args: [--model=m, {words}]", image=f"vllm/vllm-openai:v{version}")
    found = findings(of, IMPOSSIBLE)
    assert [(item.anchor, item.severity) for item in found] == [(anchor, "error") for anchor in anchors]


@pytest.mark.parametrize(
    ("version", "words"),
    [("0.14.0", "--max-model-len=-1"), ("0.28.0", "--max-model-len=auto"), ("0.8.5", "--port=65535, --max-num-seqs=1")],
)
def test_number_that_means_something_is_no_finding(version: str, words: str) -> None:
    """From 0.14.0 on a length of -1 is what fits into the memory."""
    of = case(f"args: [--model=m, {words}]", image=f"vllm/vllm-openai:v{version}")
    assert findings(of, IMPOSSIBLE) == []


def test_impossible_number_keeps_no_bound() -> None:
    """-1 is below every maximum, and is no length."""
    of = case("args: [--model=m, --max-model-len=-1, --max-num-seqs=0]", image="vllm/vllm-openai:v0.8.5")
    told = clauses(of, "limits: {max_model_len: {max: 4096}, max_num_seqs: {max: 256}}")
    assert told == {"limits.max_model_len": "fail", "limits.max_num_seqs": "fail"}
