"""Source lines as a report may show them: without secrets, and with the offence still marked.

On a line alone a secret often has no name: `value: …` stands under `name: HF_TOKEN`, a list item under its flag.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from skewguard.language import redact, secret_names
from skewguard.language.facts import Origin
from skewguard.report.options import Lines, Marked


def marked(origin: Origin, lines: Lines | None, redacted: Callable[[str], str]) -> Marked | None:
    """The source line of a place, without secrets, and where in it the place now stands."""
    if lines is None or origin.file is None or origin.line is None:
        return None
    raw = lines(origin.file, origin.line)
    if raw is None:
        return None
    before = lines(origin.file, origin.line - 1) if origin.line > 1 else None
    shown = redacted(_after(before or "", _without_secrets(raw)))
    start = min(max((origin.column or 1) - 1, 0), len(raw))
    end = min(max((origin.end_column or 0) - 1, start), len(raw))
    if shown != raw:
        start, end = _moved(raw, shown, start, end)
    return Marked(shown, start, end)


def _without_secrets(line: str) -> str:
    """A line without the data of a Secret: a whole list of objects may stand on one line, a Secret among them."""
    if "Secret" not in line or "ata" not in line:
        return line
    return re.sub(r"""(\b(?:stringData|data)["']?\s*:\s*)\{[^{}]*\}""", r"\1{…}", line)


@cache
def _words() -> re.Pattern[str]:
    """The words of a line of YAML: quoted ones whole, flow lists and blanks between them."""
    return re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s,\[\]{}\"']+")


@cache
def _flags() -> re.Pattern[str]:
    return re.compile(r"(?<![\w-])--?[A-Za-z][\w.-]*")


@lru_cache(maxsize=1024)  # several findings point at one line, and manifests of a fleet at equal ones
def _after(before: str, line: str) -> str:
    """A line whose secret is named before it: `- name: HF_TOKEN` or `- --api-key` above, `"--api-key",` beside it."""
    before = before.rstrip(" \\")
    lines = redact.free_text(f"{before}\n{line}").split("\n")
    if len(lines) != 2:  # a private key over both lines
        return redact.free_text(line)
    above, shown = lines
    if not any(secret_names.is_secret(flag) for flag in _flags().findall(f"{above} {shown}")):
        return shown
    words = [match for match in _words().finditer(shown) if match[0] != "-"]
    last = [word for word in _words().findall(above) if word != "-"][-1:] or [""]
    for name, match in reversed(list(zip([*last, *(match[0] for match in words)], words, strict=False))):
        flag, secret = name.strip("\"'"), match[0].strip("\"'")
        if flag.startswith("-") and secret_names.is_secret(flag) and not secret.startswith("-"):
            hidden = match[0].replace(secret, redact.value(flag, secret))
            shown = shown[: match.start()] + hidden + shown[match.end() :]
    return shown


def _moved(raw: str, shown: str, start: int, end: int) -> tuple[int, int]:
    """Where `start` and `end` of `raw` stand in `shown`, which differs from it in the middle."""
    common = min(len(raw), len(shown))
    head = next((i for i in range(common) if raw[i] != shown[i]), common)
    tail = next((i for i in range(common - head) if raw[-1 - i] != shown[-1 - i]), common - head)
    shift = len(shown) - len(raw)

    def place(position: int, inside: int) -> int:
        if position <= head:
            return position
        return position + shift if position >= len(raw) - tail else inside

    return place(start, head), place(end, len(shown) - tail)
