"""Changes after which the same thing runs: whatever is found new here is a false alarm."""

import json
import random
from collections.abc import Callable

import yaml
from manifests import Arguments, Manifest, deep

Harmless = Callable[[Manifest, str], str | None]
"""From a manifest and its text to the changed text; None where it does not apply."""

OPERATORS: dict[str, Harmless] = {}


def operator(function: Harmless) -> Harmless:
    """Register by name."""
    OPERATORS[function.__name__] = function
    return function


def takes_vllm_spellings(manifest: Manifest) -> bool:
    """Whether underscores, short names and `32K` mean to the engine what they mean to vLLM: its oldest releases had none."""
    return manifest.version is not None and manifest.engine == "vllm"


def _over_words(change: Callable[[list[str]], list[str]]) -> Harmless:
    def apply(manifest: Manifest, _text: str) -> str | None:
        changed = False
        for container in manifest.containers():
            arguments = Arguments(container)
            unsafe = change in ONLY_OF_VLLM and not takes_vllm_spellings(manifest)
            if arguments.field and not arguments.shell and not unsafe:
                words = change(arguments.words)
                changed |= words != arguments.words
                arguments.set_words(words)
        return manifest.text() if changed else None

    return apply


@operator
def dumped_again(manifest: Manifest, _text: str) -> str:
    return manifest.text()


@operator
def keys_sorted(manifest: Manifest, _text: str) -> str:
    return yaml.safe_dump_all(manifest.documents, sort_keys=True)


@operator
def flow_style(manifest: Manifest, _text: str) -> str:
    return yaml.safe_dump_all(manifest.documents, default_flow_style=True, width=10**6)


@operator
def everything_quoted(manifest: Manifest, _text: str) -> str:
    class Quoting(yaml.SafeDumper):
        """Quotes every string."""

    Quoting.add_representer(str, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, style='"'))
    return yaml.dump_all(manifest.documents, Dumper=Quoting)


@operator
def as_json_list(manifest: Manifest, _text: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": manifest.documents}, indent=1)


@operator
def comments_added(_manifest: Manifest, text: str) -> str | None:
    if "|" in text or ">" in text or text.lstrip().startswith("{"):
        return None
    return "# a comment\n" + "\n".join(f"{line}  # note" if line.endswith(":") else line for line in text.split("\n"))


@operator
def carriage_returns(_manifest: Manifest, text: str) -> str | None:
    return None if "\\\n" in text or "|" in text else text.replace("\n", "\r\n")


@operator
def byte_order_mark(_manifest: Manifest, text: str) -> str:
    return "\ufeff" + text


@operator
def documents_reversed(manifest: Manifest, _text: str) -> str | None:
    if len(manifest.documents) < 2:
        return None
    manifest.documents.reverse()
    return manifest.text()


@operator
def wrapped_in_list(manifest: Manifest, _text: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": manifest.documents}, sort_keys=False)


@operator
def anchors_used(manifest: Manifest, _text: str) -> str | None:
    pods = manifest.pods()
    if not pods:
        return None
    for workload in manifest.workloads():
        shared = {"team": "inference"}
        metadata = workload.setdefault("metadata", {})
        metadata["labels"] = {**metadata.get("labels", {}), "x-anchor": "a"}
        metadata.setdefault("annotations", {})["shared"] = "one"
        workload["x-shared"] = [shared, shared]
    return manifest.text()


@operator
def labels_added(manifest: Manifest, _text: str) -> str | None:
    for workload in manifest.workloads():
        workload.setdefault("metadata", {}).setdefault("labels", {})["team"] = "inference"
    return manifest.text() if manifest.workloads() else None


@operator
def annotations_added(manifest: Manifest, _text: str) -> str | None:
    for workload in manifest.workloads():
        workload.setdefault("metadata", {}).setdefault("annotations", {})["example.com/owner"] = "inference"
    return manifest.text() if manifest.workloads() else None


@operator
def env_reordered(manifest: Manifest, _text: str) -> str | None:
    changed = False
    for container in manifest.containers():
        env = container.get("env") or []
        if len(env) > 1 and not any("$(" in str(item.get("value", "")) for item in env):
            container["env"] = env[::-1]
            changed = True
    return manifest.text() if changed else None


@operator
def unrelated_env_added(manifest: Manifest, _text: str) -> str | None:
    for container in manifest.containers():
        container["env"] = [*(container.get("env") or []), {"name": "TZ", "value": "UTC"}]
    return manifest.text() if manifest.containers() else None


@operator
def sidecar_added(manifest: Manifest, _text: str) -> str | None:
    for pod in manifest.pods():
        pod["containers"].append({"name": "log-shipper", "image": "fluent/fluent-bit:3.2.2"})
    return manifest.text() if manifest.pods() else None


@operator
def sidecar_first(manifest: Manifest, _text: str) -> str | None:
    if any(str(item.get("kind", "")).startswith("Ray") for item in manifest.documents):
        return None  # KubeRay takes the first container for Ray's own
    for pod in manifest.pods():
        pod["containers"].insert(0, {"name": "log-shipper", "image": "fluent/fluent-bit:3.2.2"})
    return manifest.text() if manifest.pods() else None


@operator
def init_container_added(manifest: Manifest, _text: str) -> str | None:
    for pod in manifest.pods():
        pod.setdefault("initContainers", []).append({"name": "wait", "image": "busybox:1.37.0", "command": ["true"]})
    return manifest.text() if manifest.pods() else None


@operator
def exported_from_cluster(manifest: Manifest, _text: str) -> str | None:
    for workload in manifest.workloads():
        workload.setdefault("metadata", {}).update(uid="1-2-3", resourceVersion="17", generation=3)
        workload["status"] = {"observedGeneration": 3}
    return manifest.text() if manifest.workloads() else None


@operator
def unrelated_object_added(manifest: Manifest, _text: str) -> str:
    manifest.documents.append(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "unrelated"}, "data": {"a": "b"}}
    )
    return manifest.text()


