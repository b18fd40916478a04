"""The answers by name, for an engine as its settings were resolved: known, open, and moved off the device."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.knowledge.capacity import effects, situations
from skewguard.knowledge.capacity.situations import BATCH, DECODE, PER_TOKEN, REQUESTS, TOKENS, WEIGHTS, Situation
from skewguard.knowledge.capacity.values import Amount
from skewguard.language import accelerators
from skewguard.language.errors import InputError
from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Origin
from tests.knowledge.capacity.test_capacity import DEEPSEEK_V3, GEMMA, GIB, LLAMA_8B, MISTRAL_7B, QWEN3_30B
from tests.knowledge.checkpoints import making

RULE = Origin("default", "default of the engine")
USUAL = {
    "runtime.dtype": "bfloat16", "runtime.kv_cache_dtype": "bfloat16", "runtime.quantization": None,
    "runtime.gpu_memory_utilization": 0.9, "sglang.mem_fraction_static": 0.8, "runtime.block_size": 16,
    "limits.max_model_len": 8192, "parallelism.tensor": 1, "parallelism.pipeline": 1, "parallelism.data": 1,
    "limits.max_num_seqs": 64,
}  # fmt: skip
WEIGHT_BYTES = 2 * 8_030_261_248
GPU_CHOICE = Choice("runtime.dtype", "dtype", ("gpu@x",), (Arm("new", "bfloat16"), Arm("old", "float16")))


def situation(
    config: dict[str, Any] = LLAMA_8B, gpu: str | None = "L4", engine: str = "vllm", **more: Any
) -> Situation:
    """A usual server of a model on one class; `more` are settings with `__` for the dot, as values, gaps or choices."""
    settings: dict[str, Any] = USUAL | {name.replace("__", "."): value for name, value in more.items()}

    def ask(name: str) -> Effective:
        if name not in settings:
            return Gap(name, "nothing in the input sets it", rule="absent")
        value = settings[name]
        return value if isinstance(value, Gap | Choice) else Fact(name, value, "derived", RULE)

    device = accelerators.find(gpu) if gpu is not None else None
    return Situation(engine, ask, making.of(config), device)


def value(answer: object) -> float:
    assert isinstance(answer, Amount), answer
    return answer.value


def gap(answer: object) -> Gap:
    assert isinstance(answer, Gap), answer
    assert answer.reason
    return answer


def test_every_answer_has_a_unit_and_a_meaning() -> None:
    """The names, their units and meanings are of one list, and all are answered for a usual server."""
    usual = situation()
    assert set(situations.NAMES) == set(situations.UNITS) == set(situations.MEANINGS)
    assert all(isinstance(situations.answer(usual, name), Amount) for name in situations.NAMES)


def test_answers_follow_the_settings() -> None:
    """Weights, KV cache and requests are those of the resolved dtype, length and share."""
    usual = situation()
    room = int(22.5 * GIB * 0.9) - WEIGHT_BYTES
    assert value(situations.answer(usual, WEIGHTS)) == WEIGHT_BYTES
    assert value(situations.answer(usual, PER_TOKEN)) == 131_072
    assert value(situations.answer(usual, TOKENS)) == room // (16 * 131_072) * 16
    assert value(situations.answer(usual, REQUESTS)) == room // (16 * 131_072) * 16 / 8192


def test_a_fact_says_where_it_comes_from() -> None:
    """An answer becomes a derived fact of the sheet, with the files and the class, and what it assumes."""
    found = situations.fact(situation(), TOKENS)
    assert isinstance(found, Fact)
    assert (found.authority, found.origin.kind) == ("derived", "rule")
    assert "models/it on L4" in found.origin.ref
    assert found.assumes


def test_a_fact_rests_on_what_its_settings_rest_on() -> None:
    """An unseen ConfigMap that may set the length is said where the length counts, and nowhere else."""
    usual = situation()

    def ask(name: str) -> Effective:
        found = usual.ask(name)
        unseen = ("ConfigMap prod/llm",) if name == "limits.max_model_len" else ()
        return structs.replace(found, assumes=unseen) if isinstance(found, Fact) else found

    doubtful = Situation("vllm", ask, usual.checkpoint, usual.device)
    requests, weights = situations.fact(doubtful, REQUESTS), situations.fact(doubtful, WEIGHTS)
    assert isinstance(requests, Fact)
    assert isinstance(weights, Fact)
    assert "ConfigMap prod/llm" in requests.assumes
    assert "ConfigMap prod/llm" not in weights.assumes
    assert situations.assumed(doubtful) == ("ConfigMap prod/llm",)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("runtime__dtype", WEIGHTS),
        ("runtime__kv_cache_dtype", PER_TOKEN),
        ("parallelism__tensor", TOKENS),
        ("runtime__gpu_memory_utilization", TOKENS),
        ("limits__max_model_len", REQUESTS),
        ("runtime__quantization", DECODE),
    ],
)
def test_an_unknown_setting_makes_its_answers_unknown(setting: str, name: str) -> None:
    """The gap names the setting and keeps the inputs that would settle it."""
    hidden = Gap(setting.replace("__", "."), "a ConfigMap may set it", "env", ("env@cm",), "the ConfigMap")
    more: dict[str, Any] = {setting: hidden}
    found = gap(situations.answer(situation(**more), name))
    assert found.setting == name
    assert (found.inputs, found.would_need) == (("env@cm",), "the ConfigMap")
    assert setting.replace("__", ".") in found.reason


def test_a_choice_that_changes_nothing_is_no_gap() -> None:
    """Both arms of a dtype that the GPU decides are two bytes wide."""
    assert value(situations.answer(situation(gpu=None, runtime__dtype=GPU_CHOICE), WEIGHTS)) == WEIGHT_BYTES


def test_a_choice_that_changes_the_answer_is_a_gap() -> None:
    """float32 on one of the classes: no single number."""
    wide = Choice("runtime.dtype", "dtype", ("gpu@x",), (Arm("new", "bfloat16"), Arm("else", "float32")))
    assert gap(situations.answer(situation(runtime__dtype=wide), WEIGHTS)).inputs == ("gpu@x",)


@pytest.mark.parametrize(
    ("setting", "moved"),
    [
        ("runtime__hf_overrides", {"num_hidden_layers": 2}),
        ("vllm__quantization_config", {"a": 1}),
        ("vllm__language_model_only", True),
        ("vllm__runner", "pooling"),
        ("vllm__task", "embed"),
    ],
)
def test_another_model_of_the_files_is_a_gap(setting: str, moved: Any) -> None:
    """Overrides of the config and quantization at the start size no weight."""
    gap(situations.answer(situation(**{setting: moved}), WEIGHTS))
    neutral: dict[str, Any] = {setting: None}
    assert value(situations.answer(situation(**neutral), WEIGHTS)) == WEIGHT_BYTES


@pytest.mark.parametrize(
    ("setting", "odd"),
    [
        ("parallelism__tensor", 0),
        ("parallelism__tensor", -2),
        ("runtime__gpu_memory_utilization", 0),
        ("runtime__gpu_memory_utilization", 1.5),
        ("runtime__gpu_memory_utilization", float("nan")),
    ],
)
def test_a_value_with_which_no_engine_starts_is_a_gap(setting: str, odd: Any) -> None:
    """No device, less than none, more than all of its memory: nothing follows."""
    more: dict[str, Any] = {setting: odd}
    gap(situations.answer(situation(**more), TOKENS))
    gap(situations.lacking(situation(**more)))


@pytest.mark.parametrize(
    ("setting", "moved"),
    [
        ("vllm__cpu_offload_gb", 4),
        ("vllm__offload_group_size", 8),
        ("vllm__num_gpu_blocks_override", 100),
        ("vllm__decode_context_parallel_size", 2),
    ],
)
def test_offloading_leaves_the_sizes_and_takes_the_capacity(setting: str, moved: Any) -> None:
    """What lies elsewhere still has its size; how much a device then holds is not known."""
    moved_off = situation(**{setting: moved})
    assert value(situations.answer(moved_off, WEIGHTS)) == WEIGHT_BYTES
    assert setting.replace("__", ".") in gap(situations.answer(moved_off, TOKENS)).reason
    gap(situations.lacking(moved_off))


def test_overrides_of_positions_alone_change_no_size() -> None:
    """Scaling the positions of a model lengthens its requests, and its layers stay."""
    longer = situation(runtime__hf_overrides={"rope_scaling": {"rope_type": "yarn", "factor": 4.0}})
    assert value(situations.answer(longer, WEIGHTS)) == WEIGHT_BYTES


def test_a_release_without_stages_has_one() -> None:
    """Where the engine has no flag for pipeline parallelism, there is one stage."""
    nothing = Gap("parallelism.pipeline", "nothing in the input sets it", rule="absent")
    assert value(situations.answer(situation(parallelism__pipeline=nothing), PER_TOKEN)) == 131_072


def test_a_model_that_embeds_is_a_gap() -> None:
    """Files of Sentence Transformers beside the config: no head is loaded, and no answer is generated."""
    of = situation()
    config = making.of(LLAMA_8B, modules__json=[{"type": "sentence_transformers.models.Transformer"}])
    gap(situations.answer(Situation(of.engine, of.ask, config, of.device), WEIGHTS))


def test_a_full_batch_is_bounded_by_the_lower_roof() -> None:
    """Few requests are bound by the memory, many by the arithmetic of the L4: 121 TFLOPS over two for each weight."""
    weights = 8_030_261_248 - 128256 * 4096
    one = value(situations.answer(situation(), DECODE))
    assert value(situations.answer(situation(limits__max_num_seqs=2), BATCH)) == pytest.approx(2 * one)
    assert value(situations.answer(situation(limits__max_num_seqs=4096), BATCH)) == pytest.approx(
        121e12 / (2 * weights)
    )


def test_a_full_batch_needs_its_number() -> None:
    """Where the engine decides at its start how many requests run, a batch has no bound."""
    own = Gap("limits.max_num_seqs", "it follows the size of the cache", "sglang.max-running", ("gpu@class/L4",))
    gap(situations.answer(situation(limits__max_num_seqs=own), BATCH))
    assert value(situations.answer(situation(limits__max_num_seqs=own), DECODE)) > 0


def test_cores_that_share_a_device_are_a_gap() -> None:
    """A chip of AWS has several cores, and a model is split over cores: how they share its memory is not known."""
    gap(situations.answer(situation(gpu="trainium2"), TOKENS))
    assert value(situations.answer(situation(gpu="trainium2"), WEIGHTS)) == WEIGHT_BYTES


def test_no_class_is_a_gap_of_the_class() -> None:
    """Without a GPU class the gap asks for one, whatever else is open."""
    nowhere = Gap("hardware.gpu_class", "nothing in scheduling names a GPU class", "scheduling", ("gpu@x",), "a label")
    found = gap(situations.answer(situation(gpu=None, runtime__dtype=GPU_CHOICE, hardware__gpu_class=nowhere), TOKENS))
    assert (found.inputs, found.would_need) == (("gpu@x",), "a label")


def test_several_classes_are_a_choice() -> None:
    """Each class that may run it has its own capacity; what no device decides is one number."""
    both = tuple(each for name in ("L4", "H20") if (each := accelerators.find(name)) is not None)
    nowhere = Gap("hardware.gpu_class", "several classes", "scheduling", ("gpu@x",), "one class")
    of = situation(gpu=None, hardware__gpu_class=nowhere)
    several = Situation("vllm", of.ask, of.checkpoint, classes=both)
    found = situations.fact(several, TOKENS)
    assert isinstance(found, Choice)
    assert found.inputs == ("gpu@x",)
    assert [arm.when for arm in found.arms] == ["on L4", "on H20"]
    assert found.arms[0].value == value(situations.answer(situation(gpu="L4"), TOKENS))
    assert situations.bound(several, TOKENS) == "at-most"
    assert isinstance(situations.fact(several, WEIGHTS), Fact)


def test_memory_that_is_given_counts_in_place_of_a_share() -> None:
    """`kv_cache_memory_bytes` sizes the cache on any device, and says nothing of what a device lacks."""
    given = situation(gpu=None, vllm__kv_cache_memory_bytes=GIB)
    assert value(situations.answer(given, TOKENS)) == GIB // (16 * 131_072) * 16
    assert situations.bound(given, TOKENS) == "exact"
    gap(situations.lacking(situation(vllm__kv_cache_memory_bytes=GIB)))


def test_another_engine_is_a_gap() -> None:
    """An engine whose share of a device is not known has no answer."""
    gap(situations.answer(situation(engine="tgi"), WEIGHTS))
    gap(situations.lacking(situation(engine="tgi")))


def test_experts_over_data_parallel_ranks_are_a_gap() -> None:
    """Experts lie over the devices of all ranks; with one rank they do not."""
    gap(situations.answer(situation(QWEN3_30B, parallelism__data=2), WEIGHTS))
    assert value(situations.answer(situation(QWEN3_30B), WEIGHTS)) == 2 * 30_532_122_624
    assert value(situations.answer(situation(parallelism__data=2), WEIGHTS)) == WEIGHT_BYTES


def test_speculative_decoding_has_no_bound_of_decoding() -> None:
    """Several tokens in one step are bounded by no reading of the weights."""
    gap(situations.answer(situation(runtime__speculative={"method": "ngram"}), DECODE))


def length_at(bytes_left: float) -> int:
    """The longest length whose request of whole blocks fits in some bytes."""
    return int(bytes_left) // (16 * 131_072) * 16


def test_what_lacks_is_shown_beyond_the_margin_alone() -> None:
    """A request that needs the last block of 1.07 times the memory is not said to lack any; one block more is."""
    most = length_at(22.5 * GIB * 1.07 * 0.9 - WEIGHT_BYTES)
    assert situations.lacking(situation(limits__max_model_len=most)) is None
    assert value(situations.lacking(situation(limits__max_model_len=most + 16))) > 0


def test_sglang_starts_without_room_for_a_full_length() -> None:
    """SGLang lacks memory only where the weights exceed its share."""
    assert situations.lacking(situation(engine="sglang", limits__max_model_len=10**7)) is None
    assert value(situations.lacking(situation(engine="sglang", gpu="T4"))) > 0


def test_a_share_that_sglang_works_out_is_at_most_all() -> None:
    """Weights that exceed a whole device lack memory whatever share of it the engine takes; others are not judged."""
    own = Gap("sglang.mem_fraction_static", "it is worked out", "sglang.mem-fraction-static@0.5.16", ("gpu@class/T4",))
    hidden = Gap("sglang.mem_fraction_static", "a ConfigMap may set it", "env", ("env@cm",), "the ConfigMap")
    gap(situations.answer(situation(engine="sglang", sglang__mem_fraction_static=own), TOKENS))
    big = situation(QWEN3_30B, engine="sglang", sglang__mem_fraction_static=own)
    assert value(situations.lacking(big)) > 0
    assert situations.lacking(situation(engine="sglang", gpu="T4", sglang__mem_fraction_static=own)) is None
    gap(situations.lacking(situation(QWEN3_30B, engine="sglang", sglang__mem_fraction_static=hidden)))


def test_stages_share_what_one_of_them_must_hold() -> None:
    """Over two stages half of the layers' cache counts: one of the devices holds at least that much."""
    narrow = situation(parallelism__pipeline=2, gpu="T4", limits__max_model_len=8192)
    assert situations.lacking(narrow) is None
    assert value(situations.lacking(situation(gpu="T4"))) > 0


