"""Reading inputs: everything that names a file, everything that is wrong with one, and never a hang."""

import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from skewguard.adapters import files, places, sweeping, writing
from skewguard.language.errors import InputError, UsageError
from tests.searching import examples

NOBODY = 65534


def names(*paths: object) -> list[str]:
    """What `paths` give, in order."""
    return [found.path for found in sweeping.read_inputs([str(path) for path in paths])]


def only_error(path: object) -> InputError:
    """The error of the one input behind a path."""
    (found,) = sweeping.read_inputs([str(path)])
    assert found.text is None
    assert found.error is not None
    assert found.error.hint
    return found.error


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may read everything: put its rights aside for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, content: str | bytes = "a: 1\n") -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def listing(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_read_inputs_gives_text_in_the_order_asked(here: Path) -> None:
    """Files as named, each once."""
    write(here / "b.yaml", "b: 1\n")
    write(here / "a.yaml", "a: 1\n")
    found = list(sweeping.read_inputs(["b.yaml", "a.yaml", "./b.yaml"]))
    assert [(each.path, each.text, each.named) for each in found] == [
        ("b.yaml", "b: 1\n", True),
        ("a.yaml", "a: 1\n", True),
    ]


def test_folder_is_swept_by_name(here: Path) -> None:
    """YAML and JSON at every depth; hidden and foreign folders are left out."""
    for name in (
        "z.yml",
        "a.yaml",
        "m.JSON",
        "sub/b.yaml",
        "readme.md",
        ".git/x.yaml",
        ".skewguard/c.yaml",
        "node_modules/p.yaml",
        "sub/.hidden/d.yaml",
    ):
        write(here / name)
    assert names(".") == ["a.yaml", "m.JSON", "sub/b.yaml", "z.yml"]
    assert [each.named for each in sweeping.read_inputs(["."])] == [False] * 4


def test_file_with_another_ending_is_read_when_named(here: Path) -> None:
    """A person who names a file means it."""
    write(here / "manifest.txt")
    assert names("manifest.txt") == ["manifest.txt"]


def test_chart_templates_are_left_out_of_a_sweep(here: Path) -> None:
    """A chart's template is no manifest; named, it is read, for a better answer."""
    write(here / "chart/Chart.yaml", "name: x\n")
    write(here / "chart/templates/deploy.yaml", "a: {{ .Values.a }}\n")
    write(here / "chart/templates/sub/deploy.yaml", "a: {{ .Values.a }}\n")
    write(here / "chart/templates/plain.yaml", "a: 1\n")
    write(here / "other/templates/x.yaml", "a: '{{ jinja }}'\n")
    found = {each.path: each for each in sweeping.read_inputs(["."])}
    assert [path for path, each in found.items() if each.skipped] == [
        "chart/templates/deploy.yaml",
        "chart/templates/sub/deploy.yaml",
    ]
    assert found["chart/templates/plain.yaml"].text == "a: 1\n"
    assert found["other/templates/x.yaml"].text
    (named,) = sweeping.read_inputs(["chart/templates/deploy.yaml"])
    assert named.text


def test_globs_are_expanded_where_no_shell_did(here: Path) -> None:
    """Also across folders; a pattern without an ending takes manifests only."""
    for name in ("a/x.yaml", "a/b/y.yaml", "a/notes.md", "a/t.tpl"):
        write(here / name)
    assert names("a/*") == ["a/b/y.yaml", "a/x.yaml"]
    assert names("**/*.yaml") == ["a/b/y.yaml", "a/x.yaml"]
    assert names("a/*.tpl") == ["a/t.tpl"]
    assert "matches no file" in only_error("nothing/*.yaml").message


def test_file_whose_name_is_a_pattern_is_a_file(here: Path) -> None:
    """`[x].yaml` exists."""
    write(here / "[x]*.yaml")
    assert names("[x]*.yaml") == ["[x]*.yaml"]


def test_standard_input_is_read_once(here: Path) -> None:
    """As often as `-` is given."""
    stream = io.BytesIO(b"\xef\xbb\xbfa: 1\n")
    found = list(sweeping.read_inputs(["-", "-"], stream))
    assert [(each.path, each.text) for each in found] == [("<stdin>", "a: 1\n")]


def test_one_bad_input_does_not_hide_the_others(here: Path) -> None:
    """The next file is read."""
    write(here / "good.yaml")
    found = list(sweeping.read_inputs(["missing.yaml", "good.yaml"]))
    assert [each.error is None for each in found] == [False, True]


def test_missing_file_names_the_nearest(here: Path) -> None:
    """A typo is the commonest reason."""
    write(here / "deploy.yaml")
    error = only_error("deplyo.yaml")
    assert error.message == "deplyo.yaml does not exist"
    assert error.hint == "did you mean deploy.yaml?"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\x00b", "binary"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"\xfe\xff\x00a", "UTF-16"),
        (b"ok: 1\nbad: \xe9t\xe9\n", "is not UTF-8 text: byte 0xe9 in line 2"),
    ],
)
def test_content_that_is_no_text_is_told(here: Path, content: bytes, words: str) -> None:
    """With what it is and how to save it."""
    write(here / "x.yaml", content)
    assert words in only_error("x.yaml").message


