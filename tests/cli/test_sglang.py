"""Every verb on manifests that run SGLang: what it answers, and as users read it."""

import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Run, write

EXAMPLES = Path(__file__).parents[2] / "examples"
UPGRADED = (EXAMPLES / "skewed" / "15-sglang-upgraded.yaml").read_text("utf-8")
APART = (EXAMPLES / "public-shapes" / "sglang-prefill-decode.yaml").read_text("utf-8")
NODES = (EXAMPLES / "public-shapes" / "sglang-multinode-lws.yaml").read_text("utf-8")
CLEAN = (EXAMPLES / "clean" / "sglang.yaml").read_text("utf-8")
A_AND_B = ("--engine", "sglang==0.5.2", "--engine", "sglang==0.5.20")

CONTRACT = """\
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: decode}
spec:
  targets: [{kind: Deployment, name: sglang-decode}]
"""


def effective(document: Any, name: str) -> dict[str, Any]:
    """The effective settings of the subject of a name, by setting."""
    subject = next(each for each in document["subjects"] if each["subject"]["name"] == name)
    return {each["setting"]: each["effective"].get("value") for each in subject["settings"]}


# ---- as users read it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "manifest"),
    [
        (("check", "x.yaml"), UPGRADED),
        (("check", "x.yaml"), NODES),
        (("diff", "x.yaml", *A_AND_B), UPGRADED),
        (("diff", "x.yaml", *A_AND_B, "-o", "markdown"), UPGRADED),
        (("diff", "x.yaml", "--engine", "sglang==0.5.10", "--engine", "sglang==0.5.23"), APART),
        (("init", "x.yaml"), CLEAN),
        (("explain", "sglang/schedule-policy"), ""),
        (("explain", "sglang/cuda-graph-max-bs"), ""),
        (("explain", "sglang.env.SGLANG_CUTLASS_MOE"), ""),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else "",
)
def test_answer_reads_as_recorded(run: Run, words: tuple[str, ...], manifest: str, snapshot: SnapshotAssertion) -> None:
    """What was last read and found good, word for word; how many checks passed is no part of it."""
    write("x.yaml", manifest)

    assert re.sub(r"\d+ checks\s+passed", "all other checks passed", run(*words).out) == snapshot


# ---- what it answers -------------------------------------------------------------------------------------------------


def test_every_pod_of_several_nodes_is_one_server_with_a_rank(run: Run) -> None:
    """Words that the controller fills in are no unknown arguments, and the sixteen ranks are those of both pods."""
    document = run("check", write("x.yaml", NODES), "-o", "json").document
    settings = run("settings", "x.yaml", "-o", "json").document

    assert [each["subject"]["role"] for each in document["subjects"]] == ["leader", "worker"]
    assert [item for item in document["findings"] if item["group"] in ("args", "parallel", "facts")] == [
        item for item in document["findings"] if item["check"] == "parallel.tensor-across-pods"
    ]
    assert [each["starts"] for each in settings["subjects"]] == [None, None]  # the parser meets the filled-in numbers
    found = effective(settings, "sglang-deepseek")
    assert (found["parallelism.tensor"], found["sglang.dist_init_addr"]) == (16, None)


def test_router_in_front_of_two_servers_is_no_engine(run: Run) -> None:
    """Its image is the engine's, and its command is another program."""
    document = run("check", write("x.yaml", APART), "-o", "json").document

    assert {each["subject"]["name"]: each["engine"] is not None for each in document["subjects"]} == {
        "sglang-prefill": True,
        "sglang-decode": True,
    }


def test_each_side_of_a_pair_has_settings_of_its_own(run: Run) -> None:
    """A decode server keeps no prefixes, its ranks share a chunk and one copy; a prefill server follows its pair's room."""
    document = run("settings", write("x.yaml", APART), "-v", "-o", "json").document
    prefill, decode = effective(document, "sglang-prefill"), effective(document, "sglang-decode")

    assert (prefill["runtime.prefix_caching"], decode["runtime.prefix_caching"]) == (True, False)
    assert (decode["sglang.chunked_prefill_size"], decode["parallelism.data"], decode["sglang.ep_size"]) == (1024, 1, 8)
    assert prefill["sglang.load_balance_method"] == "follow_bootstrap_room"
    assert decode["sglang.load_balance_method"] == "round_robin"


