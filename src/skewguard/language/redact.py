"""Secrets do not leave the process: reports, logs, the store and notifications accept redacted text only.

A value is masked because of its name (`--api-key`, `HF_TOKEN`) or because of its shape (`hf_…`, `sk-…`, a JWT, a
password in a URL). What an engineer needs to see stays: `MAX_NUM_BATCHED_TOKENS`, `TOKENIZER`, 40-hex revisions and
digests are no secrets, whatever words their names share with one.

Equal secrets get equal pseudonyms within one process, so that a reader still sees whether two replicas hold the same
key. The pseudonym is a hash under a random key of the process: a short secret cannot be guessed back from it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from skewguard.language import secret_names


class Masked(Struct, frozen=True):
    """One value that was masked: the flag, variable or kind of secret it was known by, and what stands for it."""

    name: str
    pseudonym: str


def value(name: str, text: str, masked: list[Masked] | None = None) -> str:
    """The value of a flag, field or environment variable called `name`, fit to be shown.

    `masked` collects what was masked, here and below.
    """
    if secret_names.is_secret(name):
        return _keep_or_mask(name, text, masked)
    if secret_names.is_shown_untouched(name):
        return text
    return free_text(text, masked)


def argv(tokens: Iterable[str], masked: list[Masked] | None = None) -> list[str]:
    """An argument vector, fit to be shown: `--flag value`, `--flag=value`, `NAME=value` and one-token mixtures."""
    shown: list[str] = []
    pending: str | None = None
    harmless = False
    for token in tokens:
        flag = re.match(r"(-{1,2}[A-Za-z][\w.-]*)(?:([=\s]\s*)(.*))?\Z", token, re.DOTALL)
        if pending is not None and not token.startswith("--") and (flag is None or flag[2] is None):
            shown.append(_keep_or_mask(pending, token, masked))
            pending = pending if secret_names.takes_several(pending) and not token.startswith("-") else None
            continue
        pending = None
        if flag is None or not secret_names.is_secret(flag[1]):
            shown.append(token if harmless and flag is None else _assignment(token, masked))
            harmless = flag is not None and flag[2] is None and secret_names.is_shown_untouched(flag[1])
        elif flag[2] is None:
            shown.append(token)
            pending = flag[1]
        else:
            shown.append(f"{flag[1]}{flag[2]}{_keep_or_mask(flag[1], flag[3], masked)}")
    return shown


def tree(content: Any, name: str = "", masked: list[Masked] | None = None) -> Any:
    """A JSON value, fit to be shown: every text in it by the name of the key that leads to it."""
    if isinstance(content, str):
        return value(name, content, masked)
    if isinstance(content, Mapping):
        return {key: tree(item, secret_names.inherit(name, str(key)), masked) for key, item in content.items()}
    if isinstance(content, Sequence):
        return [tree(item, name, masked) for item in content]
    if secret_names.is_secret(name) and content is not None and not isinstance(content, bool):
        return _mask(name, str(content), masked)
    return content


def free_text(text: str, masked: list[Masked] | None = None) -> str:
    """Any text (a log line, a script, a message), fit to be shown."""
    if not _suspicious(text):
        return text

    shown: list[str] = []
    done = 0
    while match := _shapes().search(text, done):
        head = "named" if match["named"] else "above"
        name = match["name"] or match["above_name"]
        plain = name is not None and not secret_names.is_secret(name)
        end = match.end(head) if plain else match.end()
        shown.append(text[done : match.start()])
        shown.append(match[head] if plain else _hide(match, masked))
        done = end
    return "".join((*shown, text[done:]))


def pseudonym(secret: str) -> str:
    """What stands for a secret: equal for equal secrets, within this process only."""
    from hashlib import blake2s

    digest = blake2s(secret.encode("utf-8", "surrogatepass"), key=_key(), digest_size=3).hexdigest()
    return f"<redacted:{digest}>"


@cache
def _key() -> bytes:
    from secrets import token_bytes  # rarely needed, and not free to import

    return token_bytes(32)


# ---- shapes --------------------------------------------------------------------------------------------------------


# What every secret has in or around it, folded; texts without any of these are not searched in detail.
_MARKS = (
    "token", "secret", "pass", "pwd", "key", "cred", "auth", "bearer", "basic ", "cookie", "dsn",
    "jwt", "dockerconfig", "kubeconfig", "--hf-t", "://", "-----begin", "eyj", "hf_", "api_org_", "sk-", "akia", "asia",
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "nvapi-", "aiza", "ya29.", "npm_", "dckr_",
    "pypi-", "?sig=", "&sig=",
)  # fmt: skip


def _suspicious(text: str) -> bool:
    """A cheap test that most texts fail. Words are found one by one: one pattern for all of them costs 20 times that."""
    folded = text.casefold()
    for mark in _MARKS:  # a generator would double the cost
        if mark in folded:
            return True
    return "pat" in folded and re.search(r"\bpat\b", folded) is not None


@cache
def _shapes() -> re.Pattern[str]:
    name = r"[A-Za-z_][\w.-]{0,80}"
    telling = (
        r"(?=[\"']?[\w.-]{0,80}?(?i:token|secret|pass|pwd|key|cred|auth|bearer|cookie|dsn|jwt|pat|kubeconfig|api|hf))"
    )
    quoted = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    quoted += r"|\\+[\"'][^\"'\n]*[\"']?"  # quoted inside a quoted text: \"…\"
    return re.compile(
        # a private key, also a cut one
        r"(?P<pem>-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\Z))"
        # tokens that show what they are
        r"|(?P<token>(?<![A-Za-z0-9_-])(?:eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|hf_[A-Za-z0-9]{16,}|api_org_[A-Za-z0-9]{16,}"
        r"|sk-[A-Za-z0-9_-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
        r"|xox[abeoprs]-[\w-]{10,}|nvapi-[\w-]{16,}|AIza[\w-]{30,}|ya29\.[\w-]{10,}|npm_[A-Za-z0-9]{20,}"
        r"|dckr_pat_[\w-]{16,}|pypi-[\w-]{16,}))"
        # scheme://user:password@host
        r"|(?P<url>(?<=://)[^/\s:@\"']{0,100}:)(?P<url_secret>[^/\s\"']+|(?!\d+/)[^\s\"'@]{1,200})(?=@)"
        # ?sig=…&X-Amz-Signature=…
        r"|(?P<query>[?&](?i:sig|signature|key|X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)"
        r"|AWSAccessKeyId|[\w-]*token)=)(?P<query_secret>[^&\s\"']+)"
        # name: HF_TOKEN, value: … (a variable in a manifest)
        rf"|(?P<env>[\"']?name[\"']?\s*:\s*[\"']?(?P<env_name>{name})[\"']?\s*,?\s*[\"']?value[\"']?\s*:\s*)"
        rf"(?P<env_secret>{quoted}|[|>][-+0-9]*[ \t]*\n[^\n]*|[^\s,}}]+)"
        # value: …, name: HF_TOKEN (the same, the other way round)
        rf"|(?P<turned>[\"']?value[\"']?\s*:\s*)(?P<turned_secret>{quoted}|[^\s,}}]+)"
        rf"(?=\s*,?\s*[\"']?name[\"']?\s*:\s*[\"']?(?P<turned_name>{name}))"
        # name: and everything below it, in YAML: a text of several lines, a list, a mapping
        rf"|(?P<above>(?m:^)(?P<indent>[ \t]*)(?P<item>-[ \t]+)?{telling}[\"']?(?P<above_name>{name})[\"']?"
        r":[ \t]*(?:[|>][-+0-9]*)?[ \t]*\n)"
        r"(?P<below_secret>(?:[ \t]*\n|(?P=indent)(?:[ \t]+|(?(item)(?!)|-[ \t]))[^\n]*(?:\n|\Z))+)"
        # --flag value, NAME=value, "name": "value", name: value; a flag and its value in a list, or at a line's end
        rf"|(?P<named>(?<![\w.-])(?P<dashes>--?)?{telling}(?P<name>{name})"
        r"(?:\\*[\"']?\s*(?::=|[:=])\s*|(?(dashes)(?:(?:[ \t]|\\\r?\n)+"
        r"|\\*[\"']\s*,\s*(?=\\*[\"'](?!--))|[\"']?[ \t]*\r?\n[ \t]*-[ \t]+(?![\"']?--))|(?!))))"
        rf"(?P<secret>\[(?:\s*(?:{quoted})\s*,?)+\s*\]?|\[[^\]\n]*\]?|\{{(?=\s*\\*[\"'])[^{{}}]*\}}?"
        rf"|\([^)\n]*\)?|{quoted}|(?:(?i:Bearer|Basic|Token)\s+)?"
        r"(?:\$\([^)\n]*\)|\$\{[^}\n]*\}|[^\s,;&\"'})\]])+)"
        # Authorization by itself
        r"|(?P<scheme>(?<!\w)(?i:Bearer|Basic)\s+)(?P<scheme_secret>(?=[\w.~+/-]*\d|[\w.~+/-]{20})[\w.~+/-]{8,}=*)",
        re.DOTALL,
    )


def _hide(match: re.Match[str], masked: list[Masked] | None) -> str:
    if match["pem"]:
        return _mask("private key", match["pem"], masked)
    if match["token"]:
        return _mask("token", match["token"], masked)
    if match["url_secret"]:
        return match["url"] + _keep_or_mask("password in URL", match["url_secret"], masked)
    if match["query_secret"]:
        return match["query"] + _keep_or_mask("URL query", match["query_secret"], masked)
    if match["scheme_secret"]:
        return match["scheme"] + _mask("Authorization", match["scheme_secret"], masked)
    if match["env_secret"]:
        return match["env"] + _inside(match["env_name"], match["env_secret"], masked)
    if match["turned_secret"]:
        return match["turned"] + _inside(match["turned_name"], match["turned_secret"], masked)
    if match["below_secret"]:
        return match["above"] + _below(match["above_name"], match["below_secret"], masked)
    return match["named"] + _inside(match["name"], match["secret"], masked)


def _below(name: str, text: str, masked: list[Masked] | None) -> str:
    """Mask whole lines, but keep the blanks around them: what follows stands where it stood."""
    said = text.strip()
    before, after = text.split(said, 1) if said else (text, "")
    return before + _keep_or_mask(name, said, masked) + after


def _inside(name: str, text: str, masked: list[Masked] | None) -> str:
    """Mask a value but keep its quotes, so that what surrounds it still reads."""
    if not secret_names.is_secret(name):
        return free_text(text, masked)
    inside = re.fullmatch(r"(\\*[\"'])(.*?)(\\*[\"']?)", text, re.DOTALL)
    if inside is not None:
        return inside[1] + _keep_or_mask(name, inside[2], masked) + inside[3]
    said = _CLOSING_TICK.sub("", text)
    return _keep_or_mask(name, said, masked) + text[len(said) :]


_CLOSING_TICK = re.compile(r"`[.:]*\Z")
"""What closes the quotation of a value in a sentence (``write `--api-key=$(API_KEY)`.``) and is no part of it."""


def _assignment(token: str, masked: list[Masked] | None) -> str:
    """`NAME=value` as one word, whatever the value holds; any other word by its shape."""
    name, equals, rest = token.partition("=")
    if equals and re.fullmatch(r"-{0,2}[A-Za-z_][\w.-]*", name):
        return f"{name}={value(name, rest, masked)}"
    return free_text(token, masked)


def _keep_or_mask(name: str, text: str, masked: list[Masked] | None) -> str:
    """References and placeholders are no secrets, and a reader has to see them."""
    if re.fullmatch(r"\s*|\$\([A-Za-z_]\w*\)`?|\$\{[A-Z_][A-Z0-9_]*\}|\$[A-Z_][A-Z0-9_]*|<[A-Za-z][A-Za-z _-]*>", text):
        return text
    if secret_names.names_a_secret(text) or text.lower() in ("true", "false"):  # a switch: `WEBUI_AUTH=False`
        return text
    if secret_names.words(name)[-1:] == ("kubeconfig",) and _PATH.match(text):
        return free_text(text, masked)  # where it lies is what somebody has to see; what is in it never begins so
    if re.fullmatch(r"<redacted:[0-9a-f]{6}>", text):
        return text
    return _mask(name, text, masked)


_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w.@+-]+(?:[/\\:][\w.@+~-]*)*\Z")
"""A path from the root, the home or here, or several of them."""


def _mask(name: str, text: str, masked: list[Masked] | None) -> str:
    shown = pseudonym(text)
    if masked is not None:
        masked.append(Masked(name, shown))
    return shown
