"""The HTML page: complete in itself, well formed, and deaf to whatever a manifest says."""

from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.results import CheckReport
from skewguard.report import render
from skewguard.report.characters import visible
from tests.report.every_report import EVERY_REPORT
from tests.report.reports import OPTIONS, REPORT, finding, lines, summary

PAGES = sorted(name for name in EVERY_REPORT if not name.startswith("explain"))
VOID = {"meta", "br"}
KNOWN = {
    "html", "head", "meta", "title", "style", "body", "main", "footer", "section", "article", "details", "summary",
    "h1", "h2", "h3", "p", "span", "strong", "code", "pre", "mark", "ul", "li", "dl", "dt", "dd", "br",
    "table", "thead", "tbody", "tr", "th", "td", "div",
    "figure", "figcaption", "svg", "desc", "path", "line", "rect", "circle", "text",
}  # fmt: skip

DRAWN = {
    "viewbox", "xmlns", "role", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "text-anchor",
    "transform",
}  # fmt: skip
"""Attributes of what is drawn: places on the paper, none of which can name another place on the network."""


class Reader(HTMLParser):
    """Reads a page: its tags, its text, its attributes, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text of the page."""
        return "".join(self.texts)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_well_formed(name: str) -> None:
    """Every element is known and closed."""
    read = Reader(render(EVERY_REPORT[name], "html", OPTIONS))
    assert read.open == []
    assert set(read.tags) <= KNOWN


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_for_nothing(name: str) -> None:
    """No script, no image, no font and no link: it shows the same without any network, and a policy forbids the rest."""
    read = Reader(render(EVERY_REPORT[name], "html", OPTIONS))
    assert {key for key, _ in read.attributes} <= {
        "class",
        "charset",
        "http-equiv",
        "content",
        "name",
        "lang",
        "scope",
    } | DRAWN
    assert any(value and value.startswith("default-src 'none'") for _, value in read.attributes)


@given(st.text(max_size=60))
def test_text_of_a_manifest_stays_text(text: str) -> None:
    """Whatever a manifest says is shown as written, and makes no element."""
    plain = set(Reader(render(_about("x"), "html", OPTIONS)).tags)
    read = Reader(render(_about(text), "html", OPTIONS))
    assert set(read.tags) <= plain | {"code"}
    said = "".join(text.split("`")) if text.count("`") % 2 == 0 else text
    assert "\n".join(visible(line) for line in said.split("\n")) in read.text


def _about(text: str) -> CheckReport:
    found = finding("a.b", message=text)
    return msgspec.structs.replace(
        REPORT, findings=(found,), errors=(), missing=(), notes=(), summary=summary((found,), ())
    )


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x onerror=y>", "</style><b>", "&lt;", "]]>"])
def test_markup_in_a_manifest_is_shown(text: str) -> None:
    """Tags in a message, a place or a source line are text."""
    options = msgspec.structs.replace(OPTIONS, lines=lambda _file, _line: f"- {text}")
    read = Reader(render(msgspec.structs.replace(_about(text), notes=(text,)), "html", options))
    assert read.text.count(text) >= 2
    assert set(read.tags) <= KNOWN


def test_offence_is_marked_in_its_line() -> None:
    """The source line stands there, and the part that is meant is marked."""
    page = render(REPORT, "html", OPTIONS)
    assert (lines("deploy.yaml", 12) or "").strip() == "- --quantization bitsandbytes"
    assert "<mark>--quantization bitsandbytes</mark>" in page


def test_every_finding_is_on_the_page() -> None:
    """News, notes, waivers and open questions: none is left out."""
    text = Reader(render(REPORT, "html", OPTIONS)).text
    assert [item.id for item in REPORT.findings if item.id not in text] == []


def test_exit_code_is_explained() -> None:
    """The page says how the run ended, for those who did not see it."""
    assert "1: a finding at or above the severity that fails" in Reader(render(REPORT, "html", OPTIONS)).text
