"""What people's servers logged on real GPUs lies on the side of each bound where it must lie.

The figures stand in public issues of vLLM; the configs are those that the models' publishers give.
"""

import pytest

from skewguard.knowledge import capacity
from skewguard.knowledge.capacity import Amount, Plan
from tests.knowledge.capacity.test_capacity import GIB, LLAMA_8B, QWEN3_30B, amount, gpu
from tests.knowledge.checkpoints import making

QWEN3_235B = QWEN3_30B | {"hidden_size": 4096, "num_hidden_layers": 94, "num_attention_heads": 64}


@pytest.mark.parametrize(
    ("length", "blocks"), [(20_000, 1952), (29_000, 1478)], ids=["starts", "refused-at-29000-tokens"]
)
def test_llama_on_a_3090_has_no_more_room_than_its_bound(length: int, blocks: int) -> None:
    """vLLM issue 10517: 14.9888 GiB of weights, and fewer blocks the longer a profiled prompt is."""
    llama, plan = making.of(LLAMA_8B), Plan(dtype="bfloat16", length=length, block=16)
    assert amount(capacity.total(llama, plan)).value <= 14.9888 * GIB
    assert amount(capacity.total(llama, plan)).value >= 0.99 * 14.9888 * GIB
    bound = capacity.tokens(llama, plan, amount(capacity.on_device(llama, plan, gpu("RTX-3090"), 0.9)))
    assert isinstance(bound, Amount)
    assert bound.bound == "at-most"
    assert blocks * 16 <= bound.value


def test_a_block_of_llama_has_the_bytes_of_the_log() -> None:
    """The same log: 3.81 GiB hold 1952 blocks of 16 tokens, to the log's two digits."""
    size = amount(capacity.per_token(making.of(LLAMA_8B), Plan(dtype="bfloat16"))).value
    assert 3.805 * GIB <= 1952 * 16 * size <= 3.815 * GIB


def test_qwen_over_four_devices_keeps_what_sglang_logged() -> None:
    """vLLM issue 21348: 367,404 tokens of Qwen3-235B-A22B on each of four H100 take 8.23 GiB of keys and as many of values."""
    size = amount(capacity.per_token(making.of(QWEN3_235B), Plan(dtype="bfloat16", tensor=4))).value
    assert 2 * 8.225 * GIB <= 367_404 * size <= 2 * 8.235 * GIB


def test_one_request_of_qwen_takes_what_vllm_refused() -> None:
    """vLLM issue 34076: a request of 262,144 tokens of Qwen3-30B-A3B needs 24.0 GiB over all stages."""
    plan = Plan(dtype="bfloat16", length=262_144, block=16)
    assert amount(capacity.per_request(making.of(QWEN3_30B), plan)).value == 24 * GIB
