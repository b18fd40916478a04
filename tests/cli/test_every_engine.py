"""What holds of every engine alike: its contract keeps, its releases and flags are explained, its releases compared."""

import json

import pytest

from skewguard.knowledge.engines import ENGINES
from tests.cli.running import Run, write

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat, namespace: prod}
spec:
  selector: {matchLabels: {app: chat}}
  template:
    metadata: {labels: {app: chat}}
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}
      containers:
        - name: server
          image: "%(image)s"
          args: %(args)s
          env: %(env)s
          resources: {limits: {nvidia.com/gpu: 2}}
"""
IMAGES = {
    "vllm": "vllm/vllm-openai:v%s",
    "sglang": "lmsysorg/sglang:v%s",
    "tgi": "ghcr.io/huggingface/text-generation-inference:%s",
    "trtllm": "nvcr.io/nvidia/tensorrt-llm/release:%s",
    "llamacpp": "ghcr.io/ggml-org/llama.cpp:server-cuda-%s",
    "nim": "nvcr.io/nim/meta/llama-3.1-8b-instruct:%s",
}
WRITTEN: dict[str, tuple[list[str], dict[str, str]]] = {
    "vllm": (["--model=m", "--kv-cache-dtype=fp8", "--max-num-seqs=8"], {}),
    "sglang": (["python3", "-m", "sglang.launch_server", "--model-path=m", "--tp=2"], {}),
    "tgi": (["--model-id=m"], {"MAX_TOTAL_TOKENS": "3000", "MAX_INPUT_TOKENS": "2000", "DTYPE": "bfloat16"}),
    "trtllm": (["trtllm-serve", "serve", "m", "--tp_size=2", "--max_batch_size=8"], {}),
    "llamacpp": (["-hf", "a/b", "-ngl", "-1", "-np", "2"], {"LLAMA_ARG_CTX_SIZE": "4096"}),
    "nim": ([], {"NIM_MODEL_PROFILE": "vllm-bf16-tp2-pp1", "NIM_SERVED_MODEL_NAME": "a,b"}),
}
CHECKPOINT = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_hidden_layers": 32,
    "max_position_embeddings": 8192,
    "vocab_size": 128256,
    "torch_dtype": "bfloat16",
}
EVERY = pytest.mark.parametrize("engine", ENGINES)


def releases(engine: str) -> tuple[str, ...]:
    """The oldest, the newest, and three between them."""
    known = ENGINES[engine].releases()
    return tuple(dict.fromkeys(known[len(known) * quarter // 4] for quarter in range(4))) + known[-1:]


def manifest(engine: str, release: str, *, bare: bool) -> str:
    """A Deployment of one release; `bare`: with the arguments alone that it does not start without."""
    words, env = WRITTEN[engine]
    kept = words[: 4 if engine == "sglang" else 3 if engine == "trtllm" else 2 if engine == "llamacpp" else 1]
    entries = [{"name": name, "value": text} for name, text in ({} if bare else env).items()]
    image = IMAGES[engine] % release
    return MANIFEST % {"image": image, "args": json.dumps(kept if bare else words), "env": json.dumps(entries)}


def test_every_engine_is_written_here() -> None:
    """A new one comes with its image and its arguments."""
    assert set(ENGINES) == set(IMAGES) == set(WRITTEN)


@EVERY
@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("seen", [True, False])
def test_manifest_keeps_the_contract_made_from_it(run: Run, engine: str, bare: bool, seen: bool) -> None:
    """In old and new releases, with the model's files and without: every promise is one that can be made, and holds."""
    beside = ("--model-config", write("model/config.json", json.dumps(CHECKPOINT))) if seen else ()
    for release in releases(engine):
        path = write("x.yaml", manifest(engine, release, bare=bare))
        made = run("init", path, *beside)
        assert 0 == made.code, (release, made.err)
        done = run("check", path, "--contract", write("c.yaml", made.out), *beside, "-o", "json").document
        assert ([], 1, 1) == (done["errors"], done["summary"]["engines"], done["summary"]["under_contract"]), release
        broken = [item for item in done["findings"] if item["group"] == "contract" and item["verdict"] == "fail"]
        broken += [item for item in done["findings"] if item["verdict"] == "error"]
        assert [] == [(release, item["check"], item["setting"], item["message"]) for item in broken]


