"""What can change without an edit: images, storage, revisions, templates."""

import pytest

from skewguard.judge.checks import pin, revisions
from skewguard.language.facts import Origin
from skewguard.language.workloads import Mount, TextFile, Volume
from tests.judge.cases import COMMIT, DIGEST, argument, at, case, env, gap, located, run, severities, verdicts

assert pin
assert revisions

HUB = "Qwen/Qwen3-8B"


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai:latest",
        "vllm/vllm-openai",
        "vllm/vllm-openai:nightly",
        "vllm/vllm-openai:v0.11",
        "registry.corp:5000/ml/llm",
        "registry.corp/ml/llm:prod",
        "lmsysorg/sglang:latest-cu124",
    ],
)
def test_image_tag_that_moves_is_a_warning(image: str) -> None:
    """A tag that names no single build is a warning at the place of the image."""
    (answer,) = run("pin.image-tag", case(image=image))
    assert (answer.verdict, answer.anchor, answer.at) == ("fail", "image", at(4, image))
    assert severities("pin.image-tag", case(image=image)) == ["warning"]


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai:v0.11.0",
        "vllm/vllm-openai:v0.8.5.post1",
        "nvcr.io/nvidia/tritonserver:25.09-vllm-python-py3",
        "registry.corp/ml/llm:main-9c925d6",
        f"vllm/vllm-openai:latest@{DIGEST}",
    ],
)
def test_image_tag_that_names_one_build_passes(image: str) -> None:
    """A release, a month, a commit or a digest names one build."""
    assert verdicts("pin.image-tag", case(image=image)) == ["pass"]


@pytest.mark.parametrize("image", [None, "${REGISTRY}/vllm:${TAG}", "vllm/vllm-openai:<TAG>"])
def test_image_tag_that_is_not_in_the_document_is_unknown(image: str | None) -> None:
    """No image, or a placeholder: rendering the manifest would decide."""
    assert verdicts("pin.image-tag", case(image=image)) == ["unknown"]


def test_image_tag_remedy_keeps_the_name_as_written() -> None:
    """The edit to make holds the repository as it stands, with its registry and port."""
    (answer,) = run("pin.image-tag", case(image="registry.corp:5000/ml/llm:latest"))
    assert "`image: registry.corp:5000/ml/llm:RELEASE@sha256:DIGEST`" in answer.remedy


def test_image_tag_tells_what_the_pull_policy_makes_of_it() -> None:
    """IfNotPresent leaves old builds on some nodes; Always changes at a restart."""
    kept = case(image="vllm/vllm-openai:latest", container={"pull_policy": located("IfNotPresent")})
    assert "Each node keeps the build it pulled first" in run("pin.image-tag", kept)[0].message
    assert "next restart" in run("pin.image-tag", case(image="vllm/vllm-openai:latest"))[0].message


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("vllm/vllm-openai:v0.11.0", ["fail"]),
        (f"vllm/vllm-openai:v0.11.0@{DIGEST}", ["pass"]),
        ("vllm/vllm-openai:latest", ["skipped"]),
        (None, ["skipped"]),
    ],
)
def test_image_digest_is_a_note_that_a_moving_tag_supersedes(image: str | None, expected: list[str]) -> None:
    """One remedy, one finding: where the tag moves, the tag is told and the digest is not."""
    assert verdicts("pin.image-digest", case(image=image)) == expected


def test_image_digest_is_a_note() -> None:
    """A missing digest beside an immutable tag never alerts."""
    assert severities("pin.image-digest", case()) == ["note"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("vllm/vLLM-openai:v0.11.0", ["fail"]),
        ("vllm/vllm-openai:v0.11.0@sha256:abc", ["fail"]),
        ("vllm/vllm-openai:v0.11.0", ["pass"]),
        ("${IMAGE}", ["pass"]),
        (None, ["pass"]),
    ],
)
def test_image_invalid_is_what_the_kubelet_refuses(image: str | None, expected: list[str]) -> None:
    """Upper case, blanks and cut digests end in InvalidImageName."""
    assert verdicts("pin.image-invalid", case(image=image)) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "hf://Qwen/Qwen3-8B",
        "hf://Qwen/Qwen3-8B:main",
        "s3://models/qwen3-8b",
        "gs://bucket/models/Llama-3.1-8B/",
        "oci://registry.corp/models/qwen3:latest",
        "https://storage.example.com/models/qwen",
    ],
)
def test_storage_uri_without_a_version_is_a_warning(uri: str) -> None:
    """What is fetched anew by each pod must name one version."""
    subject = case(declared={"model.source_uri": uri, "model.id": "/mnt/models"})
    assert severities("pin.storage-uri", subject) == ["warning"]


