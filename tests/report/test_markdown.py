"""Markdown for pull requests: readable, bounded, and deaf to whatever a manifest says."""

import re
from html import unescape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from skewguard.report import render
from skewguard.report.characters import visible
from skewguard.report.markdown import page
from tests.report.every_report import EVERY_REPORT
from tests.report.reports import DIFF, FINE, OPTIONS, REPORT, SETTINGS, finding, summary

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""An independent reader of GitHub's dialect, as far as escapes matter."""

HOSTILE = st.text(alphabet=st.sampled_from("ab1 `*_~[]()<>!|\\#@-+=.&$:/'\"\n"), max_size=40)


def shown(markdown: str) -> str:
    """What a reader sees of one paragraph: its HTML without tags and comments."""
    html = READER.render(markdown)
    return unescape(re.sub(r"<!--.*?-->|</?(?:p|code)>", "", html)).strip("\n")


def as_read(text: str) -> str:
    """A text as prose means it: on one line, blanks folded, backticks in pairs marking code."""
    pieces = text.replace("\n", " ").split("`")
    return "".join(pieces) if len(pieces) % 2 else "`".join(pieces)


def folded(text: str) -> str:
    """Text with its blanks folded, as HTML shows it."""
    return " ".join(visible(text).split())


@given(HOSTILE)
def test_prose_means_nothing_but_itself(text: str) -> None:
    """Emphasis, links, images, HTML and lists written in a manifest are shown as they were written."""
    assert folded(shown(page.text(text))) == folded(as_read(text))


@given(HOSTILE)
def test_code_means_nothing_but_itself(text: str) -> None:
    """Inline code holds any text, whatever backticks are in it."""
    assert folded(shown("x " + page.code(text))) == folded("x " + visible(text))


@given(HOSTILE, HOSTILE)
def test_table_keeps_its_columns(first: str, second: str) -> None:
    """No text of a cell opens another one or ends the row."""
    html = READER.render(page.table(("a", "b"), [(page.text(first), page.code(second))]))
    assert html.count("<td>") == 2
    assert html.count("<tr>") == 2


@given(HOSTILE)
def test_block_ends_where_it_should(text: str) -> None:
    """No fence inside a source line ends its block."""
    html = READER.render(page.block([text]) + "\n\nafter")
    assert html.count("<pre>") == 1
    assert html.rstrip().endswith("<p>after</p>")


@pytest.mark.parametrize("text", ["@team", "fixed in #12", "see https://example.org", "www.example.org", "GH-7"])
def test_nobody_is_called_and_nothing_is_linked(text: str) -> None:
    """GitHub links a mark and the word behind it; an empty comment stands between them."""
    assert "<!-- -->" in page.text(text)
    assert folded(shown(page.text(text))) == text


def test_comment_is_never_longer_than_may_be_posted() -> None:
    """Findings that do not fit are left out, and their number is said."""
    many = tuple(
        finding("args.unknown", anchor=f"--flag-{number}", message="x" * 500, setting=f"vllm.flag_{number}")
        for number in range(300)
    )
    text = render(msgspec.structs.replace(REPORT, findings=many, summary=summary(many, ())), "markdown", OPTIONS)
    assert len(text) < 65_536
    left_out = re.search(r"\*\*(\d+) more parts are left out here", text)
    assert left_out is not None
    shown_findings = text.count("**error**")
    assert shown_findings + int(left_out[1]) >= 300
    assert "300 errors" in text.splitlines()[0]


def test_fine_check_is_short() -> None:
    """Where nothing is wrong there is a verdict and a closing line."""
    text = render(FINE, "markdown", OPTIONS)
    assert text.startswith("### ✅ skewguard: 1 check passed")
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize("name", sorted(name for name in EVERY_REPORT if not name.startswith("explain")))
def test_folded_parts_are_closed_again(name: str) -> None:
    """What is folded away does not swallow what follows."""
    text = render(EVERY_REPORT[name], "markdown", OPTIONS)
    assert text.count("<details>") == text.count("</details>")


def test_worst_finding_comes_first() -> None:
    """The first finding a reviewer meets is an error, and it has its place and its edit."""
    text = render(REPORT, "markdown", OPTIONS)
    first = text[text.index("- ") :].split("\n- ")[0]
    assert "**error**" in first
    assert "`deploy.yaml:12:15`" in first
    assert "**fix:** Write two list items" in first


def test_diff_says_what_will_not_start() -> None:
    """A side whose parser refuses the arguments is told before any setting."""
    text = render(DIFF, "markdown", OPTIONS)
    assert text.index("b will not start") < text.index("limits.max_model_len")


def test_settings_that_nobody_wrote_are_folded() -> None:
    """What somebody wrote is in sight; what the engine decides outside the vocabulary is folded away."""
    text = render(SETTINGS, "markdown", OPTIONS)
    assert text.index("limits.max_model_len") < text.index("<details>") < text.index("vllm.schedule_policy")
