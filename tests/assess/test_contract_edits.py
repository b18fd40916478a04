"""Edits that keep a promise: only with what the release that runs here knows."""

import pytest

from tests.assess.laid_out import case, findings

HEAD = (
    "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
    "  targets: [{kind: Deployment, name: chat}]\n"
)


def remedy(version: str, args: str, spec: str) -> str:
    """The edit for the one clause of a contract that is not kept."""
    of = case(f"args: [--model=m, {args}]", image=f"vllm/vllm-openai:v{version}")
    found = findings(of, "contract.mismatch", contract=f"{HEAD}  {spec}\n")
    (told,) = [item for item in found if item.verdict in ("fail", "unknown")]
    return told.remedy


def test_switch_that_has_no_negative_form_is_removed() -> None:
    """0.6.6 has no `--no-enforce-eager`."""
    assert remedy("0.6.6", "--enforce-eager", "runtime: {enforce_eager: false}").startswith("remove `--enforce-eager`")


def test_what_stands_there_already_is_not_added() -> None:
    """Engine V1 may overrule the flag; writing it again decides nothing."""
    told = remedy("0.8.5", "--no-enable-chunked-prefill", "runtime: {chunked_prefill: false}")
    assert "--no-enable-chunked-prefill" not in told


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("vllm.bogus", "no release of vLLM has it"),
        ("sglang.schedule_policy", "take sglang.schedule_policy out of the contract"),
        ("vllm.optimization_level", "or run a release of vLLM that has it"),
    ],
)
def test_setting_that_no_argument_can_set_is_corrected_in_the_contract(setting: str, said: str) -> None:
    """A flag that the release does not have stops the start: it is never advised."""
    told = remedy("0.8.5", "--port=8000", f"engine_settings: {{{setting}: 1}}")
    assert said in told
    assert "--" not in told
