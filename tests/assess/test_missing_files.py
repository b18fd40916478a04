"""Arguments that name files below the mount of a ConfigMap, of every engine that is told of one."""

import pytest

from skewguard.judge.checks.interface import Case
from tests.assess.laid_out import case, findings, verdicts

MOUNT = "volumeMounts: [{name: c, mountPath: /cfg}]\n"
VOLUME = "volumes: [{name: c, configMap: {name: c}}]"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: prod}\ndata: {extra.yaml: 'max_num_seqs: 4'}"
TRT = ("nvcr.io/nvidia/tensorrt-llm/release:1.0.0", "[trtllm-serve, m, --extra_llm_api_options, {}]")
VLLM = ("vllm/vllm-openai:v0.12.0", "[--model=m, --config={}]")
SGLANG = ("lmsysorg/sglang:v0.5.23", "[python3, -m, sglang.launch_server, --model-path=m, --config, {}]")


def told(image: str, args: str, path: str, *, mount: str = MOUNT, volume: str = VOLUME, beside: str = MAP) -> Case:
    """A container that is told of one file."""
    return case(f"args: {args.format(path)}\n{mount}", volume, beside, image=image)


@pytest.mark.parametrize(("image", "args"), [TRT, VLLM, SGLANG])
def test_file_that_no_key_gives_is_an_error(image: str, args: str) -> None:
    """The ConfigMap is in the input whole: another name is no file."""
    (found,) = findings(told(image, args, "/cfg/extra.yml"), "args.missing-file")
    assert (found.verdict, found.severity) == ("fail", "error")
    assert "ConfigMap prod/c, which is mounted at /cfg, gives extra.yaml and nothing else" in found.message
    assert found.remedy == "write `/cfg/extra.yaml`, or add the key `extra.yml` to ConfigMap prod/c"
    assert findings(told(image, args, "/cfg/extra.yaml"), "args.missing-file") == []


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/cfg/extra.yml", {"beside": ""}),
        ("/cfg/extra.yml", {"volume": "volumes: [{name: c, emptyDir: {}}]"}),
        ("/cfg/extra.yml", {"volume": "volumes: [{name: c, projected: {sources: [{configMap: {name: c}}]}}]"}),
        ("/other/extra.yml", {}),
        ("/cfg/../extra.yml", {}),
        ("/cfg", {}),
        ("/cfg/$(NAME).yml", {}),
        ("/cfg/sub/extra.yml", {"mount": MOUNT.replace("]", ", {name: d, mountPath: /cfg/sub}]")}),
    ],
)
def test_file_that_may_be_there_is_not_judged(path: str, changes: dict[str, str]) -> None:
    """Another volume, a ConfigMap that is not in the input, a path that nobody knows."""
    assert verdicts(findings(told(*TRT, path, **changes), "args.missing-file")) == []


def test_key_of_another_name_in_the_folder_is_a_file() -> None:
    """`items` choose keys and their paths: those alone lie there."""
    volume = "volumes: [{name: c, configMap: {name: c, items: [{key: extra.yaml, path: deep/o.yaml}]}}]"
    assert verdicts(findings(told(*TRT, "/cfg/deep/o.yaml", volume=volume), "args.missing-file")) == []
    (found,) = findings(told(*TRT, "/cfg/extra.yaml", volume=volume), "args.missing-file")
    assert "write `/cfg/deep/o.yaml`" in found.remedy
