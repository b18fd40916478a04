"""Ray Serve LLM: the models of `serveConfigV2` with their `engine_kwargs`, and the GPUs that the Ray cluster has for them."""

from textwrap import indent

import pytest

from skewguard.language.facts import Fact, Gap
from tests.assess import wrapped
from tests.assess.laid_out import findings

MODEL = """\
- model_loading_config: {model_id: chat, model_source: Qwen/Qwen3-8B}
  accelerator_type: A100-80G
  runtime_env: {env_vars: {VLLM_LOGGING_LEVEL: DEBUG}}
  deployment_config: {num_replicas: 2}
  engine_kwargs:
    max_model_len: 4096
    tensor_parallel_size: 2
"""


def service(
    *more: str, models: str = MODEL, group: str = "replicas: 2", gpus: int = 1, version: str = "", beside: str = ""
) -> str:
    """A RayService; `more` are further lines of the last model's `engine_kwargs`."""
    written = indent(models, " " * 12) + "".join(f"                {line}\n" for line in more)
    note = f", annotations: {{skewguard.dev/engine: vllm=={version}}}" if version else ""
    pod = f"{{metadata: {{{note.strip(', ')}}}, spec: {{containers: [{{name: c, image: 'rayproject/ray-llm:2.49.0'"
    return (
        f"apiVersion: ray.io/v1\nkind: RayService\nmetadata: {{name: n{note}}}\nspec:\n  serveConfigV2: |\n    applications:\n"
        f"      - import_path: ray.serve.llm:build_openai_app\n        args:\n          llm_configs:\n{written}"
        f"  rayClusterConfig:\n    {beside}\n    headGroupSpec: {{template: {pod}}}]}}}}}}\n"
        f"    workerGroupSpecs: [{{groupName: g, {group}, template: {pod}, resources: {{limits: {{nvidia.com/gpu: {gpus}}}}}}}]}}}}}}]\n"
    )


def test_engine_kwargs_are_settings_at_their_place() -> None:
    """Each keyword is a setting of vLLM, written in the text inside the YAML."""
    text = service()
    case = wrapped.first(text)
    names = ("model.id", "model.served_name", "limits.max_model_len", "parallelism.tensor")
    assert wrapped.values(case, *names) == ["Qwen/Qwen3-8B", "chat", 4096, 2]
    assert wrapped.place(case, "limits.max_model_len", text) == "4096"


def test_short_form_of_a_number_is_no_number_among_keywords() -> None:
    """`16k` is a word of the command line's parser; the field of vLLM's arguments wants the number."""
    case = wrapped.first(service(models=MODEL.replace("4096", "16k")))
    (told,) = [item for item in findings(case, "args.invalid-value") if item.verdict == "fail"]

    assert "takes a number, not `16k`" in told.message
    assert "`16000`" in told.remedy


@pytest.mark.parametrize("text", ["16384", "auto", "null"])
def test_numbers_and_what_leaves_them_open_are_taken_among_keywords(text: str) -> None:
    """Nothing is refused of them."""
    case = wrapped.first(service(models=MODEL.replace("4096", text)))
    assert findings(case, "args.invalid-value") == []


def test_number_format_by_another_name_is_mended_among_keywords() -> None:
    """vLLM's word for `bf16`."""
    case = wrapped.first(service("dtype: bf16"))
    (told,) = [item for item in findings(case, "args.invalid-value") if item.verdict == "fail"]

    assert "`bfloat16`" in told.remedy


def test_model_without_a_source_is_named_by_its_id() -> None:
    """`model_id` is the model where nothing else says what it is."""
    models = MODEL.replace(", model_source: Qwen/Qwen3-8B", "").replace("chat", "Qwen/Qwen3-8B")
    assert wrapped.values(wrapped.first(service(models=models)), "model.id") == ["Qwen/Qwen3-8B"]


def test_model_in_a_bucket_has_its_place_and_no_name_at_the_hub() -> None:
    """A mirror's bucket holds the weights."""
    models = MODEL.replace("Qwen/Qwen3-8B", "{bucket_uri: 's3://b/m'}")
    assert wrapped.values(wrapped.first(service(models=models)), "model.source_uri", "model.id") == ["s3://b/m", None]


