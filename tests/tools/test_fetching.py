"""What is kept of a release: the Python files that are read, and nothing else."""

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import BinaryIO, cast
from zipfile import ZIP_STORED, ZipFile

import pytest
from pip._internal.network.session import PipSession

from tools.engine_tables import source
from tools.engine_tables.fetching import Cache
from tools.engine_tables.index import Artifact, DownloadFailed, Index

WANTED = (r"engine/(?!models/).*\.py$",)
FILES = {
    "engine/args.py": b"A = 1\n",
    "engine/models/big.py": b"B = 2\n",
    "engine/kernel.so": bytes(300_000),
    "engine/zz/last.py": b"C = 3\n",
    "setup.py": b"raise SystemExit\n",
}


def _sdist(folder: str = "") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(f"engine-1.0/{folder}{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def _wheel() -> bytes:
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_STORED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return held.getvalue()


class FakeIndex:
    """Hands out one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def download(self, artifact: Artifact, into: BinaryIO) -> None:
        """Write it."""
        into.write(self.content)


def _kept(tmp_path: Path, filename: str, content: bytes) -> list[str]:
    cache = Cache(tmp_path, "engine", WANTED)
    index = cast("Index", FakeIndex(content))
    list(cache.fill(index, [Artifact("1.0", filename, "", None)]))

    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["1.0.zip"]
    return sorted(source.opened("1.0", cache.path("1.0")).under("engine"))


@pytest.mark.parametrize("folder", ["", "python/"])
def test_sdist_leaves_only_the_wanted_python_files(tmp_path: Path, folder: str) -> None:
    """The tarball is gone, and so are its top folder and the one that some projects keep their package in."""
    assert _kept(tmp_path, "engine-1.0.tar.gz", _sdist(folder)) == ["engine/args.py", "engine/zz/last.py"]


def test_pure_wheel_is_kept_alike(tmp_path: Path) -> None:
    """It is small and fetched whole."""
    assert _kept(tmp_path, "engine-1.0-py3-none-any.whl", _wheel()) == ["engine/args.py", "engine/zz/last.py"]


def test_kept_releases_are_not_fetched_again_and_come_in_order(tmp_path: Path) -> None:
    """By version, not by name."""
    cache = Cache(tmp_path, "engine", WANTED)
    releases = [Artifact(version, f"engine-{version}.tar.gz", "", None) for version in ("1.10", "1.9")]
    list(cache.fill(cast("Index", FakeIndex(_sdist())), releases))

    assert cache.versions() == ["1.9", "1.10"]
    assert cache.missing(releases) == []


class Ranged(BaseHTTPRequestHandler):
    """A server of one file that answers ranges, and notes them."""

    content = b""
    asked: list[tuple[int, int]] = []  # noqa: RUF012  # shared on purpose: a handler lives for one request

    def do_HEAD(self) -> None:
        """The size, and that ranges are answered."""
        self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()

    def do_GET(self) -> None:
        """The range that is asked for, or everything."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(found[1]), int(found[2])) if found else (0, len(self.content) - 1)
        self.asked.append((first, last))
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(self.content[first : last + 1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _served(content: bytes) -> Iterator[tuple[Index, str]]:
    Ranged.content, Ranged.asked = content, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Ranged) as server, PipSession() as session:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Index(session, cast("object", None)), f"http://127.0.0.1:{server.server_port}/engine.whl"  # type: ignore[arg-type]
        finally:
            server.shutdown()


def test_big_wheel_gives_single_members_by_range(tmp_path: Path) -> None:
    """The compiled part between them is never sent."""
    with _served(_wheel()) as (index, url):
        cache = Cache(tmp_path, "engine", WANTED)
        list(cache.fill(index, [Artifact("1.0", "engine-1.0-cp38-abi3-manylinux_x86_64.whl", url, None)]))

    assert source.opened("1.0", cache.path("1.0")).text("engine/zz/last.py") == "C = 3\n"
    assert sum(last - first + 1 for first, last in Ranged.asked) < 100_000


def test_download_that_is_not_what_the_index_announced_is_refused() -> None:
    """Its checksum decides."""
    content = _sdist()
    good = hashlib.sha256(content).hexdigest()
    with _served(content) as (index, url):
        held = io.BytesIO()
        index.download(Artifact("1.0", "engine-1.0.tar.gz", url, good), held)
        with pytest.raises(DownloadFailed, match="SHA-256"):
            index.download(Artifact("1.0", "engine-1.0.tar.gz", url, "0" * 64), io.BytesIO())

    assert held.getvalue() == content
