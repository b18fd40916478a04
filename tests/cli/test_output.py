"""Where results go: formats, files, colours, the summary line."""

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from tests.cli.running import BAD, GOOD, NO_ENGINE, Run, write

CHECK_FORMATS = ("table", "wide", "json", "yaml", "sarif", "junit", "github")


def test_results_go_to_stdout_and_files_at_once(run: Run, here: Path) -> None:
    """One to stdout, any number to files; older results are replaced."""
    write("x.yaml", BAD)
    write("old.json", "old")
    Path("out").mkdir()
    done = run("check", "x.yaml", "-o", "table", "-o", "sarif=out/x.sarif", "-o", "json=old.json", "-o", "junit=x.xml")
    assert 1 == done.code
    assert "1 error" in done.out
    assert "2.1.0" == msgspec.json.decode((here / "out/x.sarif").read_bytes())["version"]
    assert "skewguard.dev/report/v1" == msgspec.json.decode((here / "old.json").read_bytes())["schema"]
    assert "testsuites" == ET.parse(here / "x.xml").getroot().tag  # noqa: S314  # our own text


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_summary_goes_to_stderr_beside_a_machine_format(run: Run, name: str) -> None:
    """A person who watches the pipeline sees the counts; the result stays clean."""
    done = run("check", write("x.yaml", BAD), "-o", name)
    machine = name not in ("table", "wide")
    assert machine == ("1 engine, 0 under contract" in done.err)
    assert done.out


def test_summary_goes_to_stderr_where_only_files_are_written(run: Run) -> None:
    """Nothing on stdout was asked for."""
    done = run("check", write("x.yaml", BAD), "-o", "json=r.json")
    assert ("", True) == (done.out, "1 engine, 0 under contract" in done.err)


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_every_format_shows_an_empty_check(run: Run, name: str) -> None:
    """No engine, no findings: still a document of its format."""
    done = run("check", write("x.yaml", NO_ENGINE), "-o", name)
    assert (0, False) == (done.code, "Traceback" in done.err)
    if name in ("json", "sarif"):
        assert done.document


def test_result_that_cannot_be_written_is_told(run: Run) -> None:
    """With its cause; nothing is half written, the other results are given, and what was found still decides."""
    words = ("-o", "table", "-o", "sarif=/dev/full", "-o", "json=r.json")
    done = run("check", write("x.yaml", GOOD), *words)
    assert (2, True, True) == (done.code, "cannot write /dev/full" in done.err, "1 engine" in done.out)
    assert ["r.json", "x.yaml"] == sorted(path.name for path in Path().iterdir())
    assert [1, 2] == [run(verb, write("y.yaml", BAD), *words[4:], *words[:2], "-o", "yaml=/dev/full").code
                      for verb in ("check", "settings")]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("json=taken",), "taken is a folder"),
        (("json=taken/",), "taken/ is a folder"),
        (("json=gone/a.json",), "cannot write gone/a.json: there is no folder "),
        (("json=file/a.json",), "cannot write file/a.json: there is no folder "),
        (("json=a", "sarif=./a"), "two results would go to"),
        (("json=",), "-o json= names no file"),
        (("json", "yaml=-"), "only one result can go to stdout"),
        (("",), "no output format ''"),
        (("JSON",), "no output format 'JSON'"),
    ],
)
def test_output_that_cannot_be_meant_is_refused_before_anything_is_read(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    """An hour of reading would be lost otherwise."""
    Path("taken").mkdir()
    Path("file").touch()
    done = run("check", "gone.yaml", *(part for word in words for part in ("-o", word)))
    assert (2, True, False) == (done.code, said in done.err, "gone.yaml" in done.err + done.out)
    assert not Path("gone").exists()


@pytest.mark.parametrize("words", [("-ojson",), ("-o=json",), ("-o", "json=-"), ("--output=json",), ("-vojson",)])
def test_output_may_be_written_as_kubectl_takes_it(run: Run, words: tuple[str, ...]) -> None:
    """Glued, with an equals sign, and `-` for stdout."""
    assert "skewguard.dev/report/v1" == run("check", write("x.yaml", GOOD), *words).document["schema"]


def test_unknown_format_names_the_possible_ones(run: Run) -> None:
    """Of this verb."""
    write("x.yaml", GOOD)
    assert "table, wide, json, yaml, sarif, junit, markdown, html, github" in run("check", "x.yaml", "-o", "xml").err
    assert "table, wide, json, yaml, markdown, html\n" in run("settings", "x.yaml", "-o", "sarif").err


@pytest.mark.parametrize(
    ("environment", "words", "colored"),
    [
        ({}, (), False),
        ({}, ("--color",), True),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color",), True),
        ({"FORCE_COLOR": "1"}, ("--no-color",), False),
    ],
)
def test_colours_follow_flag_then_environment_then_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: tuple[str, ...], colored: bool
) -> None:
    """No colours into a file or a pipe unless they are asked for."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert colored == ("\x1b[" in run("check", write("x.yaml", BAD), *words).out)


def test_file_never_holds_colours(run: Run, here: Path) -> None:
    """Whatever the terminal shows."""
    run("check", write("x.yaml", BAD), "--color", "-o", "table=r.txt")
    assert "\x1b" not in (here / "r.txt").read_text("utf-8")


def test_notes_are_shown_when_asked(run: Run) -> None:
    """`-v` shows them; without it they are counted."""
    write("x.yaml", GOOD)
    quiet, loud = run("check", "x.yaml").out, run("check", "x.yaml", "-v").out
    assert ("-v shows them" in quiet, "pin.image-digest" in quiet) == (True, False)
    assert "pin.image-digest" in loud


def test_result_can_go_to_a_device(run: Run) -> None:
    """`-o json=/dev/null` writes through, and does not replace the device."""
    assert 0 == run("check", write("x.yaml", GOOD), "-o", "json=/dev/null").code
    assert not Path("/dev/null").is_file()
