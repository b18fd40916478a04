"""`check`: what it reads, what it holds it to, and what a project may say."""

from pathlib import Path

import pytest

from tests.cli.running import BAD, BROKEN, CONTRACT, GOOD, KEPT, NO_ENGINE, UNSEEN, WARNED, Run, write

TEMPLATE = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Release.Name }}}\n"


def summary(run: Run, *words: str) -> dict[str, int]:
    """The numbers under a check."""
    counted: dict[str, int] = run("check", *words, "-o", "json").document["summary"]
    return counted


def test_standard_input_is_checked(run: Run) -> None:
    """`helm template … | skewguard check -`."""
    done = run("check", "-", stdin=BAD)
    assert (1, True) == (done.code, "<stdin>:" in done.out)
    assert "--nonsense=1" in done.out


def test_standard_input_and_files_are_read_together(run: Run) -> None:
    """A ConfigMap that the file refers to may come through the pipe."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone, namespace: prod}\ndata: {length: '32768'}\n"
    write("x.yaml", UNSEEN)
    contract = write("c.yaml", KEPT)
    assert 0 == run("check", "x.yaml", "-", "--contract", contract, stdin=config).code


def test_folder_is_swept(run: Run) -> None:
    """Kubernetes documents are judged; other YAML and chart templates are counted as skipped."""
    write("k/a.yaml", GOOD)
    write("k/deep/b.yml", GOOD)
    write("k/values.yaml", "replicas: 1\n")
    write("k/chart/Chart.yaml", "name: chat\nversion: 1.0.0\n")
    write("k/chart/templates/d.yaml", TEMPLATE)
    write("k/notes.md", "not YAML")
    counted = summary(run, "k")
    assert (2, 3, 2) == (counted["files"], counted["skipped_files"], counted["engines"])
    assert 0 == run("check", "k").code


@pytest.mark.parametrize(
    ("text", "words"),
    [("replicas: 1\n", "no Kubernetes object"), (TEMPLATE, "helm template"), ("- a\n- b\n", "no Kubernetes object")],
)
def test_named_file_that_is_no_manifest_is_an_error(run: Run, text: str, words: str) -> None:
    """Whoever names a file means it; what to do is said."""
    done = run("check", write("k/x.yaml", text), write("good.yaml", GOOD))
    assert (2, True) == (done.code, words in done.out)
    assert "1 engine" in done.out


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("deploy/chat", "kubectl get deploy/chat -o yaml"),
        ("https://x.example/d.yaml", "curl -s https://x.example/d.yaml"),
    ],
)
def test_what_is_no_file_says_how_to_hand_it_over(run: Run, path: str, advice: str) -> None:
    """An object of a cluster and a URL are piped in; a file of that name is read."""
    done = run("check", path)
    assert (2, True) == (done.code, f"`{advice} | skewguard check -`" in " ".join(done.out.split()))
    write(path, GOOD)
    assert 0 == run("check", path).code


def test_home_folder_is_found_where_no_shell_puts_it(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--contract=~/c.yaml` and `-o json=~/r.json` reach the program as they are; nothing called `~` is made."""
    monkeypatch.setenv("HOME", str(here / "home"))
    write("home/c.yaml", BROKEN)
    write("home/k/x.yaml", GOOD)
    assert [1, 1] == [run("check", path, "--contract=~/c.yaml", "-o", "json=~/r.json").code
                      for path in ("~/k/x.yaml", "~/k/*.yaml")]  # fmt: skip
    assert (True, False) == (Path("home/r.json").is_file(), Path("~").exists())


def test_folder_without_any_manifest_is_unreadable(run: Run) -> None:
    """A wrong path in a pipeline must not look like a pass."""
    write("k/values.yaml", "replicas: 1\n")
    Path("empty").mkdir()
    assert [2, 2] == [run("check", name).code for name in ("k", "empty")]


def test_glob_is_expanded(run: Run) -> None:
    """Where no shell did; a glob that matches nothing is an error."""
    write("k/a.yaml", GOOD)
    write("k/b.yaml", BAD)
    assert [1, 0, 2] == [run("check", pattern).code for pattern in ("k/*.yaml", "k/a*", "k/*.json")]


def test_object_that_is_missing_is_told_in_one_line(run: Run) -> None:
    """Its name, what it hides, and how to supply it."""
    done = run("check", write("x.yaml", UNSEEN))
    said = " ".join(done.out.split())
    assert "ConfigMap prod/gone key length (x.yaml:" in said
    assert "it hides the value of LENGTH in container vllm. To supply it:" in said


