"""Files made to break a reader: a clear error for each, in its place, and the other inputs are checked all the same.

Each case stands beside one good manifest, whose engine must be counted whatever the other file holds.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import GOOD, Outcome, Run, write

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: odd}
spec:
  containers:
  - name: vllm
    image: vllm/vllm-openai:v0.11.0
    args: [--model, m, --max-model-len, 32k]
"""
TEN = ", ".join(["*a{0}"] * 10)


def bomb(wrap: str = "[{}]", first: str = "[x, x]") -> str:
    """Nine levels of ten aliases each."""
    levels = (f"a{level}: &a{level} {wrap.format(TEN.format(level - 1))}\n" for level in range(1, 10))
    return f"a0: &a0 {first}\n" + "".join(levels)


def beside_good(run: Run, *names: str) -> Outcome:
    """Check a hostile input beside a good one, which must have been judged."""
    write("good.yaml", GOOD)
    done = run("check", *names, "good.yaml", "--fail-on", "never")
    assert "1 engine," in " ".join(done.out.split())
    assert "Traceback" not in done.err + done.out
    return done


UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "binary": (bytes(range(256)) * 20, "x.yaml is a binary file"),
    "compressed": (b"\x1f\x8b\x08\x00" + b"\x9c\xff" * 50, "x.yaml is a binary file"),
    "invalid UTF-8": (b"a: 1\nb: \xff\xfe\n", "x.yaml:2:4: x.yaml is not UTF-8 text: byte 0xff in line 2"),
    "Latin-1": ("a: é\n".encode("latin-1"), "byte 0xe9 in line 1"),
    "UTF-16": (POD.encode("utf-16"), "is UTF-16 text"),
    "UTF-32": (POD.encode("utf-32"), "is UTF-32 text"),
    "larger than read": (b"# " + b"x" * (50 * 2**20), "is larger than 32 MiB"),
    "tabs": (POD.replace("    args", "\targs"), "x.yaml:8:1: not valid YAML"),
    "unclosed quote": (POD + "    name: 'x\n", "not valid YAML"),
    "unclosed bracket": (POD.replace("32k]", "32k"), "not valid YAML"),
    "deep in brackets": ("[" * 100_000, "x.yaml:1:201: not valid YAML: nested deeper than 200 levels"),
    "deep in braces": ("{a: " * 100_000, "nested deeper than 200 levels"),
    "deep on one line": ("- " * 100_000 + "a", "nested deeper than 200 levels"),
    "deep in complex keys": ("? " * 100_000 + "a", "nested deeper than 200 levels"),
    "deep in lines": ("".join(" " * i + "a:\n" for i in range(2000)), "x.yaml:201:201: not valid YAML"),
    "alias bomb": (bomb() + POD, "its aliases unfold to more than 200,000 values"),
    "alias bomb in merges": (bomb("{{<<: [{}], k: v}}", "{k: v}") + POD, "its aliases unfold"),
    "alias bomb in args": (bomb() + POD.replace("[--model", "[*a9, --model"), "its aliases unfold"),
    "alias bomb in lists": (bomb("{{apiVersion: v1, kind: List, items: [{}]}}", "{}"), "its aliases unfold"),
    "alias bomb in a ConfigMap": (f"{bomb()}apiVersion: v1\nkind: ConfigMap\ndata: *a9\n", "its aliases unfold"),
    "object that holds itself": ("&a\napiVersion: v1\nkind: List\nitems: [*a]\n", "a value holds itself"),
    "merge of itself": ("apiVersion: v1\nkind: Pod\nmetadata: &m {name: x, <<: *m}\n", "a value holds itself"),
    "unknown alias": (POD.replace("m,", "*gone,"), "x.yaml:8:21: not valid YAML"),
    "no manifest": ("x" * 200_000, "x.yaml:1:1: has no `kind` and `apiVersion`"),
    "empty": ("", ""),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_file_is_told_and_hides_nothing(run: Run, case: str) -> None:
    """The place, the reason, exit code 2; the file beside it is judged."""
    content, words = UNREADABLE[case]
    write("x.yaml", content)
    done = beside_good(run, "x.yaml")
    if words:
        assert (2, True) == (done.code, words in " ".join(done.out.split()))
    else:
        assert 0 == done.code


