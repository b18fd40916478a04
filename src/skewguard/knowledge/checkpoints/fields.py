"""Reading the keys of a config: what is absent or null is None, what is of another type is the user's to mend."""

from collections.abc import Mapping, Sequence
from typing import Any

from skewguard.language.errors import InputError


class Fields:
    """One mapping of a file, its keys asked for by name. `where` is the file, with the path of a part of it."""

    def __init__(self, values: Mapping[str, Any], file: str, where: str = "") -> None:
        self.values = values
        self.file = file
        self._where = where

    def integer(self, *names: str) -> int | None:
        """The first of these keys that holds a whole number; a list (one number per layer) counts as absent."""
        for name in names:
            value = self.values.get(name)
            if value is None or isinstance(value, list | Mapping):
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
                raise self._wrong(name, value, "a whole number")
            return int(value)
        return None

    def number(self, *names: str) -> float | None:
        """The first of these keys that holds a number."""
        for name in names:
            value = self.values.get(name)
            if value is None or isinstance(value, list | Mapping):
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._wrong(name, value, "a number")
            return float(value)
        return None

    def text(self, *names: str) -> str | None:
        """The first of these keys that holds text."""
        for name in names:
            value = self.values.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise self._wrong(name, value, "text")
            return value
        return None

    def boolean(self, name: str) -> bool | None:
        """A key that holds true or false."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A key that holds a list of texts; empty where it is absent."""
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def part(self, name: str) -> "Fields | None":
        """A key that holds a mapping; None where it is absent or empty."""
        value = self.values.get(name)
        if not value:
            return None
        if not isinstance(value, Mapping):
            raise self._wrong(name, value, "a mapping")
        return Fields(value, self.file, f"{self._where}{name}.")

    def _wrong(self, name: str, value: Any, what: str) -> InputError:
        shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}…"
        return InputError(
            f"{self.file}: `{self._where}{name}` is {shown}, and a model's config has {what} there",
            hint="give the config.json of a Hugging Face checkpoint as it was saved",
            file=self.file,
        )
