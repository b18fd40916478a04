"""The words and operators of a shell script, each with its place in the text.

The rules are those of POSIX XCU 2.3 (token recognition) and 2.6 (expansions), with what bash adds and people use:
`$'…'`, arrays, `[[ ]]`, `&>`, here-strings. Nothing is executed, nothing raises, and every character is read once:
what cannot be understood becomes an opaque part of a word, so that a reader knows there is something unknown.
"""

import re
from functools import cache

from skewguard.observe.sources.syntax import Item, Lexed, Part, Word
from skewguard.observe.sources.texts import HELD

MAX_ITEMS = 50_000
"""Most words and operators that are read of one script; ten times what the commands read of it have."""

MAX_NESTING = 12
"""Deepest `${A:-${B:-…}}` that is followed; deeper ones are opaque."""


def lex(script: str) -> Lexed:
    """Take a script apart; unknown parts of it are written as `HELD` characters."""
    lexer = _Lexer(script)
    lexer.run()
    return Lexed(tuple(lexer.items), lexer.broken)


@cache
def _plain() -> re.Pattern[str]:
    return re.compile(rf"[^\s;&|<>()\\'\"$`{HELD}]+")


@cache
def _in_quotes() -> re.Pattern[str]:
    return re.compile(rf"[^\\\"$`{HELD}]+")


@cache
def _in_braces() -> re.Pattern[str]:
    return re.compile(rf"[^\\\"'$`}}{HELD}]+")


@cache
def _parameter() -> re.Pattern[str]:
    return re.compile(
        r"(?P<name>[A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[(?P<index>[^\]\[\s]*)\])?"
        r"(?P<operator>:?[-=+?]|:(?=\s*[\d$-])|(?=\}))",
        re.ASCII,
    )


_OPERATORS = re.compile(r"&&|\|\||;;&|;;|;&|\|&|[;|()]|&(?!>)")
_REDIRECTS = re.compile(r"&>>|&>|<<<|<<-|<<|<&|<>|<(?!\()|>>|>&|>\||>(?!\()")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}