READABLE: dict[str, str] = {
    "CRLF": POD.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + POD,
    "comments between documents": f"# a\n---\n# b\n---\n{POD}---\n# c\n",
    "keys that are no strings": POD.replace("{name: odd}", "{name: odd, ? [a] : b, 1: x, ~: y, ? {c: d} : e, true: f}"),
    "labels that are no strings": POD.replace(
        "{name: odd}",
        "{name: odd, labels: {1: 2, ~: ~, ? [x] : y}, annotations: {1: {a: b}, skewguard.dev/engine: [x]}}",
    ),
    "huge integers": POD.replace("32k", f"'{'9' * 5000}'").replace("{name: odd}", f"{{name: {'9' * 6000}}}"),
    "huge replicas": POD.replace(
        "spec:", f"spec:\n  terminationGracePeriodSeconds: {'9' * 400}\n  replicas: {'9' * 70}"
    ),
    "no numbers": POD
    + "    resources: {limits: {nvidia.com/gpu: .nan, memory: .inf, cpu: 1e400}, requests: {nvidia.com/gpu: -.inf}}\n"
    "    livenessProbe: {initialDelaySeconds: .nan, periodSeconds: 1e400, failureThreshold: -1, httpGet: {port: .inf}}\n",
    "a long argument": POD.replace("32k]", f"32k, '{'x' * 200_000}']"),
    "a long name": POD.replace("name: odd", f"name: {'n' * 200_000}"),
    "a long flag": POD.replace("32k]", f"32k, '--{'a' * 200_000}']"),
    "a long script": POD.replace(
        "args: [--model, m,", "command: [sh, -c, '" + "echo a; " * 6_000 + "vllm serve m']\n    args: [x,"
    ),
    "deep JSON in an argument": POD.replace("32k]", "32k, --hf-overrides, '" + '{"a":' * 50_000 + "']"),
    "deep dots in an argument": POD.replace("32k]", "32k, '--hf-overrides." + "a." * 50_000 + "b=1']"),
    "deep JSON behind dots": POD.replace(
        "32k]", "32k, '--hf-overrides." + "a." * 90 + "b', '" + '{"a":' * 140 + "1" + "}" * 140 + "']"
    ),
    "numbers without end": POD.replace(
        "32k]", f"1e400, --seed, '{'9' * 5000}', --swap-space, inf, --max-num-seqs, '-1e9']"
    ),
    "brackets of a shell": POD.replace(
        "args: [--model, m,", f"command: [sh, -c, '{'(' * 20_000}vllm serve m']\n    args: [x,"
    ),
    "variables that double": POD
    + "    env:\n"
    + "".join(f"    - {{name: V{i}, value: '$(V{i - 1})$(V{i - 1})aaaaaaaa'}}\n" for i in range(2000)),
    "shell variables that double": POD.replace(
        "    args: [--model, m, --max-model-len, 32k]\n",
        "    command:\n    - sh\n    - -c\n    - |\n      A=aaaaaaaaaaaaaaaa\n"
        + '      A="$A$A"\n' * 60
        + "      vllm serve --model $A\n",
    ),
    "thousand containers": POD.replace("  - name: vllm\n", "", 1).split("    image")[0]
    + "".join(f"  - {{name: c{i}, image: 'busybox:1'}}\n" for i in range(1000)),
    "thousands of arguments": POD.replace("32k]", "32k" + ", --seed=1" * 5000 + "]"),
    "thousand anchors": POD
    + "".join(f"# {i}\n" for i in range(1000))
    + "x:\n"
    + "".join(f"- &b{i} 1\n" for i in range(1000)),
}


