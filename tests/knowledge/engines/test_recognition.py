"""Which containers are engines, by what people declared, by command, by image; and why the others are none."""

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import declarations, recognition, releases
from skewguard.knowledge.engines.interface import Recognition
from skewguard.knowledge.project import ImageRule, Project
from skewguard.language.facts import Located, Origin, Subject
from skewguard.language.workloads import Container, Invocation, InvocationVia, PodTemplate, Resources, Token, Workload

HERE = Origin("file", "deploy.yaml", "deploy.yaml", 1, 1)
TABLE = ("0.9.1", "0.9.2", "0.10.1", "0.10.1.1", "0.10.2", "0.11.0")
VLLM = "vllm/vllm-openai:v0.11.0"


def tokens(words: Sequence[str]) -> tuple[Token, ...]:
    """Words as tokens."""
    return tuple(Token(word, HERE) for word in words)


def container(
    image: str | None = None,
    *command: str,
    args: Sequence[str] | None = None,
    name: str = "main",
    via: InvocationVia = "exec",
    lines: Sequence[str] = (),
    **more: object,
) -> Container:
    """A container: `command` words run as such, `lines` as shell lines, `args` alone go to the image."""
    invocations = [Invocation(tokens(line.split()), "shell") for line in lines]
    if command:
        invocations.append(Invocation(tokens([*command, *(args or ())]), via))
    elif not lines:
        invocations.append(Invocation(tokens(args or ()), "image"))
    return Container(
        name,
        HERE,
        image=Located(image, HERE) if image else None,
        command=tokens(command) if command or lines else None,
        args=tokens(args) if args is not None else None,
        invocations=tuple(invocations),
        **more,  # type: ignore[arg-type]
    )


def workload(*containers: Container, kind: str = "Deployment", **annotations: str) -> Workload:
    """A workload whose pod template has these annotations (`engine`, `engine_NAME`)."""
    named = {f"skewguard.dev/{key.replace('_', '.')}": Located(value, HERE) for key, value in annotations.items()}
    return Workload(Subject(kind, "chat"), PodTemplate(HERE, containers, annotations=named), HERE)


def words(found: Recognition) -> list[str]:
    """The argument vector of a recognition."""
    return [token.text for token in found.argv]


@pytest.mark.parametrize(
    ("command", "engine", "argv"),
    [
        ("vllm serve m", "vllm", "vllm serve m"),
        ("/usr/local/bin/vllm serve m", "vllm", "/usr/local/bin/vllm serve m"),
        ("python3 -m vllm.entrypoints.openai.api_server --model m", "vllm", None),
        ("python -u -m vllm.entrypoints.openai.api_server --model m", "vllm", None),
        ("python3.12 -X utf8 -mvllm.entrypoints.openai.api_server", "vllm", None),
        ("python3 /opt/venv/lib/vllm/entrypoints/openai/api_server.py --model m", "vllm", None),
        ("env A=b numactl --cpunodebind=0 vllm serve m", "vllm", "vllm serve m"),
        ("tini -- vllm serve m", "vllm", "vllm serve m"),
        (
            "nsys profile -o /tmp/x python3 -m vllm.entrypoints.openai.api_server",
            "vllm",
            "python3 -m vllm.entrypoints.openai.api_server",
        ),
        ("/opt/nvidia/nvidia_entrypoint.sh vllm serve m", "vllm", "vllm serve m"),
        ("uv run vllm serve m", "vllm", "vllm serve m"),
        ("ray symmetric-run --address x -- vllm serve m", "vllm", "vllm serve m"),
        ("python3 -m sglang.launch_server --model-path m", "sglang", None),
        ("sglang serve --model-path m", "sglang", None),
        ("python3 -m sglang.cli.main serve --model-path m", "sglang", None),
        ("text-generation-launcher --model-id m", "tgi", None),
        ("trtllm-serve m --tp_size 2", "trtllm", None),
        ("tritonserver --model-repository=/m", "triton", None),
        ("/app/llama-server -m x.gguf", "llamacpp", None),
        ("ollama serve", "ollama", None),
        ("lmdeploy serve api_server m", "lmdeploy", None),
    ],
)
def test_command_names_the_engine(command: str, engine: str, argv: str | None) -> None:
    """The program decides, behind whatever wrapper, in any image."""
    found = recognition.recognise(container("registry.corp/x/y:1.2.3", *command.split()))
    assert (found.engine, found.runs, found.certain) == (engine, "server", True)
    assert words(found) == (argv or command).split()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sleep infinity", "waiting"),
        ("tail -f /dev/null", "waiting"),
        ("vllm bench serve --model m", "load"),
        ("vllm complete --url x", "load"),
        ("vllm run-batch -i x", "prompts"),
        ("vllm launch render m", "loads no model"),
        ("vllm --version", "prints"),
        ("python3 bench.py --url x", "by its name"),
        ("python3 /scripts/benchmark_serving.py", "by its name"),
        ("python -m vllm.entrypoints.openai.run_batch -i x", "prompts"),
        ("huggingface-cli download m", "fetches"),
        ("hf download m", "fetches"),
        ("guidellm benchmark --target http://x", "load"),
        ("python -m sglang_router.launch_router --worker-urls http://a", "routes"),
        ("python3 -m sglang.bench_serving", "load"),
        ("python3 -m sglang.benchmark.serving --backend sglang", "load"),
        ("python3 -m sglang.compile_deep_gemm --model m --tp 8", "compiles"),
        ("python3 -m sglang.check_env", "prints"),
        ("sglang version", "prints"),
        ("vllm-router --port 8001", "routes"),
        ("timeout 100 sleep 90", "waiting"),
        ("python -m mooncake.mooncake_store_service --config x", "beside"),
        ("pip install vllm", "only prepares"),
        ("kaggle models download m", "fetches"),
    ],
)
def test_known_programs_in_an_engine_image_are_no_engines(command: str, why: str) -> None:
    """The engine's image runs many things that are no server."""
    found = recognition.recognise(container(VLLM, *command.split()))
    assert found.engine is None
    assert why in found.reason


