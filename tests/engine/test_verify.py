"""A contract against a real vLLM: the server that keeps it passes, and one setting that is another is found as that one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.engine.asking import contract, skewguard
from tests.engine.conftest import FLAGS, Servers

pytestmark = pytest.mark.engine

DEVELOPER = {"VLLM_SERVER_DEV_MODE": "1"}
"""Opens the endpoint that shows the whole configuration, and others that change the server: nothing for production."""

SHOWN: Mapping[str, object] = {
    "model.served_name": "chat",
    "runtime.engine": "vllm",
    "runtime.version": "==0.32.0",
    "runtime.prefix_caching": True,
    "limits.max_model_len": 512,
    "vllm.kv_cache_bytes_per_token": 1024,
}
"""What a server in production shows. 1024 bytes: 2 layers, keys and values, 2 heads of 32 numbers, 4 bytes each."""

HIDDEN: Mapping[str, object] = {"runtime.dtype": "float32", "limits.max_num_seqs": 32}
"""What it shows in developer mode only."""


def test_a_server_that_keeps_its_contract_passes(servers: Servers, tmp_path: Path) -> None:
    """Every clause is observed on the running server, and none is broken."""
    engine = servers.serve(FLAGS)
    promised = contract(tmp_path, {"model.id": str(servers.model()), **SHOWN})

    said = skewguard("verify", "--endpoint", engine.url, "--contract", str(promised))

    assert (said.found("fail"), said.found("unknown"), said.exit_code) == ([], [], 0)


def test_what_a_server_does_not_show_is_unknown_and_said(servers: Servers, tmp_path: Path) -> None:
    """A promise about a value that no endpoint of production gives is neither kept nor broken."""
    engine = servers.serve(FLAGS)

    said = skewguard("verify", "--endpoint", engine.url, "--contract", str(contract(tmp_path, HIDDEN)))

    assert (said.found("fail"), said.found("unknown"), said.exit_code) == ([], sorted(HIDDEN), 3)


@pytest.mark.parametrize(
    ("flags", "seed", "skewed"),
    [
        ((*FLAGS, "--max-model-len", "256"), 1, "limits.max_model_len"),
        ((*FLAGS, "--no-enable-prefix-caching"), 1, "runtime.prefix_caching"),
        ((*FLAGS, "--dtype", "bfloat16"), 1, "vllm.kv_cache_bytes_per_token"),
        (FLAGS, 2, "model.id"),
    ],
    ids=["length", "prefix-caching", "number-format", "checkpoint"],
)
def test_one_skewed_setting_is_found_as_that_one(
    servers: Servers, tmp_path: Path, flags: Sequence[str], seed: int, skewed: str
) -> None:
    """In production: the one clause that the server breaks fails, all others pass."""
    engine = servers.serve(flags, seed=seed)
    promised = contract(tmp_path, {"model.id": str(servers.model()), **SHOWN})

    said = skewguard("verify", "--endpoint", engine.url, "--contract", str(promised))

    assert (said.found("fail"), said.found("unknown"), said.exit_code) == ([skewed], [], 1)


@pytest.mark.parametrize(
    ("flags", "skewed"),
    [
        (FLAGS, []),
        ((*FLAGS, "--dtype", "bfloat16"), ["runtime.dtype"]),
        ((*FLAGS, "--max-num-seqs", "16"), ["limits.max_num_seqs"]),
    ],
    ids=["as-promised", "number-format", "requests-at-once"],
)
def test_developer_mode_shows_the_rest(
    servers: Servers, tmp_path: Path, flags: Sequence[str], skewed: Sequence[str]
) -> None:
    """Number format and limit of requests are observed where the server shows its whole configuration."""
    engine = servers.serve(flags, variables=DEVELOPER)

    said = skewguard("verify", "--endpoint", engine.url, "--contract", str(contract(tmp_path, HIDDEN)))

    assert (said.found("fail"), said.found("unknown"), said.exit_code) == (skewed, [], int(bool(skewed)))