@pytest.mark.parametrize(
    "uri",
    [
        f"hf://Qwen/Qwen3-8B:{COMMIT}",
        "s3://models/qwen3-8b/v3",
        "s3://models/qwen3-8b/2025-06-01",
        "s3://models/qwen3-8b/model.safetensors?versionId=abc",
        f"https://huggingface.co/Qwen/Qwen3-8B/resolve/{COMMIT}/model.safetensors",
        f"oci://registry.corp/models/qwen3@{DIGEST}",
        "pvc://models/qwen3-8b",
    ],
)
def test_storage_uri_with_a_version_or_on_a_volume_passes(uri: str) -> None:
    """Commits, dates, versions and digests pass; what lies on a claim no manifest can pin."""
    assert verdicts("pin.storage-uri", case(declared={"model.source_uri": uri})) == ["pass"]


def test_storage_uri_of_a_custom_resource_field_is_read() -> None:
    """A platform's own field counts where no fact was made from it."""
    subject = case(container={"fields": {"model.source_uri": located("hf://Qwen/Qwen3-8B", 12)}})
    (answer,) = run("pin.storage-uri", subject)
    assert answer.fact is not None
    assert answer.fact.origin.line == 12


def test_model_revision_missing_is_a_warning_with_the_exact_argument() -> None:
    """The remedy is the argument to add, and where its value can be found."""
    (answer,) = run("pin.model-revision", case(declared={"model.id": HUB}))
    assert (answer.verdict, answer.setting, answer.anchor) == ("fail", "model.revision", "--revision")
    assert "add `- --revision=COMMIT` to the container's `args`" in answer.remedy
    assert f"https://huggingface.co/{HUB}/commits/main" in answer.remedy


@pytest.mark.parametrize("revision", ["main", "refs/pr/3", "refs/heads/dev"])
def test_model_revision_that_is_a_branch_is_a_warning(revision: str) -> None:
    """A branch moves with every push."""
    subject = case(declared={"model.id": HUB, "model.revision": revision})
    assert severities("pin.model-revision", subject) == ["warning"]
    assert verdicts("pin.revision-commit", subject) == ["pass"]


@pytest.mark.parametrize("model", ["/mnt/models", "./model", "s3://bucket/model", "hf://Qwen/Qwen3-8B", "~/llama"])
def test_model_revision_of_what_is_not_fetched_by_name_is_skipped(model: str) -> None:
    """Paths and URIs have no revision argument."""
    assert verdicts("pin.model-revision", case(declared={"model.id": model})) == ["skipped"]


def test_model_revision_pinned_passes() -> None:
    """A 40-hex commit is a pin."""
    assert verdicts("pin.model-revision", case(declared={"model.id": HUB, "model.revision": COMMIT})) == ["pass"]


def test_model_revision_hidden_by_an_unseen_source_is_unknown() -> None:
    """A revision that a config file may hold is unknown, and the file is named."""
    hidden = gap("model.revision", "--config /etc/vllm.yaml is not in the input", "the ConfigMap with vllm.yaml")
    (answer,) = run("pin.model-revision", case(declared={"model.id": HUB}, blind=hidden))
    assert (answer.verdict, answer.remedy) == ("unknown", "supply the ConfigMap with vllm.yaml")


def test_model_revision_that_nothing_can_settle_is_skipped() -> None:
    """A gap without anything that would settle it is counted, never shown."""
    hidden = gap("model.revision", "shell control flow decides")
    assert verdicts("pin.model-revision", case(declared={"model.id": HUB}, blind=hidden)) == ["skipped"]


def test_model_revision_of_an_engine_without_the_argument_names_another_way() -> None:
    """Where no argument pins, the remedy is to fetch at a commit and name the path."""
    subject = case(engine="ollama", title="Ollama", declared={"model.id": HUB})
    assert "Ollama has no argument for it" in run("pin.model-revision", subject)[0].remedy


def test_tokenizer_of_the_model_needs_no_revision_of_its_own() -> None:
    """One remedy, one finding: the model's revision pins its tokenizer."""
    assert verdicts("pin.tokenizer-revision", case(declared={"model.id": HUB})) == ["pass"]
    assert verdicts("pin.tokenizer-revision", case(declared={"model.id": HUB, "tokenizer.id": HUB})) == ["pass"]


def test_tokenizer_from_its_own_repository_needs_a_revision() -> None:
    """Another repository, no revision: a warning."""
    subject = case(declared={"model.id": HUB, "tokenizer.id": "acme/tok"})
    assert severities("pin.tokenizer-revision", subject) == ["warning"]
    assert verdicts("pin.tokenizer-revision", case(declared={"model.id": HUB, "tokenizer.id": "/tok"})) == ["pass"]


