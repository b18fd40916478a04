"""`settings`, `diff`, `explain`, `init`: what a THING is, and what each answers."""

import os
from pathlib import Path

import pytest

from tests.cli.running import GOOD, NO_ENGINE, Run, write


def values(run: Run, *words: str) -> dict[str, object]:
    """The effective values of the only engine of a THING."""
    (subject,) = run("settings", "-o", "json", *words).document["subjects"]
    return {item["setting"]: item["effective"].get("value") for item in subject["settings"]}


@pytest.mark.parametrize(
    "words",
    [
        ("vllm==0.11.0 -- serve m --max-model-len 32k",),
        ("vllm==0.11.0", "--", "serve", "m", "--max-model-len", "32k"),
        ("vllm==0.11.0 -- vllm serve m --max-model-len=32k",),
        ("vllm==0.11.0 -- --model m --max-model-len 32000",),
        ("vllm==0.11.0 -- python3 -m vllm.entrypoints.openai.api_server --model m --max_model_len 32k",),
        ("vllm==0.11.0 -- sh -c 'exec vllm serve m --max-model-len 32k'",),
        ("vllm==0.11.0 -- bash -ec 'L=32k; vllm serve m --max-model-len $L'",),
        ("VLLM==v0.11.0 -- serve 'm' --max-model-len \"32k\"",),
    ],
)
def test_command_line_is_a_thing(run: Run, words: tuple[str, ...]) -> None:
    """Quoted or not, by sub-command, program, module, arguments alone, or through a shell."""
    held = values(run, *words)
    assert ("m", 32000) == (held["model.id"], held["limits.max_model_len"])


def test_options_of_the_engine_stay_its_own(run: Run) -> None:
    """Behind the `--`, `-o` is the engine's; before it, ours, also behind the first word."""
    held = values(run, "vllm==0.11.0", "-n", "prod", "--", "serve", "m", "--seed", "7")
    assert 7 == held["runtime.seed"]
    done = run("settings", "vllm==0.11.0", "-o", "json", "--", "serve", "m", "-o", "sarif")
    assert "-o" in [item["text"] for item in done.document["subjects"][0]["arguments"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vllm==0.11.0", "--", "serve", "m", "-o", "json"), "note: -o stands behind `--`"),
        (("vllm==0.11.0 -- serve m --output=json -v",), "note: --output, -v stands behind `--`"),
        (("vllm==0.11.0 -- serve m", "-o", "json"), ""),
        (("-o", "json", "vllm==0.11.0", "--", "serve", "m"), ""),
        (("vllm==0.11.0", "--", "serve", "m", "-tp", "2", "-n", "2"), ""),
        (("x.yaml", "-v"), ""),
    ],
)
def test_option_among_the_words_of_the_engine_is_told(run: Run, words: tuple[str, ...], said: str) -> None:
    """Where the engine does not know it either: it was meant for skewguard, and options come first."""
    write("x.yaml", GOOD)
    done = run("settings", *words)
    assert (0, said) == (done.code, done.err[: len(said)] if said else done.err)
    assert not said or "must come first: `skewguard settings -" in done.err


def test_option_of_init_among_the_words_of_the_engine_is_told(run: Run, here: Path) -> None:
    """Nothing was written, and why."""
    done = run("init", "vllm==0.11.0", "--", "serve", "m", "--write")
    assert (0, [], True) == (done.code, list(here.iterdir()), "skewguard init --write … vllm==0.11.0 -- …" in done.err)


def test_options_may_follow_a_manifest(run: Run) -> None:
    """`settings deploy.yaml -o json`, and a `--` before a path is the shell's habit."""
    write("x.yaml", GOOD)
    assert run("settings", "x.yaml", "-o", "json").document
    assert [0, 0] == [run("settings", *words).code for words in (("--", "x.yaml"), ("-n", "prod", "--", "x.yaml"))]


def test_configuration_file_of_a_command_line_is_read_from_disk(run: Run) -> None:
    """With the place of every value in it; one that is not there is told, and hides the rest."""
    write("c.yaml", "model: m\nmax-model-len: 1024\n")
    assert 1024 == values(run, "vllm==0.11.0 -- serve --config c.yaml")["limits.max_model_len"]
    assert "c.yaml:2:16" in run("settings", "vllm==0.11.0 -- serve --config c.yaml").out
    done = run("settings", "vllm==0.11.0 -- serve m --config gone.yaml")
    assert (0, True) == (done.code, "gone.yaml" in done.out)
    assert "Not in the input" in done.out


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("vllm==0.11.0 -- 'serve", "close the quote"),
        ("vlm==0.11.0 -- serve m", "no inference engine is called 'vlm'"),
        ("vllm==x -- serve m", "'vllm==x' is no engine version"),
        ("http://127.0.0.1:9", "nothing listens there"),
        ("deploy/chat", "no kubeconfig"),
        ("gone.yaml", "does not exist"),
        ("", "'' does not exist"),
    ],
)
def test_thing_that_cannot_be_read_says_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, thing: str, words: str
) -> None:
    """Exit code 2 and the next step."""
    monkeypatch.setenv("KUBECONFIG", "nowhere/config")
    done = run("settings", thing)
    assert (2, True) == (done.code, words in done.out + done.err)


