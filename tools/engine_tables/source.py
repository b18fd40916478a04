"""The Python files of one release, by their path inside the package's parent folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile


class Source:
    """Text by path (`vllm/engine/arg_utils.py`)."""

    def __init__(self, version: str, files: Mapping[str, str]) -> None:
        self.version = version
        self._files = files

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def text(self, path: str) -> str:
        """The text of a file. Raises KeyError where the release has none of that path."""
        return self._files[path]

    def under(self, folder: str) -> Iterator[str]:
        """The paths below a folder, in order."""
        return (path for path in sorted(self._files) if path.startswith(folder + "/"))


class _Zipped(Mapping[str, str]):
    """Files of a ZIP, read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._zip = ZipFile(path)
        self._names = dict.fromkeys(self._zip.namelist())

    def __getitem__(self, path: str) -> str:
        return self._zip.read(path).decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, path: object) -> bool:
        return path in self._names


def opened(version: str, path: Path) -> Source:
    """The source that `fetching` kept."""
    return Source(version, _Zipped(path))