@operator
def cpu_request_changed(manifest: Manifest, _text: str) -> str | None:
    for container in manifest.containers():
        requests = (container.get("resources") or {}).get("requests")
        if isinstance(requests, dict) and "cpu" in requests:
            requests["cpu"] = "7"
            return manifest.text()
    return None


@operator
def readiness_period_changed(manifest: Manifest, _text: str) -> str | None:
    for container in manifest.containers():
        if isinstance(container.get("readinessProbe"), dict):
            container["readinessProbe"]["periodSeconds"] = 7
            return manifest.text()
    return None


def _flags(words: list[str]) -> list[list[str]]:
    """Words in groups: each flag with what follows it; what stands before the first flag alone."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word.startswith("-"):
            groups.append([word])
        else:
            groups[-1].append(word)
    return groups


def _flags_reordered(words: list[str]) -> list[str]:
    head, *rest = _flags(words)
    names = [group[0].partition("=")[0] for group in rest]
    if any(not name.startswith("--") for name in names) or len(set(names)) < len(names):
        return words
    random.Random(3).shuffle(rest)
    return [*head, *(word for group in rest for word in group)]


def _splits(word: str) -> bool:
    """Whether `--x=y` means the same as `--x y`: not for `--config`, switches, and values that look like flags."""
    name, marker, value = word.partition("=")
    return (
        bool(marker)
        and name.startswith("--")
        and name != "--config"
        and value not in ("True", "False", "true", "false")
        and not value.startswith("-")
    )


def _equals_to_space(words: list[str]) -> list[str]:
    return [part for word in words for part in (word.split("=", 1) if _splits(word) else [word])]


def _space_to_equals(words: list[str]) -> list[str]:
    changed: list[str] = []
    for group in _flags(words):
        joinable = len(group) == 2 and group[0].startswith("--") and "=" not in group[0] and group[0] != "--config"
        joinable = joinable and not group[0].startswith(("--enable", "--disable", "--no-"))
        changed += [f"{group[0]}={group[1]}"] if joinable else group
    return changed


def _underscored(words: list[str]) -> list[str]:
    return [
        "--" + name[2:].replace("-", "_") + marker + value if name.startswith("--") else word
        for word in words
        for name, marker, value in [word.partition("=")]
    ]


ALIASES = {
    "--tensor-parallel-size": "-tp",
    "--pipeline-parallel-size": "-pp",
    "--quantization": "-q",
}


def _aliased(words: list[str]) -> list[str]:
    words = _equals_to_space(words)
    return [ALIASES.get(word.replace("_", "-"), word) for word in words]


def _human_numbers(words: list[str]) -> list[str]:
    return [
        word.replace("32768", "32K") if "max-model-len" in word.replace("_", "-") or word == "32768" else word
        for word in words
    ]


def _default_port(words: list[str]) -> list[str]:
    """vLLM's own port written out."""
    flagged = any(word.replace("_", "-").startswith("--port") for word in words)
    return words if flagged or not any(word.startswith("-") for word in words) else [*words, "--port", "8000"]


