"""Sizes and rates follow from a checkpoint by arithmetic, exactly where it can, and as a gap where it cannot."""

from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge import capacity, checkpoints
from skewguard.knowledge.capacity import Amount, Plan
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap
from tests.knowledge.checkpoints import making

GIB = 2**30
TINY = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32", "hidden_size": 128,
    "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 32, "vocab_size": 1024, "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False,
}  # fmt: skip
LAYER = {
    "input_layernorm": (128,), "post_attention_layernorm": (128,), "mlp.down_proj": (128, 256),
    "mlp.gate_proj": (256, 128), "mlp.up_proj": (256, 128), "self_attn.k_proj": (64, 128),
    "self_attn.o_proj": (128, 128), "self_attn.q_proj": (128, 128), "self_attn.v_proj": (64, 128),
}  # fmt: skip
STORED = {
    "lm_head.weight": ("F32", (1024, 128)),
    "model.embed_tokens.weight": ("F32", (1024, 128)),
    "model.norm.weight": ("F32", (128,)),
    **{f"model.layers.{at}.{name}.weight": ("F32", shape) for at in range(2) for name, shape in LAYER.items()},
}
FILE_BYTES = 2_233_000 - 8 - 2208  # what `ls` shows, less the prefix and the header

LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "tie_word_embeddings": False,
}  # fmt: skip
QWEN2_7B = {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
    "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
    "sliding_window": 131072, "use_sliding_window": False, "tie_word_embeddings": False,
}  # fmt: skip
QWEN3_8B = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 4096, "intermediate_size": 12288,
    "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
    "vocab_size": 151936, "attention_bias": False, "tie_word_embeddings": False,
}  # fmt: skip
QWEN3_30B = {
    "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": 2048, "head_dim": 128,
    "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8,
    "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 151936,
    "decoder_sparse_step": 1, "mlp_only_layers": [], "tie_word_embeddings": False,
}  # fmt: skip
MISTRAL_7B = {
    "architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
    "sliding_window": 4096, "tie_word_embeddings": False,
}  # fmt: skip
MIXTRAL = MISTRAL_7B | {
    "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_local_experts": 8, "sliding_window": None,
}  # fmt: skip
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "hidden_size": 7168,
    "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128, "kv_lora_rank": 512,
    "qk_rope_head_dim": 64, "vocab_size": 129280,
}  # fmt: skip
GEMMA = {
    "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 6,
    "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "sliding_window": 1024,
    "layer_types": ["sliding_attention"] * 5 + ["full_attention"],
}  # fmt: skip

BF16 = Plan(dtype="bfloat16", length=8192, block=16)


def tiny() -> Checkpoint:
    """The checkpoint that the recorded servers ran: its config and the header of its weights."""
    folder = Path(__file__).parents[2] / "data" / "checkpoints" / "tiny-f32"
    head = (folder / "model.safetensors.head").read_bytes()
    texts = {"config.json": (folder / "config.json").read_text("utf-8")}
    return checkpoints.read(texts, {"model.safetensors": (head, 2_233_000)}, "tiny-f32", whole=True)


def gpu(name: str) -> Accelerator:
    found = accelerators.find(name)
    assert found is not None
    return found


def amount(answer: object) -> Amount:
    assert isinstance(answer, Amount), answer
    return answer


def gap(answer: object) -> Gap:
    assert isinstance(answer, Gap), answer
    assert answer.reason
    assert answer.would_need
    return answer


def changed(config: dict[str, Any], **more: Any) -> Checkpoint:
    return making.of({name: value for name, value in (config | more).items() if value != "absent"})


@pytest.mark.parametrize(
    ("plan", "tokens", "requests"),
    [
        pytest.param(Plan(dtype="bfloat16", length=1024, block=128), 2_097_152, 2048.0, id="0.17.1-0.32.0-default"),
        pytest.param(Plan(dtype="float32", length=1024, block=128), 1_048_576, 1024.0, id="0.17.1-0.32.0-float32"),
        pytest.param(Plan(dtype="bfloat16", length=512, block=128), 2_097_152, 4096.0, id="0.17.1-0.32.0-limits"),
        pytest.param(
            Plan(dtype="bfloat16", kv_dtype="fp8", length=1024, block=128), 4_194_304, 4096.0, id="0.32.0-fp8"
        ),
    ],
)
def test_capacity_is_what_real_servers_logged(plan: Plan, tokens: int, requests: float) -> None:
    """Tokens and concurrency equal the `KV cache size` line of vLLM on CPU with VLLM_CPU_KVCACHE_SPACE=1."""
    room = capacity.reserved(GIB)
    assert capacity.tokens(tiny(), plan, room) == Amount(
        tokens, "tokens", "exact", ("the memory for the KV cache is given, not measured at start",)
    )
    found = amount(capacity.requests(tiny(), plan, room))
    assert (found.value, found.bound) == (requests, "exact")