def test_accelerator_type_replicas_and_variables_are_read() -> None:
    """The other fields of a model say where it runs, how often, and with which variables."""
    case = wrapped.first(service())
    names = (
        "hardware.gpu_class",
        "autoscaling.min_replicas",
        "autoscaling.max_replicas",
        "vllm.env.VLLM_LOGGING_LEVEL",
    )
    assert wrapped.values(case, *names) == ["A100-80GB", 2, 2, "DEBUG"]


@pytest.mark.parametrize(("line", "value"), [("enforce_eager: false", False), ("enforce_eager: true", True)])
def test_switches_are_what_is_written(line: str, value: bool) -> None:
    """A keyword has no `--no-` form: false is false."""
    case = wrapped.first(service(line))
    assert (wrapped.values(case, "runtime.enforce_eager"), wrapped.failing(case)) == ([value], [])


def test_null_leaves_the_default() -> None:
    """`null` is what the engine takes for nothing."""
    assert wrapped.first(service("quantization: null")).sheet.declared("runtime.quantization") is None


def test_mappings_are_kept_whole() -> None:
    """A mapping is a value like any other."""
    case = wrapped.first(service("speculative_config: {method: ngram, num_speculative_tokens: 3}"))
    assert wrapped.values(case, "runtime.speculative") == [{"method": "ngram", "num_speculative_tokens": 3}]


def test_misspelt_keyword_is_an_error() -> None:
    """Ray refuses a keyword that vLLM's arguments do not have."""
    case = wrapped.first(service("max_num_sequences: 8"))
    (found,) = wrapped.told(case, "args.misspelt")
    assert (found.severity, found.remedy) == ("error", "write `max_num_seqs` instead of `max_num_sequences`")


@pytest.mark.parametrize(
    ("line", "version", "check"),
    [
        ("swap_space: 4", "0.20.0", "args.removed max_model_len"),
        ("optimization_level: 3", "0.11.0", "args.not-yet"),
        ("dtype: float", "0.11.0", None),
        ("dtype: fp16", "0.11.0", "args.invalid-value dtype"),
    ],
)
def test_keyword_is_held_against_the_version(line: str, version: str, check: str | None) -> None:
    """A keyword that this vLLM no longer has, does not have yet, or takes with other values."""
    found = wrapped.failing(wrapped.first(service(line, version=version)))
    assert [item.split()[0] for item in found] == ([check.split()[0]] if check else [])


@pytest.mark.parametrize(
    ("group", "gpus", "fits"),
    [
        ("replicas: 2", 1, True),
        ("replicas: 1", 1, False),
        ("replicas: 1, maxReplicas: 4", 1, True),
        ("replicas: 1", 2, True),
        ("replicas: 1, numOfHosts: 2", 1, True),
    ],
)
def test_processes_need_gpus_of_the_cluster(group: str, gpus: int, fits: bool) -> None:
    """Ray looks for one GPU for each process, on any node that the groups can have at most."""
    found = wrapped.failing(wrapped.first(service(group=group, gpus=gpus)))
    assert found == ([] if fits else ["parallel.too-few-gpus tensor_parallel_size"])


def test_cluster_without_a_bound_is_not_judged() -> None:
    """Ray's autoscaler may make as many nodes as it likes."""
    text = service(group="replicas: 1", beside="enableInTreeAutoscaling: true")
    assert wrapped.failing(wrapped.first(text)) == []


def test_bundles_of_the_users_own_are_not_counted() -> None:
    """A placement group says itself how much of a node each process takes."""
    models = MODEL.replace("  engine_kwargs:", "  placement_group_config: {bundles: [{GPU: 0.5}]}\n  engine_kwargs:")
    assert wrapped.failing(wrapped.first(service(models=models, group="replicas: 1"))) == []


def test_several_models_agree_or_are_a_gap() -> None:
    """Two models are two engines: what they have alike is known, the rest hangs on which of them is meant."""
    other = MODEL.replace("chat", "code").replace("4096", "8192")
    case = wrapped.first(service(models=MODEL + other))
    assert wrapped.values(case, "parallelism.tensor", "limits.max_model_len") == [2, None]
    gap = case.sheet.effective("limits.max_model_len")
    assert isinstance(gap, Gap)
    assert "4096" in gap.reason
    assert "8192" in gap.reason


