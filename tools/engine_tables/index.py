"""The package index, reached through pip: its configuration, certificates and credentials hold here as they do there.

pip gives no API for this; its version is pinned in the requirements, and nothing else here knows pip.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from msgspec import Struct
from packaging.version import Version
from pip._internal.cli.req_command import RequirementCommand
from pip._internal.commands import create_command
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.network.lazy_wheel import LazyZipOverHTTP
from pip._internal.network.session import PipSession

CHUNK = 1 << 20
"""Bytes of a download that are held in memory at once."""
GAP = 128 << 10
"""Bytes between two wanted members of a wheel up to which they are fetched in one request."""


class DownloadFailed(Exception):
    """What came is not what the index announced."""


class Artifact(Struct, frozen=True):
    """One file of a release. `pure` is a wheel without compiled parts, small enough to be fetched whole."""

    version: str
    filename: str
    url: str
    sha256: str | None

    @property
    def sdist(self) -> bool:
        """Whether it is a source distribution."""
        return self.filename.endswith(".tar.gz")

    @property
    def pure(self) -> bool:
        """Whether it is a wheel without compiled parts."""
        return self.filename.endswith("-none-any.whl")


class Index:
    """One conversation with the index."""

    def __init__(self, session: PipSession, finder: PackageFinder) -> None:
        self._session = session
        self._finder = finder

    def releases(self, project: str, first: str) -> list[Artifact]:
        """The best file of every release from `first` on, oldest first: its sdist, else a wheel."""
        best: dict[Version, Artifact] = {}
        for candidate in self._finder.find_all_candidates(project):
            found = _artifact(candidate)
            version = Version(str(candidate.version))  # pip's own copy of the class does not compare with ours
            if found is None or version.is_prerelease or version < Version(first):
                continue
            if version not in best or _rank(found) < _rank(best[version]):
                best[version] = found
        return [best[version] for version in sorted(best)]

    def download(self, artifact: Artifact, into: BinaryIO) -> None:
        """Write a whole file. Raises `DownloadFailed` when it is not the one that the index announced."""
        reply = self._session.get(artifact.url, stream=True, headers={"Accept-Encoding": "identity"})
        reply.raise_for_status()
        digest = hashlib.sha256()
        for chunk in reply.iter_content(CHUNK):
            digest.update(chunk)
            into.write(chunk)
        if artifact.sha256 != digest.hexdigest():
            raise DownloadFailed(f"{artifact.filename}: its SHA-256 is not the one in the index")

    @contextmanager
    def members(self, artifact: Artifact, wanted: Sequence[re.Pattern[str]]) -> Iterator[ZipFile]:
        """A wheel of which only the wanted members were fetched, by range requests."""
        with LazyZipOverHTTP(artifact.url, self._session) as lazy, ZipFile(lazy) as wheel:
            chosen = [each for each in wheel.infolist() if any(rule.match(each.filename) for rule in wanted)]
            for start, end in _spans(chosen):
                lazy.seek(start)
                lazy.read(end - start)
            yield wheel


@contextmanager
def connect() -> Iterator[Index]:
    """The index that pip, or else uv, is configured for."""
    command = create_command("download")
    assert isinstance(command, RequirementCommand)
    words = ["--no-deps", "--no-cache-dir", "--quiet"]
    uv = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
    if uv and not os.environ.get("PIP_INDEX_URL"):
        words += ["--index-url", uv]
    options, _ = command.parser.parse_args([*words, "."])
    with command.main_context():
        session = command.get_default_session(options)
        yield Index(session, command._build_package_finder(options, session, ignore_requires_python=True))  # noqa: SLF001


def _artifact(candidate: InstallationCandidate) -> Artifact | None:
    link = candidate.link
    name = link.filename
    if not name.endswith((".tar.gz", "-none-any.whl")) and "manylinux" not in name:
        return None
    return Artifact(
        str(candidate.version), name, link.url_without_fragment, link.hash if link.hash_name == "sha256" else None
    )


def _rank(artifact: Artifact) -> tuple[bool, bool, str]:
    return (not artifact.sdist, not artifact.pure, artifact.filename)


def _spans(members: Sequence[ZipInfo]) -> Iterator[tuple[int, int]]:
    """Byte ranges that hold all members, neighbours joined; a local header is at most a few hundred bytes longer."""
    start = end = -1
    for each in sorted(members, key=lambda each: each.header_offset):
        last = each.header_offset + each.compress_size + len(each.filename) + 512
        if start < 0 or each.header_offset > end + GAP:
            if start >= 0:
                yield start, end
            start = each.header_offset
        end = last
    if start >= 0:
        yield start, end