def test_place_of_a_bad_byte_is_told(here: Path) -> None:
    """In characters, 1-based."""
    write(here / "x.yaml", "é: 1\nab: ".encode() + b"\xe9\n")
    error = only_error("x.yaml")
    assert (error.line, error.column) == (2, 5)


def test_byte_order_mark_of_utf8_is_accepted(here: Path) -> None:
    """Windows editors write one."""
    write(here / "x.yaml", b"\xef\xbb\xbfa: 1\n")
    assert files.read_text("x.yaml") == "a: 1\n"


def test_too_large_file_is_refused(here: Path) -> None:
    """Before it is read; the limit itself is fine."""
    with (here / "x.yaml").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    assert "larger than 32 MiB" in only_error("x.yaml").message
    (found,) = sweeping.read_inputs(["-"], io.BytesIO(b" " * (files.MAX_BYTES + 1)))
    assert found.error is not None


def test_broken_link_is_told(here: Path) -> None:
    """With where it points; in a sweep too."""
    (here / "x.yaml").symlink_to("gone.yaml")
    assert "broken link to gone.yaml" in only_error("x.yaml").message
    assert "broken link" in only_error(".").message


def test_linked_file_is_read_once(here: Path) -> None:
    """A link and its target are one file; two equal copies are two."""
    write(here / "a.yaml")
    write(here / "b.yaml")
    (here / "c.yaml").symlink_to("a.yaml")
    os.link(here / "b.yaml", here / "d.yaml")
    assert names(".") == ["a.yaml", "b.yaml", "d.yaml"]


def test_folder_loop_ends(here: Path) -> None:
    """A link to a folder above is told, and not followed."""
    write(here / "a/x.yaml")
    (here / "a/loop").symlink_to("..")
    found = list(sweeping.read_inputs(["."]))
    assert [each.path for each in found] == ["a/loop", "a/x.yaml"]
    assert found[0].error is not None
    assert "link to a folder above" in found[0].error.message


def test_link_to_another_folder_is_followed(here: Path) -> None:
    """As ConfigMap volumes are made."""
    write(here / "..data-1/x.yaml")
    (here / "linked").symlink_to("..data-1")
    assert names(".") == ["linked/x.yaml"]


def test_link_to_itself_is_told(here: Path) -> None:
    """The system's own loop detection."""
    (here / "x.yaml").symlink_to("x.yaml")
    assert only_error("x.yaml").message


def test_very_deep_folders_end(here: Path) -> None:
    """Deeper than anybody keeps manifests."""
    deep = here / "/".join(["d"] * 150)
    write(deep / "x.yaml")
    (found,) = sweeping.read_inputs(["."])
    assert found.error is not None
    assert "folders deep" in found.error.message


def test_pipe_without_a_writer_does_not_hang(here: Path) -> None:
    """It is refused before it is opened, named or in a sweep."""
    os.mkfifo(here / "x.yaml")
    assert "a named pipe" in only_error("x.yaml").message
    assert "a named pipe" in only_error(".").message


def test_devices_and_sockets_are_refused(here: Path) -> None:
    """They are no files."""
    assert "a device" in only_error("/dev/zero").message
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        assert "a socket" in only_error("s.yaml").message


def test_process_substitution_is_read(here: Path) -> None:
    """`check <(helm template …)` hands over a pipe that has a writer."""
    reader, writer = os.pipe()
    os.write(writer, b"a: 1\n")
    os.close(writer)
    (found,) = sweeping.read_inputs([f"/dev/fd/{reader}"])
    os.close(reader)
    assert found.text == "a: 1\n"


def test_missing_rights_are_told(here: Path) -> None:
    """For a file and for a folder."""
    write(here / "sub/x.yaml").chmod(0)
    write(here / "closed/x.yaml").parent.chmod(0)
    here.chmod(0o755)
    try:
        with as_ordinary_user():
            assert "may not be read" in only_error("sub/x.yaml").message
            assert "may not be read" in only_error("closed").message
    finally:
        (here / "closed").chmod(0o700)


def test_odd_names_are_fit_to_be_printed(here: Path) -> None:
    """Line breaks, escapes and bytes that are no text."""
    for name in ("a\nb.yaml", "c\x1b[31m.yaml", os.fsdecode(b"d\xff.yaml")):
        write(here / "odd" / name)
    assert names("odd") == ["odd/a\\nb.yaml", "odd/c\\x1b[31m.yaml", "odd/d\\xff.yaml"]


