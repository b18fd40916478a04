"""What is said where the version is not known, or only nearly."""

import pytest

from skewguard.language.facts import Fact
from tests.assess.laid_out import case, effective
from tests.assess.laid_out import findings as found_in

UNKNOWN = "registry.example.com/ml/vllm:blue"


@pytest.mark.parametrize("model", ["--model, m", "--model=m"])
def test_model_by_flag_weighs_the_same_in_both_spellings(model: str) -> None:
    """Older releases refuse one spelling longer than the other, and all newer ones take both: a note either way."""
    manifest = case(f"command: [vllm, serve, {model}, --max-num-seqs=64]", image=UNKNOWN)

    found = found_in(manifest, "args.depends-on-version", "args.model-by-flag", "args.invalid-value")

    assert [("args.depends-on-version", "note")] == [(item.check, item.severity) for item in found]
    assert isinstance(effective(manifest, "model.id"), Fact)


def test_fault_in_every_release_that_has_the_program_is_no_question_of_the_version() -> None:
    """Releases without `vllm serve` have no say in what its arguments mean."""
    manifest = case("command: [vllm, serve, m, --config=/etc/vllm/config.yaml]", image=UNKNOWN)

    found = found_in(manifest, "args.ignored", "args.depends-on-version")

    assert [("args.ignored", "fail")] == [(item.check, item.verdict) for item in found]