def test_an_effect_stands_where_both_sides_are_known() -> None:
    """float32 in place of bfloat16: weights and cache double, capacity falls, decoding halves."""
    found = {item.name: item for item in effects.of(situation(gpu="H20"), "runtime.dtype", "bfloat16", "float32")}
    assert found[WEIGHTS].after == 2 * (found[WEIGHTS].before or 0)
    assert found[PER_TOKEN].after == 2 * (found[PER_TOKEN].before or 0)
    assert (found[TOKENS].after or 0) < (found[TOKENS].before or 0) / 2


def test_an_effect_says_where_nothing_is_left() -> None:
    """float32 weights of 30 GiB leave no room on an L4: the capacity becomes none, and from none what there is."""
    found = {item.name: item for item in effects.of(situation(), "runtime.dtype", "bfloat16", "float32")}
    assert found[TOKENS].after is None
    back = {item.name: item for item in effects.of(situation(), "runtime.dtype", "float32", "bfloat16")}
    assert (back[TOKENS].before, back[TOKENS].after) == (None, found[TOKENS].before)
    assert (found[DECODE].after or 0) == pytest.approx((found[DECODE].before or 0) / 2)


@pytest.mark.parametrize(
    ("setting", "before", "after", "names"),
    [
        ("runtime.kv_cache_dtype", "bfloat16", "fp8", [PER_TOKEN, TOKENS, REQUESTS]),
        ("limits.max_model_len", 8192, 4096, [REQUESTS]),
        ("runtime.gpu_memory_utilization", 0.9, 0.8, [TOKENS, REQUESTS]),
        ("parallelism.tensor", 1, 2, [PER_TOKEN, TOKENS, REQUESTS, DECODE]),
        ("hardware.gpu_class", "L4", "L40S", [TOKENS, REQUESTS, DECODE]),
        ("limits.max_num_seqs", 64, 32, [BATCH]),
        ("runtime.seed", 0, 1, []),
        ("hardware.gpu_class", "L4", "MI300X", []),
        ("hardware.gpu_class", "L4", "A100", []),
    ],
)
def test_an_effect_names_what_changes(setting: str, before: Any, after: Any, names: list[str]) -> None:
    """Each setting changes its own answers; one that changes none, another vendor and an open class have no effect."""
    assert [item.name for item in effects.of(situation(), setting, before, after)] == names