@pytest.mark.parametrize(
    ("image", "engine", "certain"),
    [
        (VLLM, "vllm", True),
        ("mirror.corp/proxy/vllm/vllm-openai:latest", "vllm", True),
        ("lmcache/vllm-openai:v0.3.9", "vllm", True),
        ("rocm/vllm:latest", "vllm", True),
        ("public.ecr.aws/deep-learning-containers/vllm:0.11.0-gpu", "vllm", True),
        ("registry.corp/ml/vllm-custom:v3", "vllm", False),
        ("lmsysorg/sglang:v0.5.5", "sglang", True),
        ("rocm/sgl-dev:v0.5.3-rocm700-mi30x-20251014", "sglang", True),
        ("ghcr.io/huggingface/text-generation-inference:3.3.4", "tgi", True),
        ("nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.4", "nim", True),
        ("ollama/ollama:0.5.7", "ollama", True),
        ("ghcr.io/ggml-org/llama.cpp:server", "llamacpp", True),
    ],
)
def test_image_names_the_engine_where_no_command_is_written(image: str, engine: str, certain: bool) -> None:
    """Arguments go to the image's entrypoint; a name that only resembles is a suggestion."""
    found = recognition.recognise(container(image, args=["--model", "m"]))
    assert (found.engine, found.certain, words(found)) == (engine, certain, ["--model", "m"])
    assert found.invocation is not None
    assert found.invocation.via == "image"


@pytest.mark.parametrize(
    ("image", "nothing"),
    [
        ("lmsysorg/sglang:v0.5.5-cu129", True),
        ("mirror.corp/lmsysorg/sglang@sha256:" + "ab" * 32, True),
        ("lmsysorg/sglang:v0.5.5-sagemaker", False),
        ("corp/sglang:v3", False),
        (VLLM, False),
    ],
)
def test_image_of_sglang_starts_nothing_by_itself(image: str, nothing: bool) -> None:
    """It runs what the arguments name; other people's images may have an entrypoint."""
    assert recognition.starts_nothing(container(image)) is nothing


@pytest.mark.parametrize(
    "image",
    [
        "lmcache/lmstack-router:latest",
        "lmsysorg/sglang-router:v0.2.4",
        "ghcr.io/vllm-project/production-stack/router:latest",
        "ghcr.io/llm-d/llm-d-inference-scheduler:v0.3.2",
        "ghcr.io/llm-d/llm-d-routing-sidecar:v0.3.0",
        "ghcr.io/llm-d/llm-d-inference-sim:v0.5.0",
        "registry.k8s.io/gateway-api-inference-extension/epp:v1.0.0",
        "ghcr.io/berriai/litellm:main-stable",
        "aibrix/gateway-plugins:v0.4.0",
        "aibrix/runtime:v0.4.0",
        "nvcr.io/nvidia/k8s/dcgm-exporter:4.2.3",
        "corp/vllm-exporter:1.0",
        "corp/dynamo-mocker-vllm:1.0",
        "verlai/verl:vllm011.latest",
        "corp/vllm-operator:1.0",
        "ghcr.io/huggingface/text-embeddings-inference:1.8",
        "redis:7",
        "nginx",
    ],
)
def test_image_of_a_bystander_is_no_engine(image: str) -> None:
    """Routers, exporters, simulators and side services, also with an engine's name in theirs."""
    found = recognition.recognise(container(image))
    assert found.engine is None
    assert found.certain


