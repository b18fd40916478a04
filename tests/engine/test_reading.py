"""What a real vLLM says over HTTP and in its log, as the product reads it, and as it resolves it from the flags alone."""

from contextlib import closing
from typing import Any

import pytest

from skewguard.adapters.endpoints import Direct, Key
from skewguard.language.running import Answers
from skewguard.observe.sources import asking, logs
from tests.engine.asking import PATIENT, settled, skewguard
from tests.engine.conftest import FLAGS, Servers

pytestmark = pytest.mark.engine

STARTED_WITH: dict[str, Any] = {
    "runtime.dtype": "float32",
    "runtime.quantization": None,
    "runtime.prefix_caching": True,
    "runtime.chunked_prefill": True,
    "runtime.enforce_eager": True,
    "limits.max_model_len": 512,
    "model.served_name": "chat",
    "parallelism.tensor": 1,
    "parallelism.pipeline": 1,
}
"""What the server of `FLAGS` runs with, and says in the first lines of its log."""


def _heard(url: str, key: Key | None = None) -> Answers:
    with closing(Direct(url, key=key)) as way:
        return asking.ask(way, deadline=PATIENT, spend=True)


def test_a_url_shows_what_the_server_runs_with(servers: Servers) -> None:
    """Release, model, name, length and prefix cache are observed, each from the endpoint that gave it."""
    engine = servers.serve(FLAGS)

    said = skewguard("settings", engine.url)

    assert (said.exit_code, settled(said.document)) == (
        0,
        settled(said.document)
        | {
            "runtime.version": ("0.32.0", "observed", f"GET {engine.url}/version"),
            "model.id": (str(servers.model()), "observed", f"GET {engine.url}/v1/models"),
            "model.served_name": ("chat", "observed", f"GET {engine.url}/v1/models"),
            "limits.max_model_len": (512, "observed", f"GET {engine.url}/v1/models"),
            "runtime.prefix_caching": (True, "observed", f"GET {engine.url}/metrics"),
        },
    )


def test_its_endpoints_say_what_a_server_in_production_says(servers: Servers) -> None:
    """What was read is observed or not there at all; what is not there is named, with the only endpoint that has it."""
    engine = servers.serve(FLAGS)

    heard = _heard(engine.url)
    observed = {fact.setting: fact.value for fact in heard.facts if fact.authority == "observed"}

    assert (heard.engine, heard.version) == ("vllm", "0.32.0")
    assert heard.fingerprint is not None
    assert observed == observed | {
        "model.id": str(servers.model()),
        "model.served_name": "chat",
        "limits.max_model_len": 512,
        "runtime.prefix_caching": True,
        "vllm.kv_cache_bytes_per_token": 1024,
    }
    assert [each.what for each in heard.unread] == [f"GET {engine.url}/server_info?config_format=json"]


def test_the_head_of_its_log_shows_what_no_endpoint_does(servers: Servers) -> None:
    """Number format and parallelism stand in the log of a server in production as well."""
    engine = servers.serve(FLAGS)

    heard = logs.read(engine.log.read_bytes())
    observed = {fact.setting: fact.value for fact in heard.facts if fact.authority == "observed"}

    assert (heard.engine, heard.version, heard.unread) == ("vllm", "0.32.0", ())
    assert observed == observed | STARTED_WITH


def test_the_log_repeats_what_was_asked_for_apart_from_what_is_in_effect(servers: Servers) -> None:
    """The limit of requests stands in the list of arguments alone: it is declared, not observed."""
    engine = servers.serve(FLAGS)

    facts = logs.read(engine.log.read_bytes()).facts
    limit = [(fact.value, fact.authority) for fact in facts if fact.setting == "limits.max_num_seqs"]

    assert limit == [(32, "declared")]


def test_what_is_resolved_from_the_flags_is_what_the_server_runs_with(servers: Servers) -> None:
    """Nothing that skewguard works out for this command line, release and checkpoint is otherwise on the real server."""
    engine = servers.serve(FLAGS)
    flags = " ".join(("--enforce-eager", *FLAGS))
    command = f"vllm==0.32.0 -- serve {servers.model()} {flags}"

    resolved = settled(skewguard("settings", "--gpu", "cpu", "--model-config", str(servers.model()), command).document)

    assert {name: resolved[name][0] for name in STARTED_WITH} == STARTED_WITH
    assert engine.flags == FLAGS


def test_a_guarded_server_tells_what_its_key_hides(servers: Servers) -> None:
    """Without the key only the open endpoints are read, and the others are gaps with their reason."""
    engine = servers.serve((*FLAGS, "--api-key", "a-key-of-this-test"))

    without = _heard(engine.url)
    with_it = _heard(engine.url, Key("a-key-of-this-test", "the test"))

    assert "limits.max_model_len" not in {fact.setting for fact in without.facts}
    assert [each.hides for each in without.unread if each.kind == "denied"] == [
        "model.id, model.served_name, limits.max_model_len",
        "",
    ]
    assert "limits.max_model_len" in {fact.setting for fact in with_it.facts}
    assert "a-key-of-this-test" not in repr(with_it) + engine.log.read_text("utf-8")


def test_developer_mode_shows_the_whole_configuration(servers: Servers) -> None:
    """The same settings are observed over HTTP that the log's head shows, and the limit of requests with them."""
    engine = servers.serve(FLAGS, variables={"VLLM_SERVER_DEV_MODE": "1"})

    heard = _heard(engine.url)
    observed = {fact.setting: fact.value for fact in heard.facts if fact.authority == "observed"}

    assert observed == observed | STARTED_WITH | {"limits.max_num_seqs": 32}