def test_tokenizer_that_inherits_the_models_commit_does_not_start() -> None:
    """The model's commit does not exist in the tokenizer's repository: an error."""
    subject = case(
        declared={"model.id": HUB, "model.revision": COMMIT, "tokenizer.id": "acme/tok"},
        derived={"tokenizer.revision": COMMIT},
    )
    assert severities("pin.tokenizer-revision", subject) == ["error"]


@pytest.mark.parametrize(("revision", "said"), [("main", "moves with every push"), ("v1.0", "can be missing")])
def test_tokenizer_that_inherits_the_models_branch_or_tag_is_a_warning(revision: str, said: str) -> None:
    """`main` exists in every repository, and a tag may: only a commit is certainly not there."""
    subject = case(
        declared={"model.id": HUB, "model.revision": revision, "tokenizer.id": "acme/tok"},
        derived={"tokenizer.revision": revision},
    )
    assert severities("pin.tokenizer-revision", subject) == ["warning"]
    assert said in run("pin.tokenizer-revision", subject)[0].message


def test_tokenizer_revision_hidden_is_unknown() -> None:
    """A revision that a variable from elsewhere holds is unknown."""
    subject = case(
        declared={"model.id": HUB, "tokenizer.id": "acme/tok"},
        open_settings=[gap("tokenizer.revision", "$(REV) is not defined", "the ConfigMap with REV")],
    )
    assert verdicts("pin.tokenizer-revision", subject) == ["unknown"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"model.id": HUB}, ["warning"]),
        ({"model.id": HUB, "model.revision": COMMIT}, ["note"]),
        ({"model.id": "/mnt/models"}, ["note"]),
        ({"model.id": HUB, "model.code_revision": "main"}, ["warning"]),
        ({"model.id": HUB, "model.code_revision": COMMIT}, []),
    ],
)
def test_code_revision_weighs_what_can_still_move(declared: dict[str, str], expected: list[str]) -> None:
    """Unpinned remote code warns; beside a pinned model only foreign code can move, which is a note."""
    subject = case(declared={"runtime.trust_remote_code": True, **declared})
    assert severities("pin.code-revision", subject) == expected


def test_code_revision_without_trust_passes() -> None:
    """No remote code, no code to pin."""
    assert verdicts("pin.code-revision", case(declared={"model.id": HUB})) == ["pass"]


def test_code_revision_hidden_is_unknown() -> None:
    """A config file that is not in the input may hold it."""
    hidden = gap("model.code_revision", "the config file is not in the input", "the ConfigMap")
    subject = case(declared={"model.id": HUB, "runtime.trust_remote_code": True}, blind=hidden)
    assert verdicts("pin.code-revision", subject) == ["unknown"]


@pytest.mark.parametrize(
    ("revision", "expected"),
    [("v1.0", ["warning"]), ("9c925d6", ["warning"]), (COMMIT, []), (COMMIT[:39], ["warning"]), ("main", [])],
)
def test_revision_commit_asks_for_forty_digits(revision: str, expected: list[str]) -> None:
    """Tags move and the Hub finds no shortened commit; branches are told by the missing pin."""
    subject = case(declared={"model.id": HUB, "model.revision": revision})
    assert severities("pin.revision-commit", subject) == expected


def test_revision_commit_of_a_model_scope_repository_is_not_judged() -> None:
    """ModelScope's revisions are tags; the Hub's rule does not hold there."""
    subject = case(
        declared={"model.id": HUB, "model.revision": "v1.0"}, environment=[env("VLLM_USE_MODELSCOPE", "true")]
    )
    assert verdicts("pin.revision-commit", subject) == ["pass"]


@pytest.mark.parametrize(
    ("adapters", "expected"),
    [
        (["sql=acme/sql"], ["fail"]),
        (["sql=/adapters/sql"], ["pass"]),
        ([{"name": "sql", "path": "acme/sql"}], ["fail"]),
        ([], ["pass"]),
    ],
)
def test_adapters_from_a_repository_are_a_warning(adapters: list[object], expected: list[str]) -> None:
    """An adapter named by repository is fetched at its main branch."""
    assert verdicts("pin.adapters", case(declared={"model.lora": adapters})) == expected


def test_adapters_are_one_finding() -> None:
    """Several adapters are mended by one edit of one argument."""
    subject = case(declared={"model.lora": ["a=acme/a", "b=acme/b", "c=/c"]})
    (answer,) = run("pin.adapters", subject)
    assert "`acme/a`, `acme/b`" in answer.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"model": "acme/draft"}, ["fail"]),
        ({"model": "acme/draft", "revision": "main"}, ["fail"]),
        ({"model": "acme/draft", "revision": COMMIT}, ["pass"]),
        ({"model": "/models/draft"}, ["pass"]),
        ({"method": "ngram"}, ["pass"]),
    ],
)
def test_draft_model_needs_a_commit(value: dict[str, str], expected: list[str]) -> None:
    """A draft model from the Hub is pinned beside its name."""
    assert verdicts("pin.draft-model", case(declared={"runtime.speculative": value})) == expected