def test_init_container_is_no_engine_unless_it_stays() -> None:
    """A plain init container ends; a native sidecar serves."""
    command = ("vllm", "serve", "m")
    assert recognition.recognise(container(VLLM, *command, init=True)).engine is None
    assert recognition.recognise(container(VLLM, *command, init=True, sidecar=True)).engine == "vllm"


def test_args_that_are_a_whole_command_go_to_the_entrypoint() -> None:
    """An image whose entrypoint is the server gets `vllm serve m` as arguments, and that is kept."""
    found = recognition.recognise(container(VLLM, args=["vllm", "serve", "m"]))
    assert found.engine == "vllm"
    assert found.invocation is not None
    assert (found.invocation.via, words(found)) == ("image", ["vllm", "serve", "m"])


def test_args_of_an_engine_image_that_look_like_another_program_go_to_the_engine() -> None:
    """`args: [sleep, infinity]` without a command starts vLLM with a model called sleep."""
    assert recognition.recognise(container(VLLM, args=["sleep", "infinity"])).engine == "vllm"
    assert recognition.recognise(container("rocm/vllm:latest", args=["sleep", "infinity"])).engine is None


@pytest.mark.parametrize("program", ["download-to-cache", "list-model-profiles", "sleep"])
def test_arguments_of_nim_may_name_another_program(program: str) -> None:
    """The entrypoint of NIM runs the program that the arguments name: a Job that fills the cache serves nobody."""
    nim = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.1.0"
    assert recognition.recognise(container(nim, args=[program, "--all"])).engine is None
    assert recognition.recognise(container(nim, args=["--max-model-len", "4096"])).engine == "nim"


@pytest.mark.parametrize(
    ("group", "runtime", "engine"),
    [
        ("kaito.sh", None, "vllm"),
        ("kaito.sh", "vllm", "vllm"),
        ("kaito.sh", "transformers", None),
        ("x.io", None, None),
    ],
)
def test_presets_of_kaito_run_vllm(group: str, runtime: str | None, engine: str | None) -> None:
    """Unless the annotation names another runtime; a Workspace of another group is something else."""
    annotations = {"kaito.sh/runtime": Located(runtime, HERE)} if runtime else {}
    subject = Subject("Workspace", "chat", group=group)
    owner = Workload(subject, PodTemplate(HERE, (container(),)), HERE, annotations=annotations)
    found = recognition.recognise(container(), None, owner)
    assert (found.engine, found.certain) == (engine, False)


def test_tag_can_suggest_the_engine() -> None:
    """Where the repository says nothing; a mock stays a mock."""
    found = recognition.recognise(container("corp/engine:vllm-ascend_v0.10.1rc1"))
    assert (found.engine, found.certain) == ("vllm", False)
    assert "the tag `vllm-ascend_v0.10.1rc1`" in found.reason
    assert recognition.recognise(container("corp/engine:vllm-mock-1")).engine is None
    assert recognition.recognise(container("nginx:vllm-1")).engine is None


def test_shell_lines_are_searched_for_the_engine() -> None:
    """Preparation before the engine hides nothing."""
    lines = ["pip install x", "huggingface-cli download m", "sleep 5", "vllm serve m"]
    assert words(recognition.recognise(container(VLLM, lines=lines))) == ["vllm", "serve", "m"]


def test_two_starts_are_both_kept() -> None:
    """Both arms of an `if` are known; the first leads."""
    one = Invocation(tokens(["vllm", "serve", "a"]), "shell", certain=False)
    other = Invocation(tokens(["vllm", "serve", "b"]), "shell", certain=False)
    found = recognition.recognise(Container("main", HERE, command=(), invocations=(one, other)))
    assert (words(found), found.certain) == (["vllm", "serve", "a"], False)
    assert [[token.text for token in each.argv] for each in found.others] == [["vllm", "serve", "b"]]


