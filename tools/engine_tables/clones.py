"""A clone of an engine's repository: which releases it has, and the text of a file in one of them.

For engines that are not Python packages. Somebody clones the repository first; nothing is checked out.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path


class Clone:
    """A clone, with or without a work tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tags(self, pattern: str) -> Iterator[str]:
        """The tags that match a pattern whole."""
        yield from (tag for tag in self._git("tag").splitlines() if re.fullmatch(pattern, tag))

    def text(self, tag: str, path: str) -> str | None:
        """A file as the release has it; None where it has none of that path."""
        if not self._git("ls-tree", "--name-only", f"refs/tags/{tag}", path).strip():
            return None
        return self._git("show", f"refs/tags/{tag}:{path}")

    def _git(self, *words: str) -> str:
        command = ["git", "-C", str(self._folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
