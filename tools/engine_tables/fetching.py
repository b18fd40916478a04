"""The cache of engine sources: one ZIP of Python files for each release, outside the repository.

An sdist is fetched whole, checked, and thrown away once its Python files are taken; of a wheel with compiled parts
only the members wanted are fetched.
"""

import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from packaging.version import Version

from tools.engine_tables.index import Artifact, Index

AT_ONCE = 3
"""Downloads that run beside each other: each holds a tarball of up to 50 MB on disk."""

File = tuple[str, bytes]


def default_cache() -> Path:
    """Where sources are kept unless somebody says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "skewguard" / "engine-sources"


class Cache:
    """The kept sources of one engine. `wanted` are the patterns of the paths that are kept."""

    def __init__(self, folder: Path, project: str, wanted: Sequence[str]) -> None:
        self._folder = folder / project
        self._wanted = tuple(re.compile(rule) for rule in wanted)

    def path(self, version: str) -> Path:
        """The ZIP of one release, whether it is there or not."""
        return self._folder / f"{version}.zip"

    def versions(self) -> list[str]:
        """The releases that are kept, oldest first."""
        return sorted((path.stem for path in self._folder.glob("*.zip")), key=Version)

    def missing(self, releases: Sequence[Artifact]) -> list[Artifact]:
        """The releases that are not kept yet."""
        return [each for each in releases if not self.path(each.version).exists()]

    def fill(self, index: Index, releases: Sequence[Artifact]) -> Iterator[Artifact]:
        """Fetch what is missing; yields each release that has come."""
        self._folder.mkdir(parents=True, exist_ok=True)

        def take(artifact: Artifact) -> Artifact:
            self._take(index, artifact)
            return artifact

        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(take, self.missing(releases))

    def _take(self, index: Index, artifact: Artifact) -> None:
        with TemporaryDirectory(dir=self._folder) as scratch:
            kept = Path(scratch) / "kept.zip"
            if artifact.sdist or artifact.pure:
                whole = Path(scratch) / "whole"
                with whole.open("wb") as into:
                    index.download(artifact, into)
                with whole.open("rb") as stream:
                    _keep(_tarred(stream) if artifact.sdist else _zipped(ZipFile(stream)), self._wanted, kept)
            else:
                with index.members(artifact, self._wanted) as wheel:
                    _keep(_zipped(wheel, self._wanted), self._wanted, kept)
            kept.replace(self.path(artifact.version))


def _keep(files: Iterator[File], wanted: Sequence[re.Pattern[str]], target: Path) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED) as kept:
        for path, content in files:
            if any(rule.match(path) for rule in wanted):
                kept.writestr(path, content)


def _tarred(stream: BinaryIO) -> Iterator[File]:
    """Python files of an sdist, without its top folder, nor the `python` folder that SGLang has below it."""
    with tarfile.open(fileobj=stream, mode="r|gz") as archive:
        for member in archive:
            path = member.name.partition("/")[2].removeprefix("python/")
            if member.isfile() and path.endswith(".py"):
                content = archive.extractfile(member)
                assert content is not None
                yield path, content.read()


def _zipped(wheel: ZipFile, wanted: Sequence[re.Pattern[str]] = ()) -> Iterator[File]:
    for name in wheel.namelist():
        if name.endswith(".py") and (not wanted or any(rule.match(name) for rule in wanted)):
            yield name, wheel.read(name)