def test_several_words_that_are_no_command_line_are_refused(run: Run) -> None:
    """One THING at a time."""
    for verb in ("settings", "init"):
        done = run(verb, "a.yaml", "b.yaml")
        assert (2, True) == (done.code, "one thing is asked about at a time, and these are 2" in done.err)


@pytest.mark.parametrize("folder", ["examples/skewed", "./k8s", "k8s/"])
def test_folder_is_a_thing(run: Run, folder: str) -> None:
    """Whatever it is called; only `kind/name` of a known kind is an object."""
    write(f"{folder}/x.yaml", GOOD)
    assert [0, 0, 0] == [
        run(*words).code for words in (("settings", folder), ("init", folder), ("diff", folder, folder))
    ]


def test_standard_input_is_read_once(run: Run) -> None:
    """Both sides of a diff cannot come through it."""
    done = run("diff", "-", "-", stdin=GOOD)
    assert (2, True) == (done.code, "can be read once" in done.err)


def test_standard_input_is_a_thing(run: Run) -> None:
    """`kubectl get … -o yaml | skewguard settings -`."""
    done = run("settings", "-", "-o", "json", stdin=GOOD)
    assert ["vllm"] == [subject["engine"] for subject in done.document["subjects"]]


def test_settings_of_an_input_without_engine_says_so(run: Run) -> None:
    """Exit code 0: that is an answer."""
    done = run("settings", write("x.yaml", NO_ENGINE))
    assert (0, True) == (done.code, "no inference engine" in done.out)


def test_diff_under_two_versions_shows_what_an_upgrade_changes(run: Run) -> None:
    """The same file, read by two releases."""
    write("x.yaml", GOOD)
    done = run("diff", "x.yaml", "--engine", "vllm==0.8.5", "--engine", "vllm==0.11.0", "-o", "json")
    assert (1, "skewguard.dev/diff/v1") == (done.code, done.document["schema"])
    changed = {item["setting"] for item in done.document["changes"]}
    assert "runtime.version" in {item["setting"] for item in done.document["expected_differences"]}
    assert len(changed) > 1


def test_diff_of_one_version_with_itself_is_equal(run: Run) -> None:
    """Exit code 0."""
    write("x.yaml", GOOD)
    assert 0 == run("diff", "x.yaml", "--engine", "vllm==0.11.0", "--engine", "vllm==0.11.0").code


def test_diff_of_command_lines(run: Run) -> None:
    """Both sides may be one."""
    done = run("diff", "vllm==0.11.0 -- serve m --seed 1", "vllm==0.11.0 -- serve m --seed 2", "-o", "json")
    assert ["runtime.seed"] == [item["setting"] for item in done.document["changes"]]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("limits.max_num_seq", "limits.max_num_seqs"),
        ("pin.image-tga", "pin.image-tag"),
        ("vllm/max-num-sqs", "vllm/max-num-seqs"),
        ("vllm==0.11", "0.11.0"),
        ("vlm==0.11.0", "vllm"),
        ("vllm.env.VLLM_USE_V2", "VLLM_USE_V1"),
        ("VLLM_LOGGING_LEVL", "vllm.env.VLLM_LOGGING_LEVEL"),
        ("vllm/env/MAX_MODEL_LEN", "--max-model-len"),
        ("vllm.env.x", "no version of vLLM in the table reads the variable x"),
        ("vlm.env.VLLM_USE_V1", "nothing is known of the engine 'vlm'"),
        ("max-num-seqs", "vllm/max-num-seqs"),
        ("vllm", "vllm=="),
    ],
)
def test_misspelt_name_is_answered_with_the_nearest(run: Run, name: str, near: str) -> None:
    """Exit code 2, the guess on stderr."""
    done = run("explain", name)
    assert (2, "", True) == (done.code, done.out, near in done.err)


@pytest.mark.parametrize("name", ["vllm.env.VLLM_USE_V1", "vllm/env/VLLM_USE_V1", "vllm/VLLM_USE_V1", "VLLM_USE_V1"])
def test_variable_is_shown_through_all_versions(run: Run, name: str) -> None:
    """From which version to which it is read, with its default, and what came after."""
    document = run("explain", name, "-o", "json").document
    assert ("skewguard.dev/variable/v1", "vllm", "vllm.env.VLLM_USE_V1") == tuple(
        document[key] for key in ("schema", "engine", "setting")
    )
    defaults = [(run["first"], run["variable"] and run["variable"]["default"]) for run in document["runs"]]
    assert [("0.6.4", False), ("0.8.0", True), ("0.11.1", None)] == defaults[1:]
    assert "0.11.0 was the last that did" in document["notes"][0]
    said = run("explain", name).out
    assert "0.8.0 to 0.11.0 true" in " ".join(said.split())


