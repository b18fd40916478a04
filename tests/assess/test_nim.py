"""NVIDIA NIM, which is told by variables and holds its model in its image: what is found in its manifests."""

import pytest

from skewguard.assess import cases
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.project import Project
from tests.assess.laid_out import case, findings, verdicts
from tests.observe import reading

TENSOR = "env: [{name: NIM_TENSOR_PARALLEL_SIZE, value: '4'}]\nresources: {limits: {nvidia.com/gpu: %d}}"
SERVICE = """\
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMService
metadata: {name: chat, namespace: prod}
spec:
  image: {repository: nvcr.io/nim/meta/llama-3.1-8b-instruct, tag: %s}
  resources: {limits: {nvidia.com/gpu: 1}}
"""


def nim(version: str, container: str) -> Case:
    """A Deployment of one release."""
    return case(container, image=f"nvcr.io/nim/meta/llama-3.1-8b-instruct:{version}")


def service(tag: str) -> Case:
    """The same, by the operator."""
    inventory = reading.read(SERVICE % tag).inventory
    return next(item.case for item in cases.judged(inventory, Project()) if item.case is not None)


@pytest.mark.parametrize("version", ["1.10.0", "2.1.6"])
def test_tensor_group_needs_its_gpus_whatever_the_profile_says(version: str) -> None:
    """Pipelines are the profile's, and one at least: 4 GPUs on 2 are too few, on 8 nobody knows."""
    (few,) = findings(nim(version, TENSOR % 2), "parallel.too-few-gpus")
    assert (few.verdict, few.severity) == ("fail", "error")
    assert "NIM_TENSOR_PARALLEL_SIZE 4 needs 4 GPUs" in few.message
    assert findings(nim(version, TENSOR % 8), "parallel.too-few-gpus", "parallel.idle-gpus") == []


def test_port_is_a_variable() -> None:
    """The probe asks where nothing listens; the engine's port is changed by its variable, not by a flag."""
    env = "env: [{name: NIM_SERVER_PORT, value: '9000'}]"
    (found,) = findings(nim("2.1.6", f"{env}\nreadinessProbe: {{httpGet: {{port: 8000}}}}"), "serving.port-mismatch")
    assert 'set the variable NIM_SERVER_PORT to "8000"' in found.remedy
    assert "--port" not in found.remedy
    fitting = f"{env}\nreadinessProbe: {{httpGet: {{port: 9000}}}}"
    assert findings(nim("2.1.6", fitting), "serving.port-mismatch") == []


def test_variables_are_judged_by_what_pages_tell() -> None:
    """Misspelt, no value, dead by hearsay; and no word of a model that nobody named."""
    env = """
        env:
          - {name: NIM_MAX_MODELLEN, value: '8'}
          - {name: NIM_ENABLE_KV_CACHE_REUSE, value: '%s'}
    """
    old = findings(nim("1.10.0", env % "maybe"), "args.unread-env", "args.invalid-env", "args.none-given")
    new = findings(nim("2.1.6", env % "1"), "args.unread-env", "args.dead-env", "args.none-given")
    assert {(item.check, item.severity) for item in old} == {
        ("args.invalid-env", "warning"),
        ("args.unread-env", "warning"),
    }
    assert {(item.check, item.severity) for item in new} == {("args.dead-env", "note"), ("args.unread-env", "warning")}
    assert "write `NIM_MAX_MODEL_LEN` instead" in next(item.remedy for item in new if item.check == "args.unread-env")


def test_promise_is_kept_with_a_variable() -> None:
    """The edit names the variable that stands for the setting, whether it stands there or not."""
    contract = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
        "  targets: [{kind: Deployment, name: chat}]\n  limits: {max_model_len: 8192}\n"
    )
    for env in ("", "env: [{name: NIM_MAX_MODEL_LEN, value: '4096'}]"):
        found = findings(nim("1.10.0", env), "contract.mismatch", contract=contract)
        (remedy,) = [item.remedy for item in found]
        assert remedy.startswith('set the variable NIM_MAX_MODEL_LEN to "8192"')


def test_image_of_two_fields_is_pinned_in_its_tag() -> None:
    """The operator joins `repository` and `tag`: there is no field for both."""
    for tag, check, wanted in (
        ("1.10.1", "pin.image-digest", "write `tag: 1.10.1@sha256:DIGEST` beside `repository`"),
        ("latest", "pin.image-tag", "write `tag: RELEASE@sha256:DIGEST` beside `repository`"),
    ):
        (found,) = findings(service(tag), check)
        assert found.remedy.startswith(wanted)
    assert verdicts(findings(service("1.10.1@sha256:" + "a" * 64), "pin.image-digest", "pin.image-tag")) == []
