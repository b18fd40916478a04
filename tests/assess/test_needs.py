"""Switches that end the engine without the flag that they need."""

import pytest

from tests.assess.laid_out import case, findings


@pytest.mark.parametrize(
    ("version", "args", "expected"),
    [
        ("0.11.0", "--enable-auto-tool-choice", ["fail"]),
        ("0.6.0", "--enable-auto-tool-choice", ["fail"]),
        ("0.33.0", "--enable-auto-tool-choice", ["fail"]),
        ("0.11.0", "--enable-auto-tool-choice, --tool-call-parser=hermes", []),
        ("0.11.0", "--no-enable-auto-tool-choice", []),
        ("0.11.0", "--tool-call-parser=hermes", []),
        ("0.11.0", "--enable-auto-tool-choice, --config, /etc/vllm.yaml", ["unknown"]),  # the file may name it
        ("0.11.0", "--enable-auto-tool-choice, --tool-call-parser=$(PARSER)", ["unknown"]),
        ("0.11.0", "--enable-log-outputs", ["fail"]),
        ("0.10.2", "--enable-log-outputs", []),  # not compared yet
        ("0.11.0", "--enable-log-outputs, --enable-log-requests", []),
    ],
)
def test_switch_without_what_it_needs_ends_the_server(version: str, args: str, expected: list[str]) -> None:
    """As the release compares them at its start."""
    served = case(
        f"args: [--model=m, {args}]\nenvFrom: [{{configMapRef: {{name: unseen}}}}]",
        image=f"vllm/vllm-openai:v{version}",
    )
    assert [item.verdict for item in findings(served, "args.needs-another")] == expected


def test_missing_flag_is_named() -> None:
    """Both ways out."""
    (found,) = findings(case("args: [--model=m, --enable-auto-tool-choice]"), "args.needs-another")

    assert found.severity == "error"
    assert found.remedy == "add `--tool-call-parser`, or remove `--enable-auto-tool-choice`"