def test_memory_is_cut_into_whole_blocks() -> None:
    """One byte less than two blocks is one block, and one byte less than one block is a gap, never 0."""
    block = 128 * 512
    plan = Plan(dtype="bfloat16", block=128)
    assert amount(capacity.tokens(tiny(), plan, capacity.reserved(2 * block))).value == 256
    assert amount(capacity.tokens(tiny(), plan, capacity.reserved(2 * block - 1))).value == 128
    gap(capacity.tokens(tiny(), plan, capacity.reserved(block - 1)))


def test_a_block_that_is_not_known_makes_a_bound() -> None:
    """Without the size of a block the tokens are at most that many."""
    assert amount(capacity.tokens(tiny(), Plan(dtype="bfloat16"), capacity.reserved(GIB))).bound == "at-most"


def test_weights_are_the_bytes_of_the_file() -> None:
    """Run as stored, the weights take what the file holds behind its header; in half the width, half of it."""
    assert amount(capacity.total(tiny(), Plan(dtype="float32"))).value == FILE_BYTES
    assert amount(capacity.total(tiny(), Plan(dtype="bfloat16"))).value == FILE_BYTES / 2


def test_the_formula_agrees_with_the_headers() -> None:
    """The same model without its safetensors file has as many bytes."""
    assert amount(capacity.total(making.of(TINY), Plan(dtype="float32"))).value == FILE_BYTES


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (LLAMA_8B, 8_030_261_248),
        (QWEN2_7B, 7_615_616_512),
        (QWEN3_8B, 8_190_735_360),
        (QWEN3_30B, 30_532_122_624),
        (MISTRAL_7B, 7_241_732_096),
        (MIXTRAL, 46_702_792_704),
    ],
)
def test_the_formula_counts_published_models(config: dict[str, Any], parameters: int) -> None:
    """Parameters of public models by their config equal the number their publishers' files hold."""
    assert amount(capacity.total(making.of(config), Plan(dtype="bfloat16"))).value == 2 * parameters


@pytest.mark.parametrize(
    "checkpoint",
    [
        changed(LLAMA_8B, architectures=["SomethingForCausalLM"]),
        changed(LLAMA_8B, auto_map={"AutoModel": "own.Model"}),
        changed(LLAMA_8B, intermediate_size="absent"),
        changed(QWEN3_8B, head_dim=None),
        changed(MISTRAL_7B, num_key_value_heads=None),
        changed(QWEN3_30B, mlp_only_layers=[0]),
        changed(LLAMA_8B, num_local_experts=4),
        changed(LLAMA_8B, quantization_config={"quant_method": "awq", "bits": 4}),
    ],
)
def test_weights_without_a_known_formula_are_a_gap(checkpoint: Checkpoint) -> None:
    """Another architecture, own code, a size that is not written, odd layers or quantization: no number."""
    gap(capacity.total(checkpoint, BF16))


def test_what_a_config_leaves_out_is_its_class_s() -> None:
    """Sizes that the config class fills in count like written ones."""
    qwen, mistral = changed(QWEN3_8B, head_dim="absent"), changed(MISTRAL_7B, num_key_value_heads="absent")
    assert amount(capacity.total(qwen, BF16)).value == 2 * 8_190_735_360
    assert amount(capacity.per_token(qwen, BF16)).value == 2 * 36 * 8 * 128 * 2
    assert amount(capacity.per_token(mistral, BF16)).value == 131_072


def test_a_dtype_that_is_not_known_is_a_gap() -> None:
    """Neither `auto` nor nothing sizes a weight."""
    assert gap(capacity.total(tiny(), Plan())).would_need == "dtype"
    gap(capacity.total(tiny(), Plan(dtype="auto")))
    gap(capacity.per_token(tiny(), Plan()))


def test_quantizing_at_start_is_a_gap() -> None:
    """A method asked for by a flag alone leaves weights that no file sizes."""
    gap(capacity.total(tiny(), Plan(dtype="bfloat16", quantization="fp8")))