class _Lexer:
    """One run over one script."""

    def __init__(self, script: str) -> None:
        self.text = script
        self.at = 0
        self.items: list[Item] = []
        self.broken: int | None = None
        self._documents: list[tuple[str, bool]] = []
        self._mistaken = 0

    def run(self) -> None:
        text = self.text
        while self.at < len(text) and len(self.items) < MAX_ITEMS:
            character = text[self.at]
            if character in " \t":
                self.at += 1
            elif character == "\n":
                self._line_end()
            elif character == "\\" and text.startswith("\n", self.at + 1):
                self.at += 2
            elif character == "#":
                end = text.find("\n", self.at)
                self.at = end if end >= 0 else len(text)
            else:
                self._token()

    def _line_end(self) -> None:
        self.items.append(Item("operator", "\n", self.at))
        self.at += 1
        for delimiter, tabs in self._documents:
            self._skip_document(delimiter, strip_tabs=tabs)
        self._documents.clear()

    def _skip_document(self, delimiter: str, *, strip_tabs: bool) -> None:
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = end if end >= 0 else len(self.text)
            line = self.text[self.at : end]
            self.at = min(end + 1, len(self.text))
            if (line.lstrip("\t") if strip_tabs else line) == delimiter:
                return

    def _token(self) -> None:
        text, start = self.text, self.at
        if text.startswith("((", start) and self._skipped_arithmetic(start):
            return
        operator = _OPERATORS.match(text, start)
        if operator:
            self.at = operator.end()
            self.items.append(Item("operator", operator.group(), start))
            return
        redirect = _REDIRECTS.match(text, start)
        if redirect:
            self._redirect(redirect.group())
            return
        word = self._word()
        descriptor = word.plain is not None and word.plain.isdigit() and text[self.at : self.at + 1] in ("<", ">")
        if not (descriptor and self.at < len(text)):
            self.items.append(Item("word", word.plain or "", start, word))

    def _skipped_arithmetic(self, start: int) -> bool:
        if self._mistaken > MAX_NESTING:
            return False
        broken = self.broken
        end = self._after_parentheses(start + 2, depth=2)
        if not self.text.endswith("))", start, end):  # two subshells in each other: read them again as such
            self.broken = broken
            self._mistaken += 1
            return False
        self.at = end
        self.items.append(Item("word", "((", start, Word((Part("opaque", start, end),), start, end, "((")))
        return True

    def _redirect(self, operator: str) -> None:
        start = self.at
        self.at += len(operator)
        self.items.append(Item("redirect", operator, start))
        if operator not in ("<<", "<<-"):
            return
        while self.text[self.at : self.at + 1] in (" ", "\t") and self.at < len(self.text):
            self.at += 1
        before = self.at
        word = self._word()
        raw = re.sub(r"[\\'\"]", "", self.text[before : self.at])
        if raw:
            self._documents.append((raw, operator == "<<-"))
            self.items.append(Item("word", raw, before, word))

    # ---- words -----------------------------------------------------------------------------------------------------

    def _word(self, *, arrays: bool = True) -> Word:
        text, start = self.text, self.at
        parts: list[Part] = []
        while self.at < len(text):
            character = text[self.at]
            if character in " \t\n;&|" or (character in "<>" and not text.startswith("(", self.at + 1)):
                break
            if character in "()":
                if arrays and character == "(" and self._opens_array(parts):
                    return self._array(parts[0], start)
                break
            self._piece(parts, in_word=True, depth=0)
        if self.at == start:  # a lone character that starts nothing: take it, so that the run goes on
            self.at += 1
            parts.append(Part("literal", start, self.at))
        return Word(tuple(parts), start, self.at, _plain_text(parts, text))

    def _opens_array(self, parts: list[Part]) -> bool:
        if len(parts) != 1 or parts[0].kind != "literal" or parts[0].quoted:
            return False
        return re.fullmatch(r"[A-Za-z_]\w*\+?=", self.text[parts[0].start : parts[0].end], re.ASCII) is not None

    def _array(self, name: Part, start: int) -> Word:
        text = self.text
        self.at += 1
        elements: list[Word] = []
        while self.at < len(text) and text[self.at] != ")":
            character = text[self.at]
            if character.isspace():
                self.at += 1
            elif character == "\\" and text.startswith("\n", self.at + 1):
                self.at += 2
            elif character == "#":
                end = text.find("\n", self.at)
                self.at = end if end >= 0 else len(text)
            elif character in ";&|<>(":
                self.at += 1
            else:
                elements.append(self._word(arrays=False))
        if self.at >= len(text):
            self._break(start)
        self.at = min(self.at + 1, len(text))
        return Word((name,), start, self.at, None, tuple(elements))

    def _piece(self, parts: list[Part], *, in_word: bool, depth: int) -> None:
        """Read one piece of a word (or, not `in_word`, of the argument of `${…}`) at the current place."""
        text, start = self.text, self.at
        character = text[start]
        if character == "\\":
            self._escape(parts)
        elif character == "'":
            end = text.find("'", start + 1)
            if end < 0:
                end = self._break(start)
            parts.append(Part("literal", start + 1, end, quoted=True))
            self.at = min(end + 1, len(text))
        elif character == '"':
            self._double_quotes(parts, depth)
        elif character == "$":
            self._dollar(parts, quoted=False, depth=depth)
        elif character == "`":
            self._backticks(parts, quoted=False)
        elif character == HELD:
            self._held(parts, quoted=False)
        elif character in "<>" and in_word:
            self.at = self._after_parentheses(start + 2)
            parts.append(Part("opaque", start, self.at))
        else:
            match = (_plain() if in_word else _in_braces()).match(text, start)
            self.at = match.end() if match else start + 1
            parts.append(Part("literal", start, self.at))

    def _escape(self, parts: list[Part]) -> None:
        start = self.at
        following = self.text[start + 1 : start + 2]
        self.at = min(start + 2, len(self.text))
        if following == "\n":
            return
        if following:
            parts.append(Part("literal", start + 1, start + 2, quoted=True))
        else:
            parts.append(Part("literal", start, start + 1, quoted=True))

    def _held(self, parts: list[Part], *, quoted: bool) -> None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] == HELD:
            self.at += 1
        parts.append(Part("literal", start, self.at, quoted=True) if quoted else Part("literal", start, self.at))

    def _double_quotes(self, parts: list[Part], depth: int) -> None:
        text, opened = self.text, self.at
        self.at += 1
        before = len(parts)
        while self.at < len(text) and text[self.at] != '"':
            start = self.at
            character = text[start]
            if character == "\\":
                following = text[start + 1 : start + 2]
                self.at = min(start + 2, len(text))
                if following in ("$", "`", '"', "\\"):
                    parts.append(Part("literal", start + 1, start + 2, quoted=True))
                elif following != "\n":
                    parts.append(Part("literal", start, self.at, quoted=True))
            elif character == "$":
                self._dollar(parts, quoted=True, depth=depth)
            elif character == "`":
                self._backticks(parts, quoted=True)
            elif character == HELD:
                self._held(parts, quoted=True)
            else:
                match = _in_quotes().match(text, start)
                self.at = match.end() if match else start + 1
                parts.append(Part("literal", start, self.at, quoted=True))
        if self.at >= len(text):
            self._break(opened)
        self.at = min(self.at + 1, len(text))
        if len(parts) == before:
            parts.append(Part("literal", opened, opened, quoted=True))

    def _backticks(self, parts: list[Part], *, quoted: bool) -> None:
        start = self.at
        at = start + 1
        while at < len(self.text) and self.text[at] != "`":
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            at = self._break(start)
        self.at = min(at + 1, len(self.text))
        parts.append(Part("opaque", start, self.at, quoted))

    # ---- dollars ---------------------------------------------------------------------------------------------------

    def _dollar(self, parts: list[Part], *, quoted: bool, depth: int) -> None:
        text, start = self.text, self.at
        following = text[start + 1 : start + 2]
        name = _NAME.match(text, start + 1)
        if name:
            self.at = name.end()
            parts.append(Part("parameter", start, self.at, quoted, name=name.group()))
        elif following and ((following.isascii() and following.isdigit()) or following in "@*#?$!-"):
            self.at = start + 2
            parts.append(Part("parameter", start, self.at, quoted, name=following))
        elif following == "{":
            self._braces(parts, quoted=quoted, depth=depth)
        elif following == "(":
            self.at = self._after_parentheses(start + 2)
            parts.append(Part("opaque", start, self.at, quoted))
        elif following == "'" and not quoted:
            self._ansi(parts)
        elif following == '"' and not quoted:
            self.at = start + 1
            self._double_quotes(parts, depth)
        else:
            self.at = start + 1
            parts.append(Part("literal", start, self.at, quoted))

    def _braces(self, parts: list[Part], *, quoted: bool, depth: int) -> None:
        text, start = self.text, self.at
        match = _parameter().match(text, start + 2)
        if match is None or depth >= MAX_NESTING:
            named = re.compile(r"[#!]?([A-Za-z_]\w*)", re.ASCII).match(text, start + 2)
            self.at = self._after_braces(start + 2)
            parts.append(Part("opaque", start, self.at, quoted, name=named.group(1) if named else ""))
            return
        self.at = match.end()
        argument: list[Part] = []
        while self.at < len(text) and text[self.at] != "}":
            if quoted and text[self.at] == "'":  # inside double quotes a single quote is itself
                argument.append(Part("literal", self.at, self.at + 1))
                self.at += 1
            else:
                self._piece(argument, in_word=False, depth=depth + 1)
        if self.at >= len(text):
            self._break(start)
        self.at = min(self.at + 1, len(text))
        parts.append(
            Part(
                "parameter",
                start,
                self.at,
                quoted,
                None,
                match["name"],
                match["index"] or "",
                match["operator"],
                tuple(argument),
            )
        )

    def _ansi(self, parts: list[Part]) -> None:
        text, start = self.text, self.at
        at = start + 2
        while at < len(text) and text[at] != "'":
            if text[at] != "\\" or at + 1 >= len(text):
                end = at + 1
                while end < len(text) and text[end] not in "\\'":
                    end += 1
                parts.append(Part("literal", at, end, quoted=True))
                at = end
            else:
                content = _ESCAPES.get(text[at + 1], text[at + 1])
                parts.append(Part("literal", at, at + 2, quoted=True, text=content))
                at += 2
        if at >= len(text):
            self._break(start)
        self.at = min(at + 1, len(text))

    # ---- brackets --------------------------------------------------------------------------------------------------

    def _after_parentheses(self, start: int, depth: int = 1) -> int:
        """The index after the `)` that closes a bracket opened before `start`; quotes and inner brackets are minded."""
        return self._after(start, depth, "(", ")")

    def _after_braces(self, start: int) -> int:
        return self._after(start, 1, "{", "}")

    def _after(self, at: int, depth: int, opening: str, closing: str) -> int:
        text, opened = self.text, at
        quoted = False
        while at < len(text):
            character = text[at]
            if character == "\\":
                at += 1
            elif character == "'" and not quoted:
                end = text.find("'", at + 1)
                at = end if end >= 0 else len(text)
            elif character == '"':
                quoted = not quoted
            elif character == opening and not quoted:
                depth += 1
            elif character == closing and not quoted:
                depth -= 1
                if depth == 0:
                    return at + 1
            at += 1
        return self._break(opened)

    def _break(self, opened: int) -> int:
        if self.broken is None:
            self.broken = opened
        return len(self.text)


def _plain_text(parts: list[Part], text: str) -> str | None:
    """The content of a word that no quote and no expansion touches: only such a word can be a reserved word."""
    if len(parts) == 1 and parts[0].kind == "literal" and not parts[0].quoted and parts[0].text is None:
        return text[parts[0].start : parts[0].end]
    return None