def test_a_cache_that_follows_the_dtype_follows_it_in_an_effect() -> None:
    """A cache format that somebody wrote stays; one that the engine takes from the weights goes with them."""

    def ask(name: str) -> Effective:
        authority: Any = "declared" if name == "runtime.kv_cache_dtype" else "derived"
        return Fact(name, USUAL[name], authority, RULE) if name in USUAL else Gap(name, "absent", rule="absent")

    written = Situation("vllm", ask, making.of(LLAMA_8B), accelerators.find("H20"))
    names = [item.name for item in effects.of(written, "runtime.dtype", "bfloat16", "float32")]
    assert PER_TOKEN not in names
    assert WEIGHTS in names


def test_no_effect_rests_on_a_choice() -> None:
    """Where the dtype is open, a shorter length has no number, though both arms are of one width."""
    assert effects.of(situation(runtime__dtype=GPU_CHOICE), "limits.max_model_len", 8192, 4096) == ()


def test_no_effect_where_a_side_is_unknown() -> None:
    """Weights of an architecture without formula have no effect to tell, the cache of it has."""
    names = [item.name for item in effects.of(situation(DEEPSEEK_V3), "runtime.dtype", "bfloat16", "float32")]
    assert names == [PER_TOKEN]


@given(
    length=st.integers(1, 300_000),
    more=st.integers(1, 300_000),
    tensor=st.sampled_from([1, 2, 4, 8]),
    share=st.floats(0.1, 0.99),
    name=st.sampled_from(["T4", "L4", "A100-40GB", "H200"]),
)
def test_what_lacks_grows_with_length_and_shrinks_with_devices(
    length: int, more: int, tensor: int, share: float, name: str
) -> None:
    """A longer request never fits where a shorter one lacks memory, nor do fewer devices where more lack it."""

    def lacks(tokens: int, devices: int) -> float:
        server = situation(
            gpu=name, limits__max_model_len=tokens, parallelism__tensor=devices, runtime__gpu_memory_utilization=share
        )
        found = situations.lacking(server)
        return 0 if found is None else value(found)

    assert lacks(length, tensor) <= lacks(length + more, tensor)
    assert lacks(length, 2 * tensor) <= lacks(length, tensor)


