"""Single answers of engines: what each field is, and that no shape of an answer does harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import live
from skewguard.knowledge.engines.live import Endpoint, Heard, log_lines, metrics, printed, sglang, vllm
from skewguard.language import secret_names
from tests.searching import examples

LABELS = 'block_size="16",cache_dtype="fp8",num_gpu_blocks="100",kv_cache_memory_bytes="{memory}",engine="{engine}"'


def page(*ranks: str) -> bytes:
    """A page of metrics with one series of the cache's config for each engine, between others."""
    lines = ["# HELP vllm:x y", 'vllm:x{a="cache_dtype=\\"no\\""} 1.0']
    lines += [f"vllm:cache_config_info{{{labels}}} 1.0" for labels in ranks]
    return "\n".join([*lines, "vllm:cache_config_info_other 3", ""]).encode()


def said(heard: Heard) -> dict[str, Any]:
    """Values by setting."""
    return {each.setting: each.value for each in heard.said}


def test_labels_are_parsed_and_not_searched_for() -> None:
    """`cache_dtype` also stands inside `mamba_cache_dtype`, and quotes may be escaped."""
    labels = (
        'mamba_cache_dtype="float32",x="cache_dtype=\\"no\\", block_size=\\"1\\"",cache_dtype="fp8",block_size="128"'
    )
    found = said(vllm.read_metrics(page(labels)))
    assert found["runtime.kv_cache_dtype"] == "fp8"
    assert found["runtime.block_size"] == 128


def test_width_of_a_token_is_told_where_it_comes_out_whole() -> None:
    """16 x 100 tokens in 819,200 bytes are 512 each; where memory is left over nobody knows of how many bytes."""
    assert (
        said(vllm.read_metrics(page(LABELS.format(memory=819_200, engine=0))))["vllm.kv_cache_bytes_per_token"] == 512
    )
    for memory in ("819201", "None", "0", "-819200", "1e9", "inf", "True"):
        found = said(vllm.read_metrics(page(LABELS.format(memory=memory, engine=0))))
        assert "vllm.kv_cache_bytes_per_token" not in found


def test_engines_of_one_process_that_differ_are_told() -> None:
    """What all data-parallel ranks say is a value; where they differ there is none, and it is said."""
    heard = vllm.read_metrics(
        page(LABELS.format(memory=1, engine=0), LABELS.format(memory=1, engine=1).replace("fp8", "auto"))
    )
    assert "runtime.kv_cache_dtype" not in said(heard)
    assert said(heard)["runtime.block_size"] == 16
    assert heard.troubles == ("the engines of this process differ in cache_dtype",)


def test_blocks_that_were_counted_differ_between_ranks_without_a_word() -> None:
    """Each rank measures its own memory."""
    two = LABELS.format(memory=1, engine=1).replace('num_gpu_blocks="100"', 'num_gpu_blocks="101"')
    assert vllm.read_metrics(page(LABELS.format(memory=1, engine=0), two)).troubles == ()


@pytest.mark.parametrize(
    "line",
    [
        b"vllm:cache_config_info{",
        b'vllm:cache_config_info{block_size="1',
        b'vllm:cache_config_info{block_size="1"}',
        b'vllm:cache_config_info{block_size="1"} one',
        b"vllm:cache_config_info{=} 1",
        b"vllm:cache_config_info " + b"9" * 100_000,
        b'vllm:cache_config_info{block_size="' + b"1" * 100_000 + b'"} 1',
        b"vllm:cache_config_info{\xff\xfe} 1",
    ],
    ids=["open", "open value", "no number", "no number either", "no name", "long number", "long label", "no text"],
)
def test_a_broken_line_costs_itself_alone(line: bytes) -> None:
    """The whole line next to it is read."""
    whole = page('block_size="128"')
    assert said(vllm.read_metrics(line + b"\n" + whole))["runtime.block_size"] == 128


def test_a_million_lines_of_other_metrics_are_passed_over() -> None:
    """A page of any length has its few series found."""
    many = b"".join(b'vllm:cache_config_information{le="%d"} NaN\n' % number for number in range(1_000_000))
    assert said(vllm.read_metrics(many + page('block_size="128"')))["runtime.block_size"] == 128