def test_unknown_script_in_an_engine_image_is_probably_the_engine() -> None:
    """What the script does nobody can see: the settings are not read from its arguments."""
    found = recognition.recognise(container(VLLM, "/start.sh", "--port", "8000"))
    assert (found.engine, found.runs, found.certain, found.argv) == ("vllm", "wrapped", False, ())
    assert "/start.sh" in found.reason or "start.sh" in found.reason


def test_script_with_the_engine_in_its_arguments_keeps_them() -> None:
    """`/entrypoint.sh vllm serve m` most probably ends in `exec "$@"`."""
    found = recognition.recognise(container("corp/x:1.0.0", "/entrypoint.sh", "vllm", "serve", "m"))
    assert (found.engine, found.runs, found.certain, words(found)) == ("vllm", "server", False, ["vllm", "serve", "m"])


def test_engine_among_the_arguments_of_a_builtin_does_not_start() -> None:
    """A folded `ulimit -l unlimited` swallows the command on the next line."""
    found = recognition.recognise(container(VLLM, lines=["ulimit -l unlimited vllm serve m"]))
    assert (found.engine, found.runs) == ("vllm", "unstarted")


def test_printing_the_command_is_no_start() -> None:
    """`echo vllm serve` only prints."""
    assert recognition.recognise(container(VLLM, lines=["echo starting vllm serve m"])).engine is None


@pytest.mark.parametrize(
    "line", ["ray start --address=x --block", "bash /vllm-workspace/multi-node-serving.sh worker --ray_address=x"]
)
def test_ray_worker_in_an_engine_image_is_a_worker(line: str) -> None:
    """It has no arguments of its own: its settings are the leader's."""
    found = recognition.recognise(container(VLLM, lines=[line]))
    assert (found.engine, found.runs, found.argv) == ("vllm", "worker", ())


def test_ray_leader_is_read_from_the_engine_it_starts() -> None:
    """`ray start --head` before `vllm serve` is preparation."""
    found = recognition.recognise(container(VLLM, lines=["ray start --head", "vllm serve m"]))
    assert (found.runs, words(found)) == ("server", ["vllm", "serve", "m"])


def test_ray_without_an_engine_is_not_certain() -> None:
    """Plain Ray may run anything."""
    found = recognition.recognise(container("rayproject/ray:2.46.0", "ray", "start", "--head"))
    assert (found.engine, found.certain) == (None, False)


@pytest.mark.parametrize(
    ("image", "command", "engine", "certain"),
    [
        ("kserve/huggingfaceserver:v0.15.0-gpu", "", "vllm", False),
        ("kserve/huggingfaceserver:v0.15.0-gpu", "python -m huggingfaceserver --model_id m", "vllm", False),
        ("kserve/huggingfaceserver:v0.15.0-gpu", "python -m huggingfaceserver --backend=vllm", "vllm", True),
        ("kserve/huggingfaceserver:v0.15.0-gpu", "python -m huggingfaceserver --backend vllm", "vllm", True),
        ("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.5.1", "python3 -m dynamo.vllm --model m", "vllm", True),
        ("nvcr.io/nvidia/ai-dynamo/sglang-runtime:0.5.1", "python3 -m dynamo.sglang --model m", "sglang", True),
        ("kaito/kaito-base:0.1.1", "python3 /workspace/vllm/inference_api.py --max-model-len=1", "vllm", True),
        ("rayproject/ray-llm:2.46.0", "ray start --head", "vllm", False),
    ],
)
def test_wrapped_engines_are_recognised(image: str, command: str, engine: str, certain: bool) -> None:
    """A program around an engine is told apart from the engine, and from one that may run another engine."""
    found = recognition.recognise(container(image, *command.split()))
    assert (found.engine, found.runs, found.certain) == (engine, "wrapped", certain)


@pytest.mark.parametrize(("service", "engine"), [("Frontend", None), ("Processor", None), ("VllmWorker", "vllm")])
def test_service_of_an_older_dynamo_graph_is_told_by_its_name(service: str, engine: str | None) -> None:
    """`dynamo serve` starts one service of a graph; only workers run an engine."""
    command = f"dynamo serve graphs.agg:Frontend --service-name {service}".split()
    found = recognition.recognise(container("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.3.2", *command))
    assert found.engine == engine


def test_dynamo_frontend_is_no_engine() -> None:
    """The same image also runs routers."""
    found = recognition.recognise(
        container("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.5.1", "python3", "-m", "dynamo.frontend")
    )
    assert found.engine is None