@pytest.mark.parametrize("case", READABLE)
def test_odd_manifest_is_judged_and_crashes_nothing(run: Run, case: str) -> None:
    """No check crashes (that would be exit code 4), and no input is called unreadable."""
    write("x.yaml", READABLE[case])
    write("good.yaml", GOOD)
    done = run("check", "x.yaml", "good.yaml", "--fail-on", "never", "-o", "json")
    crashed = [item["message"] for item in done.document["findings"] if item["verdict"] == "error"]
    assert (0, [], []) == (done.code, crashed, done.document["errors"])
    for verb in ("settings", "init"):
        assert run(verb, "x.yaml").code in (0, 2)


def test_many_documents_that_are_no_manifests_are_told_together(run: Run) -> None:
    """Twenty thousand of them: the first with its place, the others counted."""
    write("x.yaml", "---\na: 1\n" * 20_000)
    done = beside_good(run, "x.yaml")
    assert (2, True) == (done.code, "x.yaml:2:1: " in done.out)
    assert "19,995 more documents" in " ".join(done.out.split())
    assert 60 > done.out.count("\n")


def test_many_broken_documents_are_told_up_to_a_number(run: Run) -> None:
    """After that, reading the file stops, and that is said."""
    write("x.yaml", "a: [\n---\n" * 20_000)
    done = beside_good(run, "x.yaml")
    assert (2, True) == (done.code, "nothing from here on is read" in " ".join(done.out.split()))


def test_script_that_is_cut_leaves_the_engine_unknown_and_not_absent(run: Run) -> None:
    """What stands behind the part that is read may start the engine of the image, and that is said."""
    write("x.yaml", READABLE["a long script"])
    report = run("check", "x.yaml", "-o", "json").document
    assert ["vllm"] == [subject["engine"] for subject in report["subjects"]]
    assert "longer than any that is read to its end" in " ".join(gap["reason"] for gap in report["gaps"])


def broken_link() -> str:
    """A link to nothing."""
    Path("x.yaml").symlink_to("gone.yaml")
    return "x.yaml is a broken link to gone.yaml"


def link_to_itself() -> str:
    """A link in a circle."""
    Path("x.yaml").symlink_to("x.yaml")
    return "x.yaml cannot be read: Too many levels of symbolic links"


def pipe() -> str:
    """A pipe that nobody writes to."""
    os.mkfifo("x.yaml")
    return "x.yaml is a named pipe, not a file"


def device() -> str:
    """A device that never ends."""
    Path("x.yaml").symlink_to("/dev/zero")
    return "x.yaml is a device, not a file"


@pytest.mark.parametrize("make", [broken_link, link_to_itself, pipe, device])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_file_is_told(run: Run, make: Callable[[], str], named: bool) -> None:
    """Named or met in a folder: the reason, and the files beside it are judged."""
    words = make()
    write("good.yaml", GOOD)
    done = run("check", *(("x.yaml", "good.yaml") if named else (".",)))
    assert (2, True) == (done.code, words in " ".join(done.out.split()))
    assert "1 engine," in " ".join(done.out.split())


def test_folder_called_like_a_manifest_is_a_folder(run: Run) -> None:
    """It is swept."""
    write("x.yaml/a.yaml", GOOD)
    assert 0 == run("check", "x.yaml").code


def test_file_without_rights_is_told(run: Run) -> None:
    """Root reads everything, so root puts its rights aside for a while."""
    write("x.yaml", GOOD)
    write("good.yaml", GOOD)
    Path("x.yaml").chmod(0)
    Path.cwd().chmod(0o755)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        done = run("check", "x.yaml", "good.yaml")
    finally:
        if root:
            os.seteuid(0)
    assert (2, True) == (done.code, "x.yaml may not be read by this user" in done.out)
    assert "1 engine," in " ".join(done.out.split())