def test_a_million_lines_of_the_same_metric_are_bounded() -> None:
    """No more series are read than a process has engines."""
    many = b'vllm:cache_config_info{block_size="1"} 1\n' * 1_000_000
    assert len(list(metrics.series(many, ("vllm:cache_config_info",)))) == 256


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e300", "-5", "0", "1.5"])
def test_a_number_that_is_no_length_is_none(value: str) -> None:
    """A gauge may hold anything."""
    assert sglang.read_metrics(f'sglang:context_len{{tp_rank="0"}} {value}\n'.encode()).said == ()


def test_ranks_that_differ_in_a_gauge_give_no_value() -> None:
    """Which of them would it be?"""
    text = 'sglang:context_len{tp_rank="0"} 512.0\nsglang:context_len{tp_rank="1"} 1024.0\n'
    assert sglang.read_metrics(text.encode()).said == ()


def test_adapters_are_no_model() -> None:
    """A LoRA adapter is served under a name of its own, and has the model as its parent."""
    models = [
        {"id": "chat", "root": "o/m", "parent": None, "max_model_len": 512, "owned_by": "vllm"},
        {"id": "sql", "root": "/adapters/sql", "parent": "chat", "owned_by": "vllm"},
        {"id": "chat-2", "root": "o/m", "parent": None, "max_model_len": 512, "owned_by": "vllm"},
    ]
    found = said(vllm.read_models({"data": models}))
    assert found["model.served_name"] == ["chat", "chat-2"]
    assert found["model.id"] == "o/m"
    assert found["vllm.loaded_adapters"] == ["sql"]


@pytest.mark.parametrize("length", [{"max_model_len": 512}, {}], ids=["0.6.1", "0.4.2"])
def test_old_adapters_are_no_model_either(length: dict[str, int]) -> None:
    """Up to 0.6.1 they have no parent, and the root of everything is the first name, which is no model."""
    models = [{"id": "chat", "root": "chat", **length}, {"id": "sql", "root": "chat"}]
    expected = {"limits.max_model_len": 512} if length else {}
    assert said(vllm.read_old_models({"data": models})) == {"model.served_name": "chat"} | expected


def test_a_prompt_adapter_is_no_model() -> None:
    """It has no parent, and no length."""
    models = [{"id": "chat", "root": "o/m", "max_model_len": 512}, {"id": "polite", "root": "chat"}]
    assert said(vllm.read_models({"data": models}))["model.served_name"] == "chat"


def test_a_folder_of_the_hub_s_cache_is_a_repository_at_a_commit() -> None:
    """Offline, vLLM serves a path; it holds the commit that nothing else shows."""
    commit = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
    root = f"/cache/hub/models--Qwen--Qwen3-8B/snapshots/{commit}"
    found = said(vllm.read_models({"data": [{"id": "chat", "root": root}]}))
    assert (found["model.id"], found["model.revision"]) == ("Qwen/Qwen3-8B", commit)


def test_what_was_asked_for_is_no_effect() -> None:
    """A revision is repeated and never resolved; `auto` is repeated without a word on what came of it."""
    config = {
        "model_config": {"revision": "main", "dtype": "torch.float16", "quantization": None, "tokenizer_mode": "auto"}
    }
    heard = vllm.read_server_info({"vllm_config": config})
    effects = {each.setting: (each.value, each.effective) for each in heard.said}
    assert effects == {
        "model.revision": ("main", False),
        "runtime.dtype": ("float16", True),
        "runtime.quantization": (None, True),
    }


def test_old_releases_print_their_configuration_as_text() -> None:
    """Before 0.11.0 `/server_info` has the line of the log in it."""
    found = said(vllm.read_server_info({"vllm_config": "model='m', dtype=torch.half, max_seq_len=8192"}))
    assert found == {"model.id": "m", "runtime.dtype": "half", "limits.max_model_len": 8192}


def test_a_chat_template_is_kept_as_its_hash() -> None:
    """It may be long, and only whether two are the same is asked."""
    heard = vllm.read_tokenizer_info({"chat_template": "{{ messages }}"})
    (one,) = heard.said
    assert one.setting == "vllm.chat_template_sha256"
    assert len(one.value) == 64