def test_names_of_objects_never_decide() -> None:
    """A container called vllm that runs llama.cpp is llama.cpp; one that runs nothing known is none."""
    one = container("ghcr.io/ggml-org/llama.cpp:server-b4719", name="vllm", args=["-m", "x"])
    assert recognition.recognise(one, workload=workload(one)).engine == "llamacpp"
    assert recognition.recognise(container("corp/app:1.0.0", name="vllm")).engine is None


def test_unknown_image_that_asks_for_gpus_is_not_certain() -> None:
    """It may be an engine, and the reason says how to say so."""
    gpus = Resources(limits={"nvidia.com/gpu": Located("1", HERE)})
    found = recognition.recognise(container("corp/app:1.0.0", "/start.sh", resources=gpus))
    assert (found.engine, found.certain) == (None, False)
    assert "skewguard.dev/engine.main" in found.reason


def test_missing_image_is_not_certain() -> None:
    """A patch without an image says nothing; a kind whose controller chooses the engine does."""
    one = container(None, args=["--max-model-len", "1"])
    assert (recognition.recognise(one).engine, recognition.recognise(one).certain) == (None, False)
    found = recognition.recognise(one, workload=workload(one, kind="LLMInferenceService"))
    assert (found.engine, found.runs, found.certain) == ("vllm", "wrapped", False)


def test_fields_of_a_custom_resource_hold_the_engine_s_arguments() -> None:
    """Whoever puts the command together, the fields are the engine's own settings."""
    one = Container("vllm", HERE, invocations=(Invocation(tokens(["--max-model-len", "1"]), "field"),))
    found = recognition.recognise(one, workload=workload(one, kind="VLLMRuntime"))
    assert (found.engine, found.runs, words(found)) == ("vllm", "server", ["--max-model-len", "1"])


@pytest.mark.parametrize(("kind", "runs"), [("RayCluster", "worker"), ("RayService", "wrapped")])
def test_ray_pods_without_a_command_are_members_of_the_group(kind: str, runs: str) -> None:
    """KubeRay starts `ray start` in them, not the image's entrypoint."""
    one = container(VLLM)
    found = recognition.recognise(one, workload=workload(one, kind=kind))
    assert (found.engine, found.runs, found.argv) == ("vllm", runs, ())


@pytest.mark.parametrize("word", ["$KUBERAY_GEN_RAY_START_CMD", "${KUBERAY_GEN_RAY_START_CMD}"])
def test_ray_start_command_of_the_operator_is_known_by_name(word: str) -> None:
    """It joins the group, though nothing in the manifest defines it."""
    found = recognition.recognise(container(VLLM, lines=["ulimit -n 65536", word]))
    assert (found.engine, found.runs, found.certain) == ("vllm", "worker", True)


def test_tag_can_make_a_client_of_an_engine_s_repository() -> None:
    """Triton's SDK image holds the load generator."""
    found = recognition.recognise(container("nvcr.io/nvidia/tritonserver:24.06-py3-sdk", "/run.sh"))
    assert found.engine is None


def test_words_inside_flags_say_nothing_about_the_program() -> None:
    """`--health-probe-bind-address` is no probe, and an image nobody knows stays unknown."""
    found = recognition.recognise(container("corp/app:1.0.0", args=["--health-probe-bind-address=:8081"]))
    assert "bind-address" not in found.reason


def test_project_rule_says_what_an_image_holds() -> None:
    """The command still decides what of it runs."""
    project = Project(images=(ImageRule("registry.corp/ml/*", "vllm", "0.11.0", None, HERE),))
    image = "registry.corp/ml/llm:7"
    assert recognition.recognise(container(image, args=["--model", "m"]), project).engine == "vllm"
    assert recognition.recognise(container(image, "sleep", "inf"), project).engine is None
    none = Project(images=(ImageRule("vllm/*", "none"),))
    assert recognition.recognise(container(VLLM), none).engine is None


def test_annotation_of_a_container_decides() -> None:
    """It stands over command and image, in both directions."""
    one = container("corp/app:1.0.0", args=["--model", "m"])
    found = recognition.recognise(one, workload=workload(one, engine_main="vllm==0.11.0"))
    assert (found.engine, words(found)) == ("vllm", ["--model", "m"])
    other = container(VLLM)
    assert recognition.recognise(other, workload=workload(other, engine_main="none")).engine is None


