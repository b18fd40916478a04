"""The digest of a container's inputs: equal for the same ones however they are written, other for others, none for unknown ones."""

import pytest

from skewguard.assess import digests
from skewguard.judge.checks.interface import Case
from tests.assess import laid_out
from tests.assess.running import A, B, cases, manifest, node, pod, stand

COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
IMAGE = f"vllm/vllm-openai:v0.11.0@{A}"
GPU = "resources: {limits: {nvidia.com/gpu: '1'}}"
H100 = "nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}"
ARGS = f"[--model=Qwen/Qwen3-8B, --revision={COMMIT}, --max-model-len=32768, --enforce-eager]"


def case(args: str = ARGS, more: str = "", pod: str = H100, beside: str = "", image: str = IMAGE) -> Case:
    return laid_out.case(f"args: {args}\n{more}\n{GPU}", pod, beside, image=image)


def value(of: Case) -> str | None:
    return digests.of(of).value


def test_a_digest_says_its_version() -> None:
    """A later way of making it is told from this one."""
    made = value(case())
    assert made is not None
    assert made.startswith("inp1:")
    assert len(made) == 37


@pytest.mark.parametrize(
    "args",
    [
        f"[--enforce-eager, --max-model-len, '32768', --revision, {COMMIT}, --model, Qwen/Qwen3-8B]",
        f"[--enforce_eager, --max_model_len=32768, --revision={COMMIT}, --model=Qwen/Qwen3-8B]",
        f"[--model=Qwen/Qwen3-8B, --revision={COMMIT}, --max-model-len=32K, --enforce-eager]",
    ],
    ids=["order", "underscores", "units"],
)
def test_order_and_spelling_do_not_count(args: str) -> None:
    """The engine runs with the same."""
    assert value(case(args)) == value(case())


@pytest.mark.parametrize(
    "other",
    [
        case(ARGS.replace("32768", "16384")),
        case(ARGS.replace("Qwen3-8B", "Qwen3-4B")),
        case(ARGS.replace(COMMIT, "a" * 40)),
        case(ARGS.replace(", --enforce-eager", "")),
        case(image=IMAGE.replace(A, B)),
        case(pod=H100.replace("H100-80GB-HBM3", "L4")),
        case(more="env: [{name: VLLM_ATTENTION_BACKEND, value: FLASHINFER}]"),
    ],
    ids=["length", "model", "commit", "switch", "image", "gpu", "variable"],
)
def test_other_inputs_have_another_digest(other: Case) -> None:
    """Each part counts."""
    assert value(other) is not None
    assert value(other) != value(case())


@pytest.mark.parametrize(
    ("other", "setting"),
    [
        (case(image="vllm/vllm-openai:v0.11.0"), "runtime.image_digest"),
        (case(ARGS.replace(COMMIT, "main")), "model.revision"),
        (case(ARGS.replace(f"--revision={COMMIT}, ", "")), "model.revision"),
        (case(pod=""), "hardware.gpu_class"),
        (case(ARGS.replace("]", ", --config, /etc/vllm.yaml]"), "volumeMounts: [{name: c, mountPath: /etc}]"), "*"),
        (case(more="envFrom: [{configMapRef: {name: unseen}}]"), "vllm.env.*"),
        (
            case(ARGS.replace("]", ", --chat-template=/t/chat.jinja]"), "volumeMounts: [{name: c, mountPath: /t}]"),
            "tokenizer.chat_template",
        ),
        *(
            (case(ARGS.replace("]", f", {words}]"), "volumeMounts: [{name: c, mountPath: /t}]"), setting)
            for words, setting in (
                ("--enable-lora, --lora-modules, sql=/t/sql", "model.lora"),
                ('--enable-lora, --lora-modules, \'{"name": "sql", "path": "/t/sql"}\'', "model.lora"),
                ('--speculative-config, \'{"model": "/t/draft"}\'', "runtime.speculative"),
            )
        ),
    ],
    ids=[
        "image",
        "branch",
        "no revision",
        "gpu",
        "config file",
        "variables",
        "template",
        "adapter",
        "adapter in JSON",
        "draft",
    ],
)
def test_an_unknown_part_leaves_no_digest(other: Case, setting: str) -> None:
    """And the gap says which it is."""
    made = digests.of(other)
    assert made.value is None
    assert setting in [gap.setting for gap in made.gaps]


ENGINE = f"vllm serve --model=Qwen/Qwen3-8B --revision={COMMIT} --max-model-len=32768 --enforce-eager"


def script(text: str) -> Case:
    """The engine as a script starts it."""
    return case(f'["{text.replace("ENGINE", ENGINE)}"]', "command: [sh, -c]")


@pytest.mark.parametrize("text", ["exec ENGINE", "set -e; echo starting; cd /tmp; exec ENGINE", "ENGINE"])
def test_a_script_that_only_starts_the_engine_does_not_count(text: str) -> None:
    """The engine runs with the same."""
    assert value(script(text)) == value(case())


def test_what_a_script_does_before_the_engine_counts() -> None:
    """Another release of a package, other CPUs: the same arguments are not the same inputs."""
    texts = [
        "pip install transformers==4.1 && exec ENGINE",
        "pip install transformers==4.2 && exec ENGINE",
        "numactl -N 0 ENGINE",
    ]
    made = {value(script(text)) for text in texts}
    assert None not in made
    assert len(made | {value(case())}) == 4


def test_what_a_script_does_with_an_unknown_word_leaves_no_digest() -> None:
    """Nobody can see which package it installs."""
    made = digests.of(script("pip install $EXTRA && exec ENGINE"))
    assert made.value is None
    assert "`$EXTRA`" in made.gaps[0].reason


def test_secrets_do_not_count() -> None:
    """Neither a key of the engine nor the token of the model's hub, whether they are known or not."""
    keyed = case(
        ARGS.replace("]", ", --api-key=correct-horse]"),
        "env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}, {name: VLLM_API_KEY, value: staple}]",
    )
    assert value(keyed) == value(case())


def test_a_mounted_template_counts_by_its_text() -> None:
    """Its name stays the same while it changes."""
    args = ARGS.replace("]", ", --chat-template=/t/chat.jinja]")
    mounted = "volumeMounts: [{name: c, mountPath: /t}]"
    volume = f"{H100}\nvolumes: [{{name: c, configMap: {{name: chat}}}}]"
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chat, namespace: prod}\ndata: {chat.jinja: '%s'}\n"
    one, other = (value(case(args, mounted, volume, config % text)) for text in ("a", "b"))
    assert None not in (one, other)
    assert one != other


def test_what_runs_has_the_digest_of_its_manifest() -> None:
    """Where the manifest says everything; replicas that differ have none."""
    inventory = manifest(f"args: {ARGS}\n{GPU}")
    (running,) = cases(stand(inventory, pod("a"), pod("b")))
    assert value(running) == value(case())
    (apart,) = cases(stand(inventory, pod("a"), pod("b", node=node("n2", "NVIDIA-L4"))))
    assert digests.of(apart).value is None
    assert "different sets of inputs" in digests.of(apart).gaps[0].reason