@pytest.mark.parametrize(
    ("revision", "version", "expected"),
    [
        (None, "0.5.5", "add `- --speculative-draft-model-revision=COMMIT` to the container's `args`"),
        ("main", "0.5.5", "change `main` to `COMMIT`"),
        (None, "0.5.1", "download it at one commit"),
        (COMMIT, "0.5.5", None),
    ],
)
def test_draft_model_with_arguments_of_its_own_needs_a_commit(
    revision: str | None, version: str, expected: str | None
) -> None:
    """SGLang names it by two flags; older releases have none for the revision."""
    names = ("sglang.speculative_draft_model_path", "sglang.speculative_draft_model_revision")
    declared = {names[0]: "acme/draft", **({names[1]: revision} if revision else {})}
    flag = argument(
        "--speculative-draft-model-revision", flag="--speculative-draft-model-revision", value_origin=at(14, "main")
    )
    subject = case(
        engine="sglang",
        title="SGLang",
        version=version,
        declared=declared,
        derived={} if version == "0.5.1" else {names[1]: None},
        arguments=[flag] if revision else [],
    )
    found = [answer.remedy for answer in run("pin.draft-model", subject)]
    assert len(found) == (expected is not None)
    assert all(remedy.startswith(expected or "") for remedy in found), found


TEMPLATE = "/templates/chat.jinja"


def test_chat_template_behind_a_url_is_a_warning() -> None:
    """A URL can hold another text tomorrow."""
    subject = case(declared={"tokenizer.chat_template": "https://example.com/t.jinja"})
    assert severities("pin.chat-template", subject) == ["warning"]


@pytest.mark.parametrize("kind", ["hostPath", "persistentVolumeClaim", "emptyDir", "nfs"])
def test_chat_template_on_a_writable_volume_is_a_warning(kind: str) -> None:
    """A volume that others can write is no pin."""
    subject = case(
        declared={"tokenizer.chat_template": TEMPLATE},
        container={"mounts": (Mount("t", "/templates", at()),)},
        template={"volumes": (Volume("t", kind, at()),)},
    )
    assert verdicts("pin.chat-template", subject) == ["fail"]


def test_chat_template_in_an_unseen_config_map_is_unknown() -> None:
    """The ConfigMap is named, so that it can be added."""
    subject = case(
        declared={"tokenizer.chat_template": TEMPLATE},
        container={
            "files": (TextFile(TEMPLATE, None, "ConfigMap prod/templates key chat.jinja", at()),),
            "mounts": (Mount("t", "/templates", at()),),
        },
        template={"volumes": (Volume("t", "configMap", at(), ref="templates"),)},
    )
    (answer,) = run("pin.chat-template", subject)
    assert (answer.verdict, "ConfigMap prod/templates" in answer.remedy) == ("unknown", True)


@pytest.mark.parametrize("source", ["examples/template.jinja", "/opt/vllm/template.jinja", "{{ messages }}"])
def test_chat_template_of_the_image_or_inline_passes(source: str) -> None:
    """What lies in the image is pinned with it; inline text is the manifest's own."""
    assert verdicts("pin.chat-template", case(declared={"tokenizer.chat_template": source})) == ["pass"]


def test_chat_template_in_a_config_map_of_the_input_passes() -> None:
    """Its text is checked with the manifest."""
    held = TextFile(TEMPLATE, "{{ messages }}", "ConfigMap prod/templates key chat.jinja", at())
    subject = case(declared={"tokenizer.chat_template": TEMPLATE}, container={"files": (held,)})
    assert verdicts("pin.chat-template", subject) == ["pass"]


def test_chat_template_beside_the_weights_is_part_of_the_model() -> None:
    """A template on the model's own volume is pinned with the model."""
    subject = case(
        declared={"tokenizer.chat_template": "/models/qwen/t.jinja", "model.id": "/models/qwen"},
        container={"mounts": (Mount("m", "/models", Origin(kind="file", ref="x")),)},
        template={"volumes": (Volume("m", "persistentVolumeClaim", at()),)},
    )
    assert verdicts("pin.chat-template", subject) == ["pass"]


@pytest.mark.parametrize(("image", "tool"), [("$(vllm-image)", "kustomize build"), ("${IMAGE}", "envsubst")])
def test_placeholder_in_the_image_names_the_tool_that_fills_it_in(image: str, tool: str) -> None:
    """`$(name)` in an image is a replacement of Kustomize, `${NAME}` one of envsubst."""
    (answer,) = run("pin.image-tag", case(image=image))
    assert (answer.verdict, tool in answer.remedy) == ("unknown", True)