def test_model_in_a_mounted_file_is_read() -> None:
    """A path among the models is a YAML file, which a ConfigMap may hold."""
    text = """
        apiVersion: ray.io/v1
        kind: RayService
        metadata: {name: n}
        spec:
          serveConfigV2: |
            applications: [{import_path: "ray.serve.llm:build_openai_app", args: {llm_configs: [/etc/llm/chat.yaml]}}]
          rayClusterConfig:
            headGroupSpec:
              template:
                spec:
                  volumes: [{name: v, configMap: {name: models}}]
                  containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /etc/llm}]}]
    """
    file = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: models}
        data:
          chat.yaml: |
            model_loading_config: {model_id: chat}
            engine_kwargs: {dtype: bfloat16}
    """
    case = wrapped.first(text, file)
    assert wrapped.values(case, "model.id", "runtime.dtype") == ["chat", "bfloat16"]
    assert wrapped.place(case, "runtime.dtype", file) == "bfloat16"


def test_what_ray_may_add_is_a_gap_that_names_it() -> None:
    """Ray Serve LLM has defaults of its own."""
    answer = wrapped.first(service()).sheet.effective("limits.max_num_seqs")
    assert isinstance(answer, Gap)
    assert answer.reason.startswith("Ray Serve LLM")


def test_sizes_that_ray_leaves_alone_are_known() -> None:
    """No pipeline but the one that is written."""
    answer = wrapped.first(service()).sheet.effective("parallelism.pipeline")
    assert isinstance(answer, Fact)
    assert (answer.value, answer.authority) == (1, "derived")


@pytest.mark.parametrize(
    ("models", "anchor"),
    [
        (MODEL.replace("engine_kwargs:", "enginekwargs:"), "enginekwargs"),
        (MODEL.replace("model_source", "modelsource"), "modelsource"),
    ],
)
def test_misspelt_field_of_a_model_is_an_error(models: str, anchor: str) -> None:
    """Ray refuses fields that its configuration does not have."""
    (found,) = wrapped.told(wrapped.first(service(models=models)), "facts.unknown-field")
    assert (found.severity, found.anchor) == ("error", anchor)


def test_field_of_a_newer_ray_is_no_slip() -> None:
    """A name that is like no other may be one of a later release."""
    models = MODEL.replace("  engine_kwargs:", "  brand_new_thing: 1\n  engine_kwargs:")
    assert wrapped.failing(wrapped.first(service(models=models))) == []


def test_serve_run_starts_the_models_of_a_mounted_file() -> None:
    """Ray Serve's own command in any pod: the file of applications is read where the ConfigMap holds it."""
    pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: n}
        spec:
          volumes: [{name: v, configMap: {name: serve}}]
          containers:
            - name: c
              image: rayproject/ray-llm:2.49.0
              command: [sh, -c, "serve run --host 0.0.0.0 /etc/serve/llm.yaml"]
              volumeMounts: [{name: v, mountPath: /etc/serve}]
    """
    file = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: serve}
        data:
          llm.yaml: |
            applications:
              - import_path: ray.serve.llm:build_openai_app
                args: {llm_configs: [{model_loading_config: {model_id: chat}, engine_kwargs: {dtype: bfloat16}}]}
    """
    case = wrapped.first(pod, file)
    assert wrapped.values(case, "model.id", "runtime.dtype") == ["chat", "bfloat16"]
    assert wrapped.place(case, "runtime.dtype", file) == "bfloat16"


def test_container_beside_ray_runs_no_engine() -> None:
    """KubeRay runs Ray in the first container of a pod: a log shipper behind it serves nothing."""
    text = service().replace(
        "image: 'rayproject/ray-llm:2.49.0'}]}}}",
        "image: 'rayproject/ray-llm:2.49.0'}, {name: log, image: 'fluent/fluent-bit:3.2.2'}]}}}",
    )
    assert "fluent-bit" in text
    assert {found.container.name for found in wrapped.engines(text)} == {"c"}


@pytest.mark.parametrize(
    ("models", "verdicts"),
    [
        (MODEL, []),
        (MODEL.replace("  accelerator_type: A100-80G\n", ""), ["fail"]),
        (MODEL + MODEL.replace("A100-80G", "L4"), ["fail"]),
    ],
)
def test_workers_whose_models_name_their_accelerator_name_a_class(models: str, verdicts: list[str]) -> None:
    """Ray puts the replicas on nodes with it alone; where models name several, a pod of the group may be either."""
    workers = [case for case in wrapped.engines(service(models=models)) if case.workload.joins]
    assert [each.verdict for case in workers for each in wrapped.told(case, "hardware.gpu-class")] == verdicts
