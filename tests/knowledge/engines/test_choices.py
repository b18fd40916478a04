"""What somebody most likely meant by a word that a flag refuses."""

import pytest

from skewguard.knowledge.engines import choices
from skewguard.knowledge.engines.tables import load


@pytest.mark.parametrize(
    ("engine", "version", "flag", "text", "expected"),
    [
        ("vllm", "0.11.0", "--block-size", "17", "16"),
        ("vllm", "0.11.0", "--block-size", "1000", "128"),
        ("vllm", "0.11.0", "--block-size", "12", "8"),  # as near to 16: the smaller
        ("vllm", "0.11.0", "--block-size", "big", None),
        ("vllm", "0.11.0", "--dtype", "fp16", "float16"),
        ("vllm", "0.11.0", "--dtype", "BF16", "bfloat16"),
        ("vllm", "0.11.0", "--dtype", "bfloat61", "bfloat16"),
        ("vllm", "0.11.0", "--dtype", "int3", None),
        ("sglang", "0.5.4", "--dtype", "fp32", "float32"),
        ("tgi", "3.3.5", "--dtype", "half", "float16"),
    ],
)
def test_choice_is_the_same_by_another_name_or_the_nearest(
    engine: str, version: str, flag: str, text: str, expected: str | None
) -> None:
    """Numbers are near as numbers, words as words."""
    found = load(engine).spellings(version).flags[flag]

    assert choices.meant(engine, found, [text]) == expected