def test_what_schedulers_may_have_changed_is_theirs_to_tell() -> None:
    """The record of a release before 0.5.17 repeats it; the state of its schedulers shows it."""
    record = {"model_path": "m", "version": "0.4.10", "disable_radix_cache": False, "tp_size": 2}
    state = {"disable_radix_cache": True}

    def told(answer: dict[str, Any]) -> list[tuple[Any, bool]]:
        heard = sglang.read_server_info(answer).said
        return [(each.value, each.effective) for each in heard if each.setting == "runtime.prefix_caching"]

    assert told(record) == [(True, False)]
    assert told({**record, "version": "0.5.23"}) == [(True, True)]
    assert told({**record, "internal_states": [state]}) == [(True, False), (False, True)]


def test_schedulers_that_differ_are_told() -> None:
    """Two data-parallel ranks of SGLang that resolved a setting in two ways; what they measured may differ."""
    record = {"model_path": "m", "tp_size": 1}
    states = [
        {**record, "page_size": 1, "max_total_num_tokens": 5},
        {**record, "page_size": 64, "max_total_num_tokens": 6},
    ]
    heard = sglang.read_server_info({**record, "internal_states": states})
    assert heard.troubles == ("the schedulers of this process differ in page_size",)
    assert "runtime.block_size" not in said(heard)


def test_a_model_in_a_bucket_is_not_the_folder_of_its_small_files() -> None:
    """vLLM streams the weights, and shows a folder of its own for the rest: each process has another one."""
    config = {
        "model": "/var/cache/small-files",
        "model_weights": "s3://bucket/model",
        "tokenizer": "/var/cache/small-files",
    }
    found = said(vllm.read_server_info({"vllm_config": {"model_config": config}}))
    assert found["model.id"] == "s3://bucket/model"
    assert "tokenizer.id" not in found
    log = (
        "INFO 11-23 13:57:15 [api.py:1] non-default args: {'model': 's3://bucket/model'}\n"
        "INFO 11-23 13:57:15 [core.py:1] Initializing a V1 LLM engine (v0.32.0) with config: model='/var/cache/small-files', "
        "tokenizer='/var/cache/small-files', seed=7\n"
    )
    heard = vllm.read_log(log_lines.head(log))
    assert heard is not None
    assert {each.setting: each.value for each in heard.said if each.effective} == {"runtime.seed": 7}


def test_a_limit_that_ranks_divide_is_no_rank_s() -> None:
    """SGLang shares the requests among data-parallel ranks: what each of them tells is not what was written."""
    record = {"model_path": "m", "dp_size": 2, "max_running_requests": 64}
    state = {**record, "effective_max_running_requests_per_dp": 32}
    effects = {
        each.setting
        for each in sglang.read_server_info({**record, "internal_states": [state, state]}).said
        if each.effective
    }
    assert "limits.max_num_seqs" not in effects
    assert sglang.read_loads({"loads": [{"max_running_requests": 32}, {"max_running_requests": 32}]}).said == ()
    assert said(sglang.read_loads({"loads": [{"max_running_requests": 32}]})) == {"limits.max_num_seqs": 32}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"disable_cuda_graph": False}, None),
        ({"disable_cuda_graph": True}, True),
        ({"disable_cuda_graph": False, "cuda_graph_config": {"decode": {"backend": "disabled"}}}, True),
        ({"disable_cuda_graph": False, "cuda_graph_config": {"decode": {"backend": "full"}}}, False),
        ({"disable_cuda_graph": False, "cuda_graph_config": "x"}, None),
    ],
)
def test_a_switch_that_is_off_does_not_say_that_graphs_are_made(record: dict[str, Any], expected: bool | None) -> None:
    """An attention backend without CUDA graphs turns them off, whatever the switch says."""
    assert said(sglang.read_server_info({"model_path": "m", **record})).get("runtime.enforce_eager") is expected


def test_a_length_left_to_memory_is_no_length() -> None:
    """`--max-model-len -1` stands among the arguments of the log."""
    line = log_lines.Line(1, "non-default args: {'model': 'm', 'max_model_len': -1}")
    heard = vllm.read_log([line])
    assert heard is not None
    assert said(heard) == {"model.id": "m"}


