"""Engines of which there is no recording: answers made after their sources and documentation, played over HTTP.

TGI: `router/src/lib.rs` (`Info`) of 2.0.4 and 3.3.4. llama.cpp: `get_props` of tools/server. TensorRT-LLM:
`tensorrt_llm/serve/openai_server.py`. NIM: the API reference of NIM for LLMs. Triton has no settings to ask for here.
"""

import json
from typing import Any

import pytest

from skewguard.adapters.endpoints import Direct
from skewguard.language.running import Answers
from skewguard.observe.sources import asking, logs
from skewguard.observe.sources.asking import About
from tools import replay
from tools.replay import Answer, Recording

SHA = "e985a63cdc139290c5f700ff1929f0b5942cced2"
TGI_2_0 = {
    "model_id": "org/model", "model_sha": SHA, "model_dtype": "torch.float16", "model_device_type": "cuda",
    "model_pipeline_tag": "text-generation", "max_concurrent_requests": 128, "max_best_of": 2, "max_stop_sequences": 4,
    "max_input_length": 1024, "max_total_tokens": 2048, "waiting_served_ratio": 0.3, "max_batch_total_tokens": 32000,
    "max_waiting_tokens": 20, "max_batch_size": None, "validation_workers": 2, "max_client_batch_size": 4,
    "router": "text-generation-router", "version": "2.0.4", "sha": None, "docker_label": "sha-1",
}  # fmt: skip
TGI_3_3 = {
    "model_id": "/data/model", "model_sha": None, "model_pipeline_tag": None, "max_concurrent_requests": 64, "max_best_of": 2,
    "max_stop_sequences": 4, "max_input_tokens": 8191, "max_total_tokens": 8192, "validation_workers": 2,
    "max_client_batch_size": 4, "router": "text-generation-router", "version": "3.3.4", "sha": None, "docker_label": None,
}  # fmt: skip
PROPS = {
    "default_generation_settings": {"n_ctx": 8192, "params": {"temperature": 0.8}}, "total_slots": 4,
    "model_path": "/cache/ggml-org_gemma.gguf", "model_alias": "gemma", "chat_template": "{{ messages }}",
    "build_info": "b8681-Debian", "modalities": {"vision": False},
}  # fmt: skip
METADATA = {
    "version": "2.1.6", "assetInfo": [], "licenseInfo": {"name": "x"}, "modelInfo": [{"shortName": "m"}],
    "selectedModelProfileId": "abc",
}  # fmt: skip


def models(owner: str, **more: Any) -> dict[str, Any]:
    """A list of one model."""
    return {"object": "list", "data": [{"id": "chat", "object": "model", "owned_by": owner, **more}]}


def asked(answers: dict[str, Any], engine: str | None = None) -> Answers:
    """What is understood of a server with these answers to GET."""
    header = (("content-type", "application/json"),)
    given = {("GET", path): Answer(200, header, json.dumps(body).encode()) for path, body in answers.items()}
    with replay.serving(Recording("", (), {}, given, "")) as served:
        way = Direct(served.url)
        found = asking.ask(way, About(engine=engine), deadline=60)
        way.close()
    return found


def test_another_engine_than_the_expected_one_is_told_as_itself() -> None:
    """The manifest takes SGLang's image for vLLM's: the answers are read as what they are, and say so."""
    record = {"model_path": "m", "tokenizer_path": "m", "mem_fraction_static": 0.9, "version": "0.5.23", "tp_size": 2}
    found = asked({"/v1/models": models("sglang", max_model_len=512), "/server_info": record}, engine="vllm")
    told = {fact.setting: fact.value for fact in found.facts if fact.authority == "observed"}
    assert (found.engine, found.version) == (told["runtime.engine"], told["runtime.version"]) == ("sglang", "0.5.23")
    assert (told["parallelism.tensor"], told["limits.max_model_len"]) == (2, 512)
    assert all("metrics" not in each.what for each in found.unread if each.kind != "absent")