def test_contracts_are_found_upward(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In `.skewguard` of the working folder or of one above it."""
    write(".skewguard/chat.yaml", BROKEN)
    write("k8s/prod/x.yaml", GOOD)
    monkeypatch.chdir(here / "k8s/prod")
    done = run("check", "x.yaml")
    assert (1, True) == (done.code, "1 engine, 1 under contract" in " ".join(done.out.split()))


def test_named_contract_replaces_those_found(run: Run) -> None:
    """A file or a folder; then the ones found upward do not count."""
    write("x.yaml", GOOD)
    write(".skewguard/chat.yaml", BROKEN)
    write("kept/a.yaml", KEPT)
    assert [1, 0, 0] == [
        run("check", "x.yaml", *more).code for more in ((), ("--contract", "kept"), ("--contract", "kept/a.yaml"))
    ]


def test_contract_for_nothing_is_an_error_only_when_named(run: Run) -> None:
    """A contract that judges nothing must not look green."""
    write("x.yaml", GOOD)
    other = KEPT.replace("name: chat}]", "name: other}]")
    assert 1 == run("check", "x.yaml", "--contract", write("c.yaml", other)).code
    write(".skewguard/chat.yaml", other)
    assert 0 == run("check", "x.yaml").code


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("kind: ServingContract\nspec: [", "not valid YAML"),
        (KEPT.replace("max_model_len", "max_model_length"), "max_model_len"),
        (b"\x00\x01", "binary"),
        ("a: 1\n", "ServingContract"),
    ],
)
def test_broken_contract_is_told_and_the_manifests_are_checked(run: Run, content: str | bytes, words: str) -> None:
    """With the place and the nearest name."""
    done = run("check", write("x.yaml", WARNED), "--contract", write("c.yaml", content))
    assert (2, True, True) == (done.code, words in done.out, "pin.image-tag" in done.out)


def test_namespace_is_that_of_objects_that_name_none(run: Run) -> None:
    """`-n` decides which target fits."""
    write("x.yaml", GOOD.replace("  namespace: prod\n", ""))
    contract = write("c.yaml", BROKEN.replace("name: chat}]", "name: chat, namespace: prod}]"))
    given = (("-n", "prod"), ("-n=prod",), ("--namespace=prod",), ("-n", "dev"))
    codes = [run("check", "x.yaml", "--contract", contract, *more).code for more in given]
    found = run("check", "x.yaml", "--contract", contract, "-n", "dev", "-o", "json").document["findings"]
    assert ([1, 1, 1, 1], "contract.no-target") == (codes, next(i["check"] for i in found if i["group"] == "contract"))


def waived(run: Run, *words: str) -> list[str]:
    """The checks whose findings are waived."""
    findings = run("check", *words, "-o", "json").document["findings"]
    return [item["check"] for item in findings if item["verdict"] == "waived"]


def test_waiver_excuses_until_its_day(run: Run) -> None:
    """An expired waiver excuses nothing, and is a finding itself."""
    write("x.yaml", WARNED)
    rule = "  waivers: [{check: pin.image-tag, reason: mirrored, until: %s}]\n"
    assert ["pin.image-tag"] == waived(run, "x.yaml", "--contract", write("a.yaml", CONTRACT + rule % "2999-01-31"))
    expired = write("b.yaml", CONTRACT + rule % "2001-01-31")
    assert [] == waived(run, "x.yaml", "--contract", expired)
    assert "2001-01-31" in run("check", "x.yaml", "--contract", expired).out


def test_annotation_excuses_with_a_reason(run: Run) -> None:
    """`skewguard.dev/ignore.<check>` on the object; one that names no check is told."""
    note = "  namespace: prod\n  annotations: {skewguard.dev/ignore.%s: 'by hand'}\n"
    write("x.yaml", WARNED.replace("  namespace: prod\n", note % "pin.image-tag"))
    assert ["pin.image-tag"] == waived(run, "x.yaml")
    done = run("check", write("y.yaml", WARNED.replace("  namespace: prod\n", note % "pin.image-tga")))
    assert (2, True) == (done.code, "pin.image-tga" in done.out)


def test_project_configuration_knows_images_and_labels(run: Run) -> None:
    """What only the team knows: an image of its own, and a node label of its own."""
    text = GOOD.replace("registry.example.com/ml/vllm/vllm-openai:v0.11.0", "corp/llm:7").replace(
        "nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3", "corp/gpu: h1"
    )
    write("x.yaml", text)
    assert "no engine" in run("check", "x.yaml").out
    write(
        ".skewguard/config.yaml",
        "images: [{match: 'corp/llm:*', engine: vllm, version: 0.11.0}]\n"
        "accelerators: [{label: corp/gpu=h1, class: H100-80GB}]\n",
    )
    (subject,) = run("settings", "x.yaml", "-o", "json").document["subjects"]
    held = {item["setting"]: item["effective"].get("value") for item in subject["settings"]}
    assert ("vllm", "0.11.0") == (subject["engine"], subject["version"])
    assert "H100-80GB" in str(held["hardware.gpu_class"])


def test_project_configuration_ignores_files_and_findings(run: Run) -> None:
    """Files are left out, and said; findings are waived with the reason."""
    write("vendor/x.yaml", BAD)
    write("dev/y.yaml", WARNED)
    write(
        ".skewguard/config.yaml",
        "ignore:\n- {path: 'vendor/**'}\n- {path: 'dev/**', check: pin.image-tag, reason: mirrored}\n",
    )
    done = run("check", ".")
    assert (0, True) == (done.code, "left out by `ignore`" in done.out)
    assert ["pin.image-tag"] == waived(run, ".")


def test_severity_that_fails_is_decided_by_flag_then_environment_then_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest wins."""
    write("x.yaml", WARNED)
    write(".skewguard/config.yaml", "fail_on: warning\n")
    codes = [run("check", "x.yaml").code]
    monkeypatch.setenv("SKEWGUARD_FAIL_ON", "error")
    codes.append(run("check", "x.yaml").code)
    codes.append(run("check", "x.yaml", "--fail-on", "warning").code)
    assert [1, 0, 1] == codes
    monkeypatch.setenv("SKEWGUARD_FAIL_ON", "bad")
    done = run("check", "x.yaml")
    assert (2, True) == (done.code, "SKEWGUARD_FAIL_ON" in done.err)


@pytest.mark.parametrize(
    "content",
    [
        "fail_on: bad\n",
        "images: 1\n",
        "nonsense: 1\n",
        "a: [\n",
        "ignore: [{check: pin.image-tga, reason: mirrored}]\n",
        "ignore: [{check: 'pni.*', reason: mirrored}]\n",
    ],
)
def test_broken_project_configuration_is_told_and_the_manifests_are_checked(run: Run, content: str) -> None:
    """With its place."""
    write(".skewguard/config.yaml", content)
    done = run("check", write("x.yaml", WARNED))
    assert (2, True, True) == (done.code, "config.yaml:" in done.out, "pin.image-tag" in done.out)


@pytest.mark.parametrize("content", [b"\x00", b"\xff\xfe"])
def test_project_configuration_that_is_no_text_is_told(run: Run, content: bytes) -> None:
    """A clear error, exit code 2."""
    write(".skewguard/config.yaml", content)
    done = run("check", write("x.yaml", GOOD))
    assert (2, True) == (done.code, "config.yaml" in done.out + done.err)


def test_same_file_is_judged_once(run: Run) -> None:
    """Named, in a folder and through a link."""
    write("k/x.yaml", GOOD)
    Path("link.yaml").symlink_to("k/x.yaml")
    assert 1 == summary(run, "k/x.yaml", "k", "link.yaml")["engines"]


def test_input_without_engine_names_every_container_once(run: Run) -> None:
    """No matter how often it is asked with `-v`."""
    out = run("check", write("x.yaml", NO_ENGINE), "-v").out
    assert 1 == out.count("container web")


@pytest.mark.parametrize(
    "start",
    ["args: ['--model=$(MODEL)', --tokenizer, $(MODEL)]", "command: [sh, -c, 'vllm serve $MODEL --tokenizer \"$MODEL\"']"],
)  # fmt: skip
def test_placeholder_behind_a_variable_is_one_finding(run: Run, start: str) -> None:
    """At the variable, whether Kubernetes or a shell puts it into the arguments."""
    write(
        "x.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: chat}\nspec:\n  containers:\n  - name: vllm\n"
        f"    image: vllm/vllm-openai:v0.11.0\n    env: [{{name: MODEL, value: <your-model>}}]\n    {start}\n",
    )
    told = [item for item in run("check", "x.yaml", "-o", "json").document["findings"] if item["severity"] == "error"]
    assert [("args.placeholder", "MODEL", 8)] == [
        (item["check"], item["anchor"], item["observed"]["origin"]["line"]) for item in told
    ]