def test_contract_keeps_what_only_the_file_sets(run: Run) -> None:
    """Objects and fields of TensorRT-LLM's options that no flag has."""
    options = (
        "cuda_graph_config: {max_batch_size: 64}\nkv_cache_config: {max_tokens: 9}\nquant_config: {group_size: 8}\n"
    )
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "o", "namespace": "prod"}}
    text = MANIFEST % {
        "image": IMAGES["trtllm"] % "1.1.0",
        "args": json.dumps(["trtllm-serve", "m", "--extra_llm_api_options", "/cfg/o.yaml"]),
        "env": "[]\n          volumeMounts: [{name: o, mountPath: /cfg}]",
    }
    pod = "      volumes: [{name: o, configMap: {name: o}}]\n---\n"
    path = write("x.yaml", text + pod + json.dumps({**config, "data": {"o.yaml": options}}))
    made = run("init", path)
    done = run("check", path, "--contract", write("c.yaml", made.out), "-o", "json").document

    assert all(
        name in made.out for name in ("cuda_graph_config", "kv_cache_config.max_tokens", "quant_config.group_size")
    )
    assert [] == [item["message"] for item in done["findings"] if item["group"] == "contract"]


@EVERY
def test_releases_are_explained(run: Run, engine: str) -> None:
    """Every release of the choice with its flags; one that no table has is told with those that are near."""
    for release in releases(engine):
        document = run("explain", f"{engine}=={release}", "-o", "json").document
        assert (engine, release) == (document["engine"], document["version"])
        assert {row["dest"] for row in document["flags"]} == {flag.dest for flag in ENGINES[engine].flags(release)}
    missing = run("explain", f"{engine}==77.0")
    assert (2, True) == (missing.code, f"{ENGINES[engine].TITLE} 77.0 is not in the table" in missing.err)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("llamacpp==b6700", ("llamacpp==b6549", "llamacpp==b6756")),
        ("vllm==0.11.7", ("vllm==0.11.2", "vllm==0.12.0")),
    ],
)
def test_release_between_two_of_the_table_is_explained_by_both(run: Run, asked: str, near: tuple[str, str]) -> None:
    """They are named, since what both share is all that is known of it."""
    missing = run("explain", asked)
    assert missing.code == 2
    assert all(f"skewguard explain {each}" in missing.err for each in near)


@EVERY
def test_flags_are_explained_by_every_name(run: Run, engine: str) -> None:
    """Each spelling of the newest release, as it is written, leads to a page with all of them."""
    newest = ENGINES[engine].releases()[-1]
    for flag in ENGINES[engine].flags(newest)[::9]:
        for spelling in flag.spellings:
            name = spelling if spelling.startswith("-") else flag.dest  # a variable's name leads to the variable
            done = run("explain", f"{engine}/{name}", "-o", "json")
            assert (0, flag.dest) == (done.code, done.document["runs"][-1]["flag"]["dest"]), spelling


@EVERY
def test_release_equals_itself_and_is_compared_with_the_next(run: Run, engine: str) -> None:
    """Exit code 0 of one release with itself; of two the version at least is an expected difference."""
    old, *_, new = releases(engine)
    path = write("x.yaml", manifest(engine, new, bare=False))
    same = run("diff", path, "--engine", f"{engine}=={new}", "--engine", f"{engine}=={new}", "-o", "json")
    other = run("diff", path, "--engine", f"{engine}=={old}", "--engine", f"{engine}=={new}", "-o", "json")

    assert (0, []) == (same.code, same.document["changes"])
    assert "runtime.version" in {item["setting"] for item in other.document["expected_differences"]}


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
def test_serve_is_the_engines_own(run: Run, engine: str) -> None:
    """`ENGINE==VERSION -- serve m` is read under the program that has this command."""
    newest = ENGINES[engine].releases()[-1]
    document = run("settings", f"{engine}=={newest} -- serve m", "-o", "json").document
    facts = {item["setting"]: item["effective"] for item in document["subjects"][0]["settings"]}

    assert "m" == facts["model.id"]["value"]


@pytest.mark.parametrize("words", ["--config o.yaml", "--config=o.yaml", "--extra_llm_api_options o.yaml"])
def test_file_of_options_is_read_from_disk(run: Run, words: str) -> None:
    """TensorRT-LLM's, by both names and both forms."""
    write("o.yaml", "max_batch_size: 7\n")
    document = run("settings", f"trtllm==1.2.0 -- trtllm-serve m {words}", "-o", "json").document
    facts = {item["setting"]: item["effective"] for item in document["subjects"][0]["settings"]}

    assert 7 == facts["limits.max_num_seqs"]["value"]