ONLY_OF_VLLM = (_underscored, _human_numbers, _aliased, _default_port)

for _name, _change in {
    "flags_reordered": _flags_reordered,
    "equals_to_space": _equals_to_space,
    "space_to_equals": _space_to_equals,
    "underscored": _underscored,
    "aliased": _aliased,
    "human_numbers": _human_numbers,
    "default_port_written": _default_port,
}.items():
    OPERATORS[_name] = _over_words(_change)


@operator
def value_through_env(manifest: Manifest, _text: str) -> str | None:
    """`--max-model-len=32768` becomes `--max-model-len=$(MAX_LEN)` with the same value."""
    for container in manifest.containers():
        arguments = Arguments(container)
        if arguments.shell or not arguments.field:
            continue
        for index, word in enumerate(arguments.words):
            name, marker, value = word.partition("=")
            if marker and name.replace("_", "-") == "--max-model-len" and value.isdigit():
                words = arguments.words
                words[index] = f"{name}=$(BENCH_MAX_LEN)"
                arguments.set_words(words)
                env = [*(container.get("env") or []), {"name": "BENCH_MAX_LEN", "value": value}]
                container["env"] = env
                return manifest.text()
    return None


@operator
def value_through_config_map(manifest: Manifest, _text: str) -> str | None:
    """The same, the value in a ConfigMap of the input."""
    for workload in manifest.workloads():
        for container in Manifest([workload], manifest.engines, None).containers():
            arguments = Arguments(container)
            for index, word in enumerate([] if arguments.shell or not arguments.field else arguments.words):
                name, marker, value = word.partition("=")
                if marker and name.replace("_", "-") == "--max-model-len" and value.isdigit():
                    words = arguments.words
                    words[index] = f"{name}=$(BENCH_MAX_LEN)"
                    arguments.set_words(words)
                    reference = {"configMapKeyRef": {"name": "bench-values", "key": "max-len"}}
                    env = [*(container.get("env") or []), {"name": "BENCH_MAX_LEN", "valueFrom": reference}]
                    container["env"] = env
                    metadata = {"name": "bench-values", "namespace": workload.get("metadata", {}).get("namespace")}
                    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"max-len": value}}
                    if metadata["namespace"] is None:
                        del metadata["namespace"]
                    manifest.documents.append(config)
                    return manifest.text()
    return None


@operator
def command_and_args_joined(manifest: Manifest, _text: str) -> str | None:
    """`command` and `args` written as one `command`."""
    changed = False
    for container in manifest.containers():
        arguments = Arguments(container)
        if (
            isinstance(container.get("command"), list)
            and isinstance(container.get("args"), list)
            and not arguments.shell
        ):
            container["command"] = [*container["command"], *container.pop("args")]
            changed = True
    return manifest.text() if changed else None


@operator
def through_a_shell(manifest: Manifest, _text: str) -> str | None:
    """The same command line as `sh -c "exec …"`."""
    import shlex

    if manifest.kinds("InferenceService"):
        return None  # its own args are appended behind the runtime's, and a shell would drop them
    changed = False
    for container in manifest.containers():
        arguments = Arguments(container)
        words = [str(word) for field in ("command", "args") for word in container.get(field) or []]
        if arguments.shell or not container.get("command") or any("$" in word for word in words):
            continue
        container["command"] = ["/bin/sh", "-c", "exec " + shlex.join(words)]
        container.pop("args", None)
        changed = True
    return manifest.text() if changed else None


@operator
def metadata_reordered(manifest: Manifest, _text: str) -> str:
    manifest.documents = [dict(reversed(list(deep(item).items()))) for item in manifest.documents]
    return manifest.text()
