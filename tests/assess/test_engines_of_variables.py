"""Checks and edits for TGI and the llama.cpp server, whose flags have variables and whose words have their own form."""

import pytest

from tests.assess.laid_out import case, effective, findings

TGI = "ghcr.io/huggingface/text-generation-inference:3.3.4"
LLAMACPP = "ghcr.io/ggml-org/llama.cpp:server-cuda-b7699"
GPUS = "resources: {limits: {nvidia.com/gpu: 2}}"


def test_variable_of_a_flag_is_told_once_under_the_flags_setting() -> None:
    """So that a flag here and its variable there are equal."""
    of = case("env: [{name: MAX_TOTAL_TOKENS, value: '8192'}, {name: ATTENTION, value: paged}]", image=TGI)

    assert effective(of, "limits.max_model_len").value == 8192  # type: ignore[union-attr]
    assert effective(of, "tgi.env.ATTENTION").value == "paged"  # type: ignore[union-attr]
    assert getattr(effective(of, "tgi.env.MAX_TOTAL_TOKENS"), "rule", "") == "absent"


@pytest.mark.parametrize(
    ("image", "text", "checks"),
    [
        (TGI, "env: [{name: MODEL_ID, value: /m}, {name: TRUST_REMOTE_CODE, value: '1'}]", ["args.invalid-env"]),
        (TGI, "args: [--model-id=/m, --json-output, --json-output]", ["args.invalid-value"]),
        (TGI, "args: [--model-id /m]", []),
        (TGI, "args: [--model-id=/m, --max-input-tokens=8]\nenv: [{name: MAX_TOTAL_TOKENS, value: '8'}]", ["args.invalid-value"]),
        (LLAMACPP, "args: [-m, /m.gguf, -c, 32k]", ["args.ignored"]),
        (LLAMACPP, "args: [-m, /m.gguf, --port=8080]", ["args.misspelt"]),
        (LLAMACPP, "args: [-m, /m.gguf, -c, '8192', -np, '-1', -n, '-1', -ngl, all]", []),
        (LLAMACPP, f"args: [-m, /m.gguf]\n{GPUS}", []),
        (LLAMACPP, "args: [-hf, 'org/repo:Q8_0']", ["pin.model-revision"]),
    ],
)  # fmt: skip
def test_findings(image: str, text: str, checks: list[str]) -> None:
    """What is wrong is told, and what is not is not: no shared memory for one process, no impossible -1."""
    ignored = (
        "pin.image-digest",
        "hardware.gpu-",
        "serving.",
        "scaling.",
        "runtime.",
        "limits.length",
        "secrets.",
    )
    found = [
        item.check
        for item in findings(case(text, image=image))
        if item.verdict == "fail" and item.severity != "note" and not item.check.startswith(ignored)
    ]

    assert found == checks


@pytest.mark.parametrize(
    ("args", "check", "edit"),
    [
        ("[-m, /m.gguf, -c, 32k]", "args.ignored", "write `--ctx-size 32768` instead of `-c`"),
        ("[-m, /m.gguf, --port=8080]", "args.misspelt", "write `--port 8080` instead of `--port=8080`"),
        ("[/m.gguf]", "args.unexpected-value", "write `--model /m.gguf` instead of `/m.gguf`"),
    ],
)
def test_edit_has_the_form_that_the_server_reads(args: str, check: str, edit: str) -> None:
    """Flag and value as two words."""
    (found,) = findings(case(f"args: {args}", image=LLAMACPP), check)

    assert found.remedy == edit
