"""The paper of a Markdown report: blocks, escapes, and the only way text reaches the comment.

Manifests come from anywhere, and a comment is read by people with rights. So nothing that a manifest says may become a
link, an image, HTML, a mention (`@team`) or a reference (`#12`): it is shown as it was written.
Source of the syntax: GitHub Flavored Markdown Spec; of the length: the REST API of GitHub, "Create an issue comment".
"""

import re
from collections.abc import Iterable, Sequence

from skewguard.report.characters import visible, visible_lines

LONGEST = 60_000
"""Characters of one report. GitHub refuses comments of more than 65,536; whoever posts may add a few lines."""

_ROOM_TO_SAY_SO = 400
_ACTIVE = re.compile(r"([\\`*\[\]<>&|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_AT_THE_START = re.compile(r"^(\s*)([-+#=]|\d+[.)])")
_CALLS = re.compile(r"(?<![A-Za-z0-9])@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)")
_BAR = re.compile(r"(?<!\\)\|")
_HARMLESS = "<!-- -->"


def text(said: str) -> str:
    """Prose in one line. What stands between backticks becomes code, as our messages mean it; the rest is escaped."""
    pieces = visible(said.replace("\n", " ")).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is only a character
        return _escaped("`".join(pieces))
    parts = [code(piece) if number % 2 else _escaped(piece) for number, piece in enumerate(pieces)]
    parts[2:-1:2] = [part or _HARMLESS for part in parts[2:-1:2]]  # or the fences of two neighbours would become one
    return "".join(parts)


def _escaped(said: str) -> str:
    """Text without any meaning of its own: an empty comment after a mark keeps GitHub from linking what it begins."""
    escaped = _AT_THE_START.sub(
        lambda match: match[1] + match[2][:-1] + "\\" + match[2][-1], _ACTIVE.sub(r"\\\1", said)
    )
    return _CALLS.sub(lambda match: match[0] + _HARMLESS, escaped)


def code(said: str) -> str:
    """Text as inline code, whatever backticks are in it."""
    shown = visible(said)
    if not shown.strip():
        return f"<code>{shown}</code>" if shown else ""
    fence = "`" * (_longest_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def block(lines: Sequence[str], language: str = "") -> str:
    """A block of code; the fence is longer than any in it."""
    body = visible_lines("\n".join(lines))
    fence = "`" * max(_longest_run(body) + 1, 3)
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_run(said: str) -> int:
    return max((len(run) for run in re.findall("`+", said)), default=0)


def folded(title: str, blocks: Iterable[str]) -> str:
    """Blocks behind a line that opens them. `title` is our own plain text."""
    inside = "\n\n".join(blocks)
    return f"<details><summary>{_in_html(title)}</summary>\n\n{inside}\n\n</details>"


def _in_html(said: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        said = said.replace(character, entity)
    return visible(said)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Cells are Markdown already, on one line each; a bar in them is escaped, in code too, as GitHub wants."""
    cells = ([_BAR.sub(r"\\|", cell) for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def joined(blocks: Sequence[str], ending: str, omitted: str) -> str:
    """All blocks and the closing line; those that would make the comment too long are left out, and that is said.

    `omitted` is a sentence with `{}` in the place of the number of blocks left out.
    """
    room = LONGEST - len(ending) - _ROOM_TO_SAY_SO
    kept: list[str] = []
    for item in blocks:
        if len(item) + 2 > room:
            break
        kept.append(item)
        room -= len(item) + 2
    if len(kept) < len(blocks):
        kept.append("**" + omitted.format(len(blocks) - len(kept)) + "**")
    return "\n\n".join([*kept, ending]) + "\n"
