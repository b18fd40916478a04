"""`--model-config` and `--gpu` supply what rules need, and what of them was not used is said."""

import json
from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.results import SettingsReport

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "max_position_embeddings": 4096,
}
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      nodeSelector: {SELECTOR}
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          args: [--model=MODEL]
          resources: {limits: {nvidia.com/gpu: 1}}
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A checkpoint folder."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return str(folder)


def manifest(tmp_path: Path, *models: str, selector: str = "") -> str:
    """A file with one Deployment for each model."""
    path = tmp_path / "deploy.yaml"
    texts = [
        POD.replace("NAME", f"chat-{index}").replace("MODEL", name).replace("SELECTOR", selector)
        for index, name in enumerate(models)
    ]
    path.write_text("---".join(texts))
    return str(path)


def effective(report: SettingsReport, setting: str, at: int = 0) -> object:
    """One setting of one engine."""
    return next(line.effective for line in report.subjects[at].settings if line.setting == setting)


def value(report: SettingsReport, setting: str, at: int = 0) -> object:
    """The value of a setting that has one."""
    found = effective(report, setting, at)
    assert isinstance(found, Fact), found
    return found.value


def test_the_only_model_needs_no_name(tmp_path: Path, model: str) -> None:
    """Context length and number format come from the folder."""
    path = manifest(tmp_path, "org/m")
    before, after = api.settings([path]), api.settings([path], model_configs=[model], gpu="L4")
    assert isinstance(effective(before, "limits.max_model_len"), Gap)
    assert value(after, "limits.max_model_len") == 4096
    assert value(after, "runtime.dtype") == "bfloat16"
    assert after.notes == before.notes


def test_a_checkpoint_is_for_the_model_it_names(tmp_path: Path, model: str) -> None:
    """Of two models the one that is named gets it; without a name none does, and that is said."""
    path = manifest(tmp_path, "org/a", "org/b")
    named = api.settings([path], model_configs=[f"org/b={model}"])
    assert isinstance(effective(named, "limits.max_model_len", 0), Gap)
    assert value(named, "limits.max_model_len", 1) == 4096
    alone = api.settings([path], model_configs=[model])
    assert all(isinstance(effective(alone, "limits.max_model_len", at), Gap) for at in (0, 1))
    assert any("was not used: the input serves org/a, org/b; write MODEL=DIR" in note for note in alone.notes)
    wrong = api.settings([path], model_configs=[f"org/c={model}"])
    assert any("--model-config org/c=" in note and "was not used" in note for note in wrong.notes)


def test_a_gpu_decides_what_hangs_on_it(tmp_path: Path) -> None:
    """A choice becomes a value; the class of the manifest is not invented by it."""
    path = manifest(tmp_path, "org/m")
    before, after = api.settings([path]), api.settings([path], gpu="L40S")
    assert isinstance(effective(before, "limits.max_num_seqs"), Choice)
    assert value(after, "limits.max_num_seqs") == 256
    assert isinstance(effective(after, "hardware.gpu_class"), Gap)


def test_the_manifests_own_class_goes_before(tmp_path: Path) -> None:
    """`--gpu` that contradicts it is said, and not used."""
    path = manifest(tmp_path, "org/m", selector="nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3")
    report = api.settings([path], gpu="L40S")
    assert value(report, "limits.max_num_seqs") == 1024
    assert any("--gpu L40S was not used" in note and "H100-80GB" in note for note in report.notes)
    assert not any("--gpu" in note for note in api.settings([path], gpu="H100").notes)


def test_command_lines_take_both(model: str) -> None:
    """A command line has no manifest around it; `cpu` stands for no GPU."""
    words = ["vllm==0.32.0 -- serve org/m"]
    report = api.settings(words, model_configs=[model], gpu="cpu")
    assert value(report, "limits.max_num_seqs") == 128
    assert value(report, "limits.max_model_len") == 4096


def test_an_upgrade_is_compared_with_them(tmp_path: Path, model: str) -> None:
    """What both releases leave to model and GPU is decided on both sides."""
    path = manifest(tmp_path, "org/m")
    engines = ["vllm==0.27.0", "vllm==0.28.0"]
    report = api.diff(path, engines=engines, model_configs=[model], gpu="B200")
    changed = {change.setting: change for change in report.changes}
    assert "limits.max_num_batched_tokens" in changed
    assert "limits.max_model_len" not in {each.setting for each in report.undecided}


def test_check_and_init_take_them(tmp_path: Path, model: str) -> None:
    """A contract written with them promises what without them would be left open."""
    path = manifest(tmp_path, "org/m")
    text = api.init([path], model_configs=[model], gpu="L40S").contracts[0].text
    assert "max_model_len: 4096" in text
    assert api.check([path], model_configs=[model], gpu="L40S").exit_code == 0


def test_what_cannot_be_read_or_meant_is_told(tmp_path: Path) -> None:
    """A folder that is none, and a class that nobody knows."""
    path = manifest(tmp_path, "org/m")
    with pytest.raises(InputError, match="does not exist"):
        api.settings([path], model_configs=[str(tmp_path / "absent")])
    with pytest.raises(UsageError, match="no GPU class"):
        api.settings([path], gpu="H9000")
