"""`--model-config` and `--gpu` supply what rules need, and what of them was not used is said."""

import json
from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.results import SettingExplanation, SettingsReport

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "max_position_embeddings": 4096,
}
SIZES = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip
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


OTHER = {**CONFIG, "max_position_embeddings": 2048}


@pytest.fixture
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `.skewguard` folder of a project, with the files of two models in it."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("one", CONFIG), ("two", OTHER)):
        folder = tmp_path / ".skewguard" / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(content))
    return tmp_path / ".skewguard"


def lengths(report: SettingsReport) -> list[object]:
    """The longest request of each engine, where it is known."""
    found = [effective(report, "limits.max_model_len", at) for at in range(len(report.subjects))]
    return [item.value if isinstance(item, Fact) else None for item in found]


def test_project_supplies_each_model_with_its_own_files(tmp_path: Path, in_project: Path) -> None:
    """By a glob over the model as it is served; the first match decides, and paths start from the file's folder."""
    (in_project / "config.yaml").write_text(
        "models:\n  - {match: 'org/a*', config: models/one}\n  - {match: 'org/*', config: models/two/config.json}\n"
    )
    report = api.settings((manifest(tmp_path, "org/abc", "org/b", "else/c"),))

    assert lengths(report) == [4096, 2048, None]
    assert (report.exit_code, report.notes) == (0, ())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("org/a=.skewguard/models/two",), [2048, 4096]),
        ((".skewguard/models/two",), [4096, 4096]),
        (("org/b=.skewguard/models/one", ".skewguard/models/two"), [2048, 4096]),
    ],
)
def test_options_go_before_the_projects_words(
    tmp_path: Path, in_project: Path, options: tuple[str, ...], expected: list[int]
) -> None:
    """A folder without a model goes to the one that has none by name; where several could be meant, to none."""
    (in_project / "config.yaml").write_text("models: [{match: 'org/*', config: models/one}]\n")
    report = api.settings((manifest(tmp_path, "org/a", "org/b"),), model_configs=options)

    assert lengths(report) == expected


def test_folder_without_a_model_is_for_the_one_that_the_project_does_not_know(tmp_path: Path, in_project: Path) -> None:
    """Of two models the project speaks of one."""
    (in_project / "config.yaml").write_text("models: [{match: 'org/a', config: models/one}]\n")
    report = api.settings((manifest(tmp_path, "org/a", "org/b"),), model_configs=(".skewguard/models/two",))

    assert (lengths(report), report.notes) == ([4096, 2048], ())


def test_files_that_the_project_names_and_are_not_there_are_told_at_its_line(tmp_path: Path, in_project: Path) -> None:
    """Where a model asks for them; the others are judged."""
    (in_project / "config.yaml").write_text(
        "models:\n  - {match: 'org/a', config: models/oen}\n  - {match: 'org/z', config: nowhere}\n"
    )
    report = api.settings((manifest(tmp_path, "org/a", "org/b"),))

    assert [(error.file, error.line, error.column) for error in report.errors] == [(".skewguard/config.yaml", 2, 30)]
    assert "models/oen does not exist" in report.errors[0].message
    assert (len(report.subjects), report.exit_code) == (2, 2)


def test_files_of_models_among_the_contracts_are_no_contracts(tmp_path: Path, in_project: Path) -> None:
    """And are not told as such."""
    (in_project / "config.yaml").write_text("models: [{match: '*', config: models/one}]\n")
    (in_project / "stray.json").write_text("{}")

    assert [note for note in api.check((manifest(tmp_path, "org/a"),)).notes if "models/one" in note] == []


def test_capacity_is_laid_out_where_the_model_s_files_are_given(tmp_path: Path) -> None:
    """Without the files there is no section; with them every answer stands there, a number or the reason for none."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG | SIZES))
    path = manifest(tmp_path, "org/m")
    (without,), (given,) = api.settings([path]).subjects, api.settings([path], model_configs=[str(folder)]).subjects
    sizes = {line.name: line for line in given.capacity}
    weights, tokens = sizes["capacity.weight_bytes"], sizes["capacity.kv_tokens"]
    assert without.capacity == ()
    assert isinstance(weights.effective, Fact)
    assert (weights.effective.value, weights.unit, weights.bound) == (16_060_522_496, "bytes", "exact")
    assert isinstance(tokens.effective, Gap)
    assert "gpu@" in tokens.effective.inputs[0]


def test_a_difference_says_what_it_does_where_the_model_s_files_are_given(tmp_path: Path) -> None:
    """float32 on one side: its change has an effect with the files, and none without."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG | SIZES))
    a, b = (
        "vllm==0.11.0 -- serve org/m --max-model-len 2048",
        "vllm==0.11.0 -- serve org/m --max-model-len 2048 --dtype float32",
    )
    blind, seen = api.diff(a, b, gpu="H200"), api.diff(a, b, model_configs=[str(folder)], gpu="H200")
    dtype = next(change for change in seen.changes if change.setting == "runtime.dtype")
    assert all(change.effect == () for change in blind.changes)
    first = dtype.effect[0]
    assert (first.name, first.after) == ("capacity.weight_bytes", 2 * (first.before or 0))


def test_an_answer_of_the_arithmetic_is_explained() -> None:
    """Its unit and meaning are told, and that nobody sets it; a name that is none of them is an error with all of them."""
    told = api.explain("capacity.kv_tokens")
    assert isinstance(told, SettingExplanation)
    assert (told.unit, told.called) == ("tokens", {})
    assert "not set by anybody" in told.notes[-1]
    with pytest.raises(UsageError) as error:
        api.explain("capacity.tokens")
    assert "capacity.kv_tokens" in (error.value.hint or "")