@given(length=st.integers(1, 300_000), name=st.sampled_from(["T4", "L4", "H200"]))
def test_what_lacks_memory_holds_no_whole_request(length: int, name: str) -> None:
    """The check and the number shown never contradict each other: where memory lacks, less than one request fits."""
    server = situation(gpu=name, limits__max_model_len=length)
    fits = situations.answer(server, REQUESTS)
    if situations.lacking(server) is not None:
        assert isinstance(fits, Gap) or fits.value < 1


ODD: st.SearchStrategy[Any] = st.sampled_from([0, -1, 1, 7, 10**6, 10**30, 10**400, True, None, []])


@given(
    config=st.sampled_from([LLAMA_8B, QWEN3_30B, DEEPSEEK_V3, GEMMA, MISTRAL_7B]),
    sizes=st.dictionaries(st.sampled_from(sorted(LLAMA_8B | QWEN3_30B | DEEPSEEK_V3)), ODD, max_size=3),
    settings=st.dictionaries(
        st.sampled_from(sorted(name for name in USUAL if not name.startswith("runtime.quant"))), ODD, max_size=3
    ),
)
def test_no_config_and_no_setting_breaks_the_arithmetic(
    config: dict[str, Any], sizes: dict[str, Any], settings: dict[str, Any]
) -> None:
    """Sizes of nothing, less than nothing and more than a float holds: a number that is shown, or a gap."""
    try:
        files = making.of(config | sizes)
    except InputError:
        return
    usual = situation(**{name.replace(".", "__"): value for name, value in settings.items()})
    odd = Situation(usual.engine, usual.ask, files, usual.device)
    situations.lacking(odd)
    for name in situations.NAMES:
        found = situations.answer(odd, name)
        assert isinstance(found, Gap) or 0 <= float(found.value) < float("inf")
    for setting, before, after in [("runtime.dtype", "bfloat16", "float32"), ("parallelism.tensor", 1, 0)]:
        effects.of(odd, setting, before, after)