@pytest.mark.parametrize(
    ("release", "model"),
    [("0.6.1.post2", None), ("0.6.1+cu118", None), ("0.6.2.dev7+g1", None), ("0.6.2", "name")],
)
def test_the_root_of_an_old_release_is_no_model(release: str, model: str | None) -> None:
    """Up to 0.6.1 it repeats the name that vLLM serves; every release in between is asked in one way or the other."""
    card = models("vllm", root="name", max_model_len=512)
    found = asked({"/version": {"version": release}, "/v1/models": card}, engine="vllm")
    told = {fact.setting: fact.value for fact in found.facts}
    assert (told["limits.max_model_len"], told.get("model.id")) == (512, model)


def test_an_engine_that_is_only_expected_is_not_observed() -> None:
    """Something serves a model and does not say who it is: a router, a gateway."""
    found = asked({"/v1/models": models("a gateway", max_model_len=512)}, engine="vllm")
    told = {fact.setting for fact in found.facts}
    assert "limits.max_model_len" in told
    assert "runtime.engine" not in told


@pytest.mark.parametrize(
    ("answers", "engine", "version", "expected"),
    [
        ({"/info": TGI_2_0}, "tgi", "2.0.4",
         {"model.id": "org/model", "model.revision": SHA, "runtime.dtype": "float16", "limits.max_prompt_tokens": 1024,
          "limits.max_model_len": 2048, "tgi.max_concurrent_requests": 128, "tgi.max_batch_total_tokens": 32000}),
        ({"/info": TGI_3_3}, "tgi", "3.3.4",
         {"model.id": "/data/model", "limits.max_prompt_tokens": 8191, "limits.max_model_len": 8192}),
        ({"/props": PROPS}, "llamacpp", "b8681",
         {"limits.max_model_len": 8192, "limits.max_num_seqs": 4, "model.served_name": "gemma",
          "llamacpp.model_path": "/cache/ggml-org_gemma.gguf"}),
        ({"/v1/models": models("tensorrt_llm"), "/version": {"version": "1.2.0"}}, "trtllm", "1.2.0",
         {"model.served_name": "chat"}),
        ({"/v1/metadata": METADATA, "/v1/models": models("vllm", root="x", max_model_len=4096)}, "nim", "2.1.6",
         {"model.served_name": "chat", "limits.max_model_len": 4096, "nim.model_profile": "abc"}),
    ],
    ids=["TGI 2.0", "TGI 3.3", "llama.cpp", "TensorRT-LLM", "NIM before the engine behind it"],
)  # fmt: skip
def test_what_an_engine_says_is_observed(
    answers: dict[str, Any], engine: str, version: str, expected: dict[str, Any]
) -> None:
    """The engine is found out, its release is its own word, and what it shows is in effect."""
    found = asked(answers)
    said = {fact.setting: (fact.value, fact.authority) for fact in found.facts}
    assert (found.engine, found.version) == (engine, version)
    assert {name: said.get(name) for name in expected} == {
        name: (value, "observed") for name, value in expected.items()
    }
    assert found.unread == ()


def test_what_later_releases_no_longer_say_is_not_told() -> None:
    """TGI 3 names neither a number format nor, for a local folder, a commit."""
    said = {fact.setting for fact in asked({"/info": TGI_3_3}).facts}
    assert not {"runtime.dtype", "model.revision"} & said


@pytest.mark.parametrize("engine", ["tgi", "trtllm", "llamacpp", "nim"])
def test_an_engine_that_says_something_else_is_a_gap(engine: str) -> None:
    """The engine is known from outside, and answers as another one would: its reason, and no fact."""
    found = asked(
        {path: {"status": "ok"} for path in ("/info", "/props", "/v1/models", "/v1/metadata", "/version")}, engine
    )
    assert found.facts == ()
    assert found.unread
    assert all(each.kind == "unusable" for each in found.unread)


@pytest.mark.parametrize("engine", ["tgi", "trtllm", "llamacpp", "nim", "triton"])
def test_logs_of_engines_that_are_not_understood_say_so(engine: str) -> None:
    """It is no rotated log, and nobody is sent to look for its head."""
    (unread,) = logs.read(b"INFO text_generation_launcher: Args { model_id: x }\n", engine).unread
    assert unread.reason == f"nothing is known of what {engine} prints at its start"