def test_annotation_of_the_pod_speaks_of_its_engine_alone() -> None:
    """Sidecars do not become engines by it."""
    engine = container("corp/llm:7", "/start.sh", name="server")
    sidecar = container("redis:7", name="cache")
    whole = workload(sidecar, engine, engine="vllm==0.11.0")
    assert recognition.recognise(engine, workload=whole).engine == "vllm"
    assert recognition.recognise(sidecar, workload=whole).engine is None


def test_annotation_problems_are_told() -> None:
    """A text that cannot be read and a container that is not there."""
    one = container(VLLM)
    hints = list(declarations.problems(workload(one, engine="vllm=0.11", engine_other="vllm==0.11.0")))
    assert [hint.anchor for hint in hints] == ["skewguard.dev/engine", "skewguard.dev/engine.other"]


@pytest.mark.parametrize(
    ("image", "certainty", "candidates", "text"),
    [
        (VLLM, "exact", ("0.11.0",), "0.11.0"),
        (f"{VLLM}@sha256:{'1' * 64}", "exact", ("0.11.0",), "0.11.0"),
        ("vllm/vllm-openai:v0.11.0rc3", "between", ("0.10.2", "0.11.0"), "0.11.0rc3"),
        ("vllm/vllm-openai:v0.12.0", "newer", ("0.11.0",), "0.12.0"),
        ("vllm/vllm-openai:v0.6.0", "older", ("0.9.1",), "0.6.0"),
        ("vllm/vllm-openai:latest", "unknown", TABLE, None),
        ("public.ecr.aws/deep-learning-containers/vllm:0.9-gpu", "unknown", ("0.9.1", "0.9.2"), "0.9"),
        ("rocm/vllm:rocm6.4.1_vllm_0.10.1_20250909", "between", ("0.10.1", "0.10.1.1"), "0.10.1"),
        (None, "unknown", TABLE, None),
    ],
)
def test_release_follows_the_tag(
    image: str | None, certainty: str, candidates: tuple[str, ...], text: str | None
) -> None:
    """Exact, between, beyond or unknown, with the versions that can speak for it."""
    found = releases.release("vllm", TABLE, container(image))
    assert (found.certainty, found.candidates, found.text) == (certainty, candidates, text)
    assert found.key == (f"version@{image}" if image else "version@the image of container main")


def test_release_prefers_annotation_over_project_over_tag() -> None:
    """Precedence, each with its own origin."""
    one = container(VLLM)
    project = Project(images=(ImageRule("vllm/*", "vllm", "0.10.2"),))
    assert releases.release("vllm", TABLE, one, None, project).text == "0.10.2"
    annotated = workload(one, engine="vllm==0.9.1")
    assert releases.release("vllm", TABLE, one, annotated, project).text == "0.9.1"
    precise = workload(one, engine="vllm==0.9.1", engine_main="vllm==0.9.2")
    assert releases.release("vllm", TABLE, one, precise, project).text == "0.9.2"


def test_release_reads_the_tag_by_the_project_s_pattern() -> None:
    """A company's own tag scheme."""
    project = Project(images=(ImageRule("registry.corp/ml/llm", "vllm", None, r"vllm(\d+\.\d+\.\d+)"),))
    found = releases.release("vllm", TABLE, container("registry.corp/ml/llm:r7-vllm0.10.2"), None, project)
    assert (found.text, found.certainty) == ("0.10.2", "exact")


def test_release_of_another_engine_is_not_taken_from_the_annotation() -> None:
    """`sglang==0.5.5` says nothing about vLLM."""
    one = container(VLLM)
    assert releases.release("vllm", TABLE, one, workload(one, engine="sglang==0.5.5")).text == "0.11.0"


def test_release_says_that_a_local_version_may_be_patched() -> None:
    """A vendor's build of a release counts as that release, and says so."""
    found = releases.of_version("vllm", TABLE, "0.11.0+faa43dbf.nv26.01", "the server says so")
    assert found.certainty == "exact"
    assert "nv26.01" in found.reason


@given(st.lists(st.text(max_size=12) | st.sampled_from(["vllm", "serve", "python", "-m", "ray", "env", "=", "bash"])))
def test_recognise_takes_any_argument_vector(line: list[str]) -> None:
    """No vector makes it fail, and every answer has a reason."""
    for via in get_args(InvocationVia):
        invocation = Invocation(tokens(line), via)
        for image in (None, VLLM, "x"):
            one = Container("c", HERE, image=Located(image, HERE) if image else None, invocations=(invocation,))
            assert recognition.recognise(one).reason