def test_missing_files_are_a_gap() -> None:
    """An index that names a file that is not there leaves the weights unknown, not smaller."""
    index = {"metadata": {"total_size": 9}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    heads = {"model-1.safetensors": making.head({"a": ("F32", (1,))})}
    found = making.of(TINY, heads, model__safetensors__index__json=index)
    assert "model-2.safetensors" in gap(capacity.total(found, BF16)).would_need


def test_what_engines_do_not_load_takes_no_memory() -> None:
    """A stored copy of tied embeddings, a draft layer behind the last layer and tables are left out, and that is said."""
    stored = STORED | {
        "model.layers.2.mlp.up_proj.weight": ("F32", (256, 128)),
        "gpt_neox.layers.0.attention.bias": ("F32", (1, 1, 64, 64)),
        "gpt_neox.layers.0.attention.rotary_emb.cos_cached": ("F32", (64, 8)),
    }
    found = making.of(TINY | {"tie_word_embeddings": True}, {"model.safetensors": making.head(stored)})
    answer = amount(capacity.total(found, Plan(dtype="float32")))
    assert answer.value == FILE_BYTES - 4 * 1024 * 128
    assert any("left out" in said for said in answer.assumes)


def test_quantized_weights_are_as_stored_and_no_less() -> None:
    """Bytes of packed tensors are kept as they are, and are a lower bound."""
    stored: dict[str, tuple[str, tuple[int, ...]]] = {
        "model.layers.0.q.weight": ("F8_E4M3", (64,)), "model.norm.weight": ("BF16", (8,)),
    }  # fmt: skip
    config = LLAMA_8B | {"quantization_config": {"quant_method": "fp8"}}
    answer = amount(capacity.total(making.of(config, {"model.safetensors": making.head(stored)}), BF16))
    assert (answer.value, answer.bound) == (80, "at-least")


@pytest.mark.parametrize(
    ("config", "plan", "size"),
    [
        (LLAMA_8B, BF16, 131_072),
        (LLAMA_8B, Plan(dtype="bfloat16", tensor=4), 32_768),
        (LLAMA_8B, Plan(dtype="bfloat16", tensor=16), 16_384),
        (LLAMA_8B, Plan(dtype="bfloat16", pipeline=3), 45_056),
        (LLAMA_8B, Plan(dtype="bfloat16", kv_dtype="fp8_e5m2"), 65_536),
        (DEEPSEEK_V3, Plan(dtype="bfloat16", tensor=8), 70_272),
    ],
)
def test_one_token_takes_what_its_layers_keep(config: dict[str, Any], plan: Plan, size: int) -> None:
    """Grouped heads divide by the tensor size and are repeated beyond it; a compressed vector is whole everywhere."""
    answer = amount(capacity.per_token(making.of(config), plan))
    assert (answer.value, answer.unit) == (size, "bytes per token")


@pytest.mark.parametrize(
    "checkpoint",
    [
        changed(LLAMA_8B, model_type="jamba"),
        changed(QWEN3_8B, head_dim=None),
        changed(MISTRAL_7B, num_key_value_heads=None),
        changed(MISTRAL_7B, sliding_window="absent"),
        changed(LLAMA_8B, num_hidden_layers=None),
        changed(LLAMA_8B, layer_types=["full_attention", "linear_attention"] * 16),
        changed(LLAMA_8B, layer_types=["full_attention"] * 31),
        changed(QWEN2_7B, use_sliding_window=True),
        changed(GEMMA, layer_types="absent"),
        changed(GEMMA, sliding_window="absent"),
        changed(GEMMA, num_kv_shared_layers=2),
        changed(DEEPSEEK_V3, index_head_dim=128),
        changed(DEEPSEEK_V3, kv_lora_rank="absent"),
        changed(DEEPSEEK_V3, qk_rope_head_dim="absent"),
        changed(LLAMA_8B, quantization_config={"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 8}}),
    ],
)
def test_a_cache_whose_layers_are_not_known_is_a_gap(checkpoint: Checkpoint) -> None:
    """States, shared caches, odd heads, windows that are not told: no number of bytes."""
    gap(capacity.per_token(checkpoint, BF16))


@pytest.mark.parametrize("plan", [Plan(dtype="bfloat16", tensor=3), Plan(dtype="bfloat16", kv_dtype="nvfp4")])
def test_a_plan_that_does_not_size_the_cache_is_a_gap(plan: Plan) -> None:
    """Heads that do not divide, and a format whose size is not known."""
    gap(capacity.per_token(making.of(LLAMA_8B), plan))


def test_a_window_bounds_what_a_request_keeps() -> None:
    """Within the window a request grows; beyond it, it does not."""
    mistral = making.of(MISTRAL_7B)
    short = amount(capacity.per_request(mistral, Plan(dtype="bfloat16", length=4096, block=16)))
    long = amount(capacity.per_request(mistral, Plan(dtype="bfloat16", length=32768, block=16)))
    assert short.value == long.value == 4096 * 131_072
    assert long.bound == "at-least"
    assert amount(capacity.per_request(changed(MISTRAL_7B, sliding_window=None), BF16)).value == 8192 * 131_072


def test_mixed_layers_count_in_requests_alone() -> None:
    """Five windowed layers and a full one: no number of tokens says what fits, but requests have an upper bound."""
    gemma, room = making.of(GEMMA), capacity.reserved(GIB)
    gap(capacity.tokens(gemma, BF16, room))
    row = 2 * 4 * 256 * 2
    answer = amount(capacity.requests(gemma, BF16, room))
    assert answer.value == GIB / (row * (8192 + 5 * 1024))
    assert answer.bound == "at-most"
    gap(capacity.per_token(gemma, Plan(dtype="bfloat16", pipeline=2)))


def test_requests_need_a_length() -> None:
    """Without the longest length there is no longest request."""
    gap(capacity.requests(tiny(), Plan(dtype="bfloat16", block=16), capacity.reserved(GIB)))


def test_a_device_keeps_what_the_weights_leave() -> None:
    """The share that may be used, less the weights, is at most what the cache gets."""
    answer = amount(capacity.on_device(making.of(LLAMA_8B), BF16, gpu("L4"), 0.9))
    assert answer.value == int(gpu("L4").memory_gib * GIB * 0.9) - 2 * 8_030_261_248
    assert answer.bound == "at-most"
    gap(capacity.on_device(making.of(LLAMA_8B), BF16, gpu("T4"), 0.9))


def test_a_model_that_does_not_fit_lacks_bytes() -> None:
    """8 B parameters of two bytes lack room on 15 GiB; on two of them or on 22 GiB nothing is shown to lack."""
    llama = making.of(LLAMA_8B)
    lacking = amount(capacity.missing(llama, BF16, gpu("T4"), 0.9))
    assert lacking.value == 2 * 8_030_261_248 + 8192 * 131_072 - int(15 * GIB * 0.9)
    assert lacking.bound == "at-least"
    assert capacity.missing(llama, BF16, gpu("L4"), 0.9) is None
    assert capacity.missing(llama, Plan(dtype="bfloat16", length=8192, block=16, tensor=2), gpu("T4"), 0.9) is None
    gap(capacity.missing(llama, Plan(dtype="bfloat16"), gpu("T4"), 0.9))


def test_the_longest_request_can_be_what_does_not_fit() -> None:
    """Weights alone fit on an L4; with a request of 128 Ki tokens they do not."""
    plan = Plan(dtype="bfloat16", length=131072, block=16)
    assert amount(capacity.missing(making.of(LLAMA_8B), plan, gpu("L4"), 0.9)).value > 0


def test_decoding_reads_weights_and_cache() -> None:
    """Tokens per second are at most bandwidth over the bytes of a step, for all running requests."""
    answer = amount(capacity.decode_rate(making.of(LLAMA_8B), BF16, gpu("L4"), running=8, context=1000))
    step = 2 * (8_030_261_248 - 128256 * 4096) + 8 * 1000 * 131_072
    assert answer.value == pytest.approx(8 * 300e9 / step)
    assert answer.bound == "at-most"
    assert any("L4 data sheet" in said for said in answer.assumes)


def test_tensor_parallelism_divides_what_a_device_reads() -> None:
    """Two devices read half of the weights and half of the heads each."""
    one = amount(capacity.decode_rate(making.of(LLAMA_8B), BF16, gpu("L4"), 1, 100))
    two = amount(capacity.decode_rate(making.of(LLAMA_8B), Plan(dtype="bfloat16", tensor=2), gpu("L4"), 1, 100))
    assert two.value == pytest.approx(2 * one.value)


@pytest.mark.parametrize(
    ("config", "plan", "name"),
    [
        (LLAMA_8B, BF16, "A16"),
        (LLAMA_8B, BF16, "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"),
        (MIXTRAL, BF16, "L4"),
        (LLAMA_8B, Plan(dtype="bfloat16", pipeline=2), "L4"),
        (LLAMA_8B, Plan(), "L4"),
    ],
)
def test_a_rate_that_is_not_bounded_is_a_gap(config: dict[str, Any], plan: Plan, name: str) -> None:
    """No data sheet, a slice of a device, experts, stages or an unknown dtype: no rate."""
    gap(capacity.decode_rate(making.of(config), plan, gpu(name), 1, 100))


def test_half_the_width_doubles_what_fits() -> None:
    """float32 in place of bfloat16 doubles the weights and halves the tokens that fit."""
    wide, narrow = Plan(dtype="float32", block=16), Plan(dtype="bfloat16", block=16)
    llama, room = making.of(LLAMA_8B), capacity.reserved(GIB)
    assert amount(capacity.total(llama, wide)).value == 2 * amount(capacity.total(llama, narrow)).value
    assert 2 * amount(capacity.tokens(llama, wide, room)).value == amount(capacity.tokens(llama, narrow, room)).value