def test_values_that_are_known_are_listed(run: Run) -> None:
    """What a contract may name: GPU classes, engines, signals of an autoscaler."""
    known = {name: run("explain", name, "-o", "json").document["values"]
             for name in ("hardware.gpu_class", "runtime.engine", "autoscaling.signal", "model.id")}  # fmt: skip
    assert ("H200" in known["hardware.gpu_class"], "vllm" in known["runtime.engine"]) == (True, True)
    assert ("queue" in known["autoscaling.signal"], known["model.id"]) == (True, [])


@pytest.mark.parametrize("name", ["limits.max_num_seqs", "pin.image-tag", "vllm/max-num-seqs", "vllm==0.11.0",
                                  "vllm.env.VLLM_PORT"])  # fmt: skip
@pytest.mark.parametrize("form", ["table", "wide", "json", "yaml"])
def test_explanation_has_every_format(run: Run, name: str, form: str) -> None:
    """Also one with a hyphen for an underscore."""
    done = run("explain", name, "-o", form)
    assert (0, "") == (done.code, done.err)
    assert done.out


def test_contract_made_from_a_manifest_is_kept_by_it(run: Run) -> None:
    """`init`, then `check`: nothing of what was promised fails."""
    write("x.yaml", GOOD)
    write("c.yaml", run("init", "x.yaml").out)
    assert 0 == run("check", "x.yaml", "--contract", "c.yaml").code


def test_written_contract_is_never_overwritten(run: Run, here: Path) -> None:
    """Somebody may have edited it."""
    write("x.yaml", GOOD)
    done = run("init", "x.yaml", "--write")
    path = here / ".skewguard/chat.yaml"
    assert (0, "", "wrote .skewguard/chat.yaml\n") == (done.code, done.out, done.err)
    path.write_text("mine\n", "utf-8")
    again = run("init", "--write", "x.yaml")
    assert (2, True, "mine\n") == (again.code, "exists already" in again.err, path.read_text("utf-8"))


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/b", "..", "", "a\\nb", "x" * 300])
def test_contract_stays_in_its_folder(run: Run, here: Path, name: str) -> None:
    """Whatever the manifest calls its object."""
    write("sub/x.yaml", GOOD.replace("  name: chat\n", f'  name: "{name}"\n', 1))
    os.chdir(here / "sub")
    assert 0 == run("init", "x.yaml", "--write").code
    made = sorted(str(path.relative_to(here)) for path in here.rglob("*") if path.is_file())
    assert (2, "sub/.skewguard", "sub/x.yaml") == (len(made), str(Path(made[0]).parent), made[1])


def test_init_takes_a_command_line_too(run: Run) -> None:
    """Quoted or not."""
    quoted = run("init", "vllm==0.11.0 -- serve m --max-model-len 5")
    assert (0, True) == (quoted.code, "max_model_len: 5" in quoted.out)
    assert quoted.out == run("init", "vllm==0.11.0", "--", "serve", "m", "--max-model-len", "5").out


def test_init_without_an_engine_says_so(run: Run) -> None:
    """Exit code 2: there is nothing to promise."""
    done = run("init", write("x.yaml", NO_ENGINE))
    assert (2, True) == (done.code, "nothing to promise" in done.err)


@pytest.mark.parametrize("name", ["vllm/tp", "vllm/-tp", "vllm/tensor-parallel-size"])
def test_explain_knows_a_flag_by_its_short_spelling(run: Run, name: str) -> None:
    """A hint that names what was asked helps nobody."""
    assert run("explain", "-o", "json", "--", name).document["flag"] == "--tensor-parallel-size"


@pytest.mark.parametrize("name", ["max_num_seqs", "--max-num-seqs"])
def test_explain_answers_a_bare_flag_with_its_setting(run: Run, name: str) -> None:
    """The vocabulary's name stands first, the engine's flag beside it."""
    done = run("explain", "--", name)
    assert done.code == 2
    assert "did you mean limits.max_num_seqs, vllm/" in done.err


def test_command_line_without_a_version_is_answered_with_its_form(run: Run) -> None:
    """`settings 'vllm serve MODEL'` is no path, and nobody knows the version."""
    done = run("settings", "vllm serve Qwen/Qwen3-8B")
    assert done.code == 2
    assert "'vllm==0.11.0 -- serve MODEL'" in " ".join((done.out + done.err).split())
