"""The page that HTML reports are written on: elements that escape what is put into them, and the one style sheet.

The standard library's element tree writes the page, so no text of a manifest can become markup; what a browser would
obey instead of show (bidirectional marks) is written as escapes. A content policy in the head forbids everything that
is not in the page.
"""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

from skewguard import __version__
from skewguard.report.characters import visible

Part = Element | str | None

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { --ink: #1b1f24; --paper: #fff; --faint: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --error: #b3261e; --warning: #8a5300; --note: #0b57a4; --unknown: #6b3fa0; --good: #1a6b2f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --faint: #9198a1; --line: #30363d; --box: #161b22;
    --error: #ff8a80; --warning: #f0b050; --note: #79b8ff; --unknown: #c9a2ff; --good: #6fdd8b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
.name, .word { white-space: nowrap; } .strong { font-weight: bold; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
code, pre, .place { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--box); border: 1px solid var(--line); padding: .5rem; overflow-x: auto; white-space: pre-wrap; }
mark { background: none; color: inherit; font-weight: bold; text-decoration: underline wavy currentColor; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid var(--line); } th { color: var(--faint); font-weight: normal; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--faint); } dd { margin: 0; }
article { border: 1px solid var(--line); border-left: .3rem solid var(--faint); padding: .5rem 1rem; margin: .8rem 0; }
article p { margin: .4rem 0; } .verdict { font-size: 1.1rem; font-weight: bold; } .faint { color: var(--faint); }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
.unknown { color: var(--unknown); } .good { color: var(--good); } .word { font-weight: bold; }
article.error { border-left-color: var(--error); } article.warning { border-left-color: var(--warning); }
article.note { border-left-color: var(--note); } article.unknown { border-left-color: var(--unknown); }
article.error, article.warning, article.note, article.unknown { color: var(--ink); }
@media print { body { max-width: none; padding: 0; } article, tr { break-inside: avoid; } }
"""


def el(tag: str, *parts: Part, of: str = "", **attributes: str) -> Element:
    """An element of class `of` holding texts and elements; None stands for nothing."""
    element = Element(tag, {"class": of, **attributes} if of else attributes)
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Element):
            element.append(part)
        else:
            _add_text(element, part)
    return element


def _add_text(element: Element, said: str) -> None:
    shown = "\n".join(visible(line) for line in said.split("\n"))
    if len(element):
        element[-1].tail = (element[-1].tail or "") + shown
    else:
        element.text = (element.text or "") + shown


def prose(said: str, tag: str = "p", of: str = "") -> Element:
    """A sentence; what stands between backticks is code, as our messages mean it."""
    pieces = said.split("`")
    if len(pieces) % 2 == 0:
        return el(tag, said, of=of)
    return el(tag, *(el("code", piece) if number % 2 else piece for number, piece in enumerate(pieces)), of=of)


def table(head: Sequence[str], rows: Iterable[Sequence[Part]]) -> Element:
    """A table with a row of headings."""
    return el(
        "table",
        el("thead", el("tr", *(el("th", name, scope="col") for name in head))),
        el("tbody", *(el("tr", *(el("td", cell) for cell in row)) for row in rows)),
    )


def pairs(rows: Iterable[tuple[str, str]]) -> Element:
    """Names and texts, side by side."""
    return el("dl", *(part for name, said in rows for part in (el("dt", name), prose(said, "dd"))))


def listed(items: Iterable[Element]) -> Element | None:
    """A list; None without items."""
    rows = [el("li", item) for item in items]
    return el("ul", *rows) if rows else None


def section(title: str, *parts: Part) -> Element | None:
    """A section with its heading; None where nothing is in it."""
    inside = [part for part in parts if part is not None]
    return el("section", el("h2", title), *inside) if inside else None


def written(title: str, *parts: Part, style: str = "") -> str:
    """The whole page as text. `style` is what this page needs beside the common style sheet."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", **{"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", title),
        el("style", _STYLE + style),
    )
    foot = el("footer", el("p", f"made by skewguard {__version__}", of="faint"))
    page = el("html", head, el("body", el("main", *parts), foot), lang="en")
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"