def test_processes_have_values_of_their_own() -> None:
    """Addresses, ranks, what was measured, and a drawn seed are no difference between replicas."""
    assert all(live.own(name) for name in ("sglang.port", "sglang.random_seed", "vllm.num_gpu_blocks", "vllm.host"))
    assert not any(live.own(name) for name in ("runtime.dtype", "vllm.swap_space", "nothing", "triton.port", ""))


# ---- searches ------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["auto", "torch.bfloat16"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([
    "data", "id", "root", "parent", "max_model_len", "version", "vllm_config", "model_config", "dtype", "internal_states",
    "model_path", "loads", "max_running_requests", "json_model_override_args", "chat_template", "system_fingerprint", "api_key",
    "cache_config", "cache_dtype", "served_model_name", "hf_overrides", "speculative_config", "enable_dp_attention", "dp_size",
])  # fmt: skip
ANSWERS = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6), max_leaves=20
)
ASKED: list[Endpoint] = [
    endpoint
    for name in live.engines()
    if (module := live.of(name))
    for endpoint in module.ENDPOINTS
    if endpoint.form == "json"
]


@given(ANSWERS)
@examples(300)
def test_no_shape_of_an_answer_does_harm(answer: Any) -> None:
    """Any JSON at any endpoint: settings that can be shown as JSON again, or a sentence; never a key."""
    for endpoint in ASKED:
        heard = endpoint.read(answer)
        json.dumps([each.value for each in heard.said])
        assert not any(secret_names.is_secret(each.setting.rpartition(".")[2]) for each in heard.said)
    for name in live.engines():
        module = live.of(name)
        assert module is None or module.recognised("/v1/models", answer) in (True, False)


@given(st.lists(st.text(max_size=60), max_size=6), st.binary(max_size=80))
@examples(300)
def test_no_page_of_metrics_does_harm(labels: list[str], noise: bytes) -> None:
    """Any labels, and any bytes around them."""
    lines = [f'vllm:cache_config_info{{block_size="128",x="{label}"}} 1\n'.encode() for label in labels]
    lines += [f"sglang:context_len{{{label}}} {label}\n".encode() for label in labels]
    for name in live.engines():
        module = live.of(name)
        for endpoint in module.ENDPOINTS if module else ():
            if endpoint.form == "metrics":
                json.dumps([each.value for each in endpoint.read(noise.join([b"", *lines, b""])).said])


HEADS = st.sampled_from([
    "INFO 11-23 13:57:15 [core.py:1] Initializing a V1 LLM engine (v0.32.0) with config: ",
    "(APIServer pid=1) INFO 11-23 13:57:15 [api.py:1] non-default args: ",
    "INFO 11-23 13:57:15 [model.py:1] Default vLLM sampling parameters have been overridden by x: `",
    "[2026-11-23 14:25:15] server_args=",
    "[2026-11-23 14:25:15 TP0] max_total_num_tokens=1, ",
    "[2026-11-23 14:25:15] KV Cache is allocated. dtype: ",
    '{"message": "',
    "",
])  # fmt: skip
TAILS = st.text(max_size=60) | st.text("=,'\"{}()[]<>\\: aT1.-", max_size=80)


@given(st.lists(st.tuples(HEADS, TAILS), max_size=6))
@examples(500)
def test_no_log_does_harm(lines: list[tuple[str, str]]) -> None:
    """Lines that begin as an engine's do, and go on as anything."""
    head = log_lines.head("\n".join(begin + rest for begin, rest in lines))
    for name in live.engines():
        module = live.of(name)
        heard = module.read_log(head) if module else None
        json.dumps([each.value for each in heard.said] if heard else [])


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.lists(st.integers() | st.text(max_size=6), max_size=3)
)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5))
@examples(300)
def test_what_python_prints_reads_back(values: dict[str, Any]) -> None:
    """A dict, a record and a list of `name=value`, whatever quotes and brackets their texts hold."""
    assert printed.mapping(repr(values)) == values
    listed = ", ".join(f"{name}={value!r}" for name, value in values.items())
    assert printed.mapping(f"ServerArgs({listed})") == values
    assert printed.fields(listed) == values