@examples(60, HealthCheck.function_scoped_fixture)
@given(st.text(max_size=40) | st.text("./*?[]{}~-\x00\n\\\udcff", max_size=12))
def test_read_inputs_takes_any_name(here: Path, name: str) -> None:
    """Any text as a path gives inputs or errors that can be printed, and nothing else."""
    assume(not name.startswith(("/", "~")) and ".." not in name)  # folders that are not the test's
    for found in sweeping.read_inputs([name], io.BytesIO(b"")):
        assert found.path.isprintable()
        assert (found.text is None) != (found.error is None and found.skipped is None)


@examples(60, HealthCheck.function_scoped_fixture)
@given(st.binary(max_size=60))
def test_any_content_is_text_or_an_error(here: Path, content: bytes) -> None:
    """Any bytes."""
    write(here / "x.yaml", content)
    (found,) = sweeping.read_inputs(["x.yaml"])
    assert (found.text is None) == (found.error is not None)


def test_reading_is_lazy(here: Path) -> None:
    """A file is opened when it is asked for."""
    write(here / "a.yaml")
    write(here / "b.yaml")
    inputs = sweeping.read_inputs(["."])
    assert next(inputs).path == "a.yaml"
    write(here / "b.yaml", "later: 1\n")
    assert next(inputs).text == "later: 1\n"


def test_write_new_makes_the_file_and_its_folder(here: Path) -> None:
    """Whole, and nothing beside it."""
    assert writing.write_new(".skewguard/chat.yaml", "a: é\n") == ".skewguard/chat.yaml"
    assert (here / ".skewguard/chat.yaml").read_bytes() == "a: é\n".encode()
    assert listing(here / ".skewguard") == ["chat.yaml"]


def test_write_new_never_overwrites(here: Path) -> None:
    """Not even through a broken link."""
    write(here / "x.yaml", "mine\n")
    (here / "link.yaml").symlink_to("elsewhere.yaml")
    for name in ("x.yaml", "link.yaml"):
        with pytest.raises(UsageError, match="exists already"):
            writing.write_new(name, "yours\n")
    assert (here / "x.yaml").read_text() == "mine\n"
    assert listing(here) == ["link.yaml", "x.yaml"]


def test_write_new_tells_why_it_cannot(here: Path) -> None:
    """A file where a folder should be."""
    write(here / "file")
    with pytest.raises(UsageError, match="cannot write"):
        writing.write_new("file/x.yaml", "a")


def test_find_upward_looks_in_every_folder_above(here: Path) -> None:
    """The nearest wins."""
    (here / ".skewguard").mkdir()
    (here / "a/b").mkdir(parents=True)
    assert places.find_upward("a/b", ".skewguard") == str(here / ".skewguard")
    (here / "a/.skewguard").mkdir()
    assert places.find_upward("a/b", ".skewguard") == str(here / "a/.skewguard")
    assert places.find_upward(".", "no-such-name-anywhere") is None


def test_anchor_is_relative_to_the_project(here: Path) -> None:
    """The same wherever the command is run from; the working folder where there is no project."""
    assert places.anchor_of("x/y.yaml") == "x/y.yaml"
    (here / "project/.git").mkdir(parents=True)
    assert places.anchor_of("project/k8s/deploy.yaml") == "k8s/deploy.yaml"
    (here / "project/k8s/.skewguard").mkdir(parents=True)
    assert places.anchor_of(str(here / "project/k8s/deploy.yaml")) == "k8s/deploy.yaml"
    assert places.anchor_of("<stdin>") == "<stdin>"


def test_write_replaces_a_result(here: Path) -> None:
    """Whole, through a link, and nothing beside it."""
    (here / "out").mkdir()
    writing.write("out/report.json", "one")
    writing.write("out/report.json", "two")
    (here / "out/link.json").symlink_to("report.json")
    writing.write("out/link.json", "three")
    assert (here / "out/report.json").read_text() == "three"
    assert listing(here / "out") == ["link.json", "report.json"]
    writing.write("/dev/null", "x")


def test_write_tells_why_it_cannot(here: Path) -> None:
    """A folder of that name."""
    (here / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write folder"):
        writing.write("folder", "x")


def test_write_makes_no_folder(here: Path) -> None:
    """A typo would make one that nobody looks into; the message says how to make it."""
    with pytest.raises(UsageError, match=r"cannot write a b/x\.json: there is no folder") as raised:
        writing.write("a b/x.json", "x")
    assert f"mkdir -p '{here / 'a b'}'" in str(raised.value.hint)
    assert listing(here) == []


def test_line_gives_one_line_of_an_input(here: Path) -> None:
    """Counted as YAML counts, and nothing for a file that is gone."""
    write(here / "x.yaml", "a: 1\r\nb: 2\n")
    assert [files.line("x.yaml", number) for number in (1, 2, 9, 0)] == ["a: 1", "b: 2", None, None]
    assert files.line("gone.yaml", 1) is None