def test_upgrade_names_words_that_stop_the_start_and_values_that_change(run: Run) -> None:
    """Flags that are gone, the variable that is dead, and what the GPU's tier becomes."""
    done = run("diff", write("x.yaml", UPGRADED), *A_AND_B, "-o", "json")
    words = {item["name"]: (item["from"], item["to"]) for item in done.document["arguments"]}
    changes = {item["setting"]: (item["from"], item["to"]) for item in done.document["changes"]}

    assert done.code == 1
    assert words == {
        "--cuda-graph-max-bs": ("read", "refused"),
        "--enable-ep-moe": ("deprecated", "refused"),
        "--stream-output": ("read", "refused"),
    }
    for setting, values in {
        "sglang.chunked_prefill_size": [2048, 4096],
        "sglang.lora_backend": ["triton", "csgmv"],
    }.items():
        assert [side["value"] for side in changes[setting]] == values


@pytest.mark.parametrize(
    ("clause", "manifest", "failed"),
    [
        ("engine_settings: {sglang.schedule_policy: lpm}", APART, ["sglang.schedule_policy"]),
        ("engine_settings: {sglang.schedule_policy: fcfs}", APART, []),
        ("engine_settings: {sglang.chunked_prefill_size: 8192}", APART, ["sglang.chunked_prefill_size"]),
        ("engine_settings: {sglang.chunked_prefill_size: {max: 1024}}", APART, []),
        ("runtime: {prefix_caching: true}", APART, ["runtime.prefix_caching"]),
        ("runtime: {engine: sglang, version: '>=0.5.10,<0.6', prefix_caching: false}", APART, []),
        ("runtime: {engine: vllm}", APART, ["runtime.engine"]),
        ("parallelism: {tensor: 8, data: 1}", APART, []),
        ("engine_settings: {sglang.dp_size: 8}", APART, []),
        ("engine_settings: {sglang.dp_size: 4}", APART, ["sglang.dp_size"]),
        (
            "limits: {max_num_seqs: {max: 64}}",
            APART.replace("- --enable-dp-attention", "- --max-running-requests=128"),
            ["limits.max_num_seqs"],
        ),
    ],
)
def test_contract_is_kept_by_what_the_server_runs_with(run: Run, clause: str, manifest: str, failed: list[str]) -> None:
    """By its own names or those of the vocabulary; what the start makes of an argument counts, not what is written."""
    write("c.yaml", f"{CONTRACT}  {clause}\n")
    document = run("check", write("x.yaml", manifest), "--contract", "c.yaml", "-o", "json").document
    found = [
        item["setting"]
        for item in document["findings"]
        if item["check"] == "contract.mismatch" and item["verdict"] == "fail"
    ]

    assert found == failed


def test_contract_is_made_of_what_the_start_decides(run: Run) -> None:
    """Not of the argument that it decides against: each of eight ranks takes an eighth of the chunk."""
    made = run("init", write("x.yaml", APART)).out.partition("name: sglang-decode")[2]

    assert "sglang.chunked_prefill_size: 1024\n" in made
    assert "sglang.dp_size: 8\n" in made


def test_releases_are_explained_with_every_flag_and_variable(run: Run) -> None:
    """Spellings, default and kind of each flag; what each variable is when nobody sets it."""
    document = run("explain", "sglang==0.4.6", "-o", "json").document
    flags = {spelling: item for item in document["flags"] for spelling in item["spellings"]}

    assert flags["--tp-size"]["dest"] == flags["--tensor-parallel-size"]["dest"] == "tp_size"
    assert flags["--schedule-policy"]["default"] == "fcfs"
    assert flags["--chunked-prefill-size"]["kind"] == "computed"
    assert "SGLANG_USE_MODELSCOPE" in {item["name"] for item in document["env"]}
