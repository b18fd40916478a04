"""Which names of flags, fields and variables make their values secret.

A word counts also where others are glued to its front (`PGPASSWORD`, `REDISAUTH`) or a number to its end (`TOKEN2`).
What an engineer needs to see stays: `MAX_NUM_BATCHED_TOKENS`, `TOKENIZER` and `HF_TOKEN_PATH` are no secrets, whatever
words they share with one.
"""

import re
from functools import cache

_ALWAYS = frozenset((
    "bearer", "authorization", "jwt", "cookie", "pat", "dsn", "dockerconfigjson", "kubeconfig",
))  # fmt: skip
_KEY_KINDS = frozenset((
    "api", "access", "private", "secret", "auth", "encryption", "signing", "license", "master", "account", "admin",
    "subscription", "ssh", "gpg", "service", "storage", "client", "hmac", "aes", "rsa",
))  # fmt: skip
# Secret at the end of a word too, whatever is glued to its front.
_ENDINGS = (
    "password", "passwd", "passphrase", "passcode", "secret", "secrets", "credential", "credentials", "creds", "pwd",
    *(kind + end for kind in sorted(_KEY_KINDS) for end in ("key", "keys")),
)  # fmt: skip
# What `pass` and `auth` end without a secret, as one word or as the word before.
_PASSES = frozenset((
    "by", "com", "encom", "sur", "tres", "over", "under", "forward", "backward", "single", "one", "two", "multi", "first",
    "second", "last", "all", "high", "low", "band", "full", "compile", "compiler", "compilation", "optimization",
    "verdict", "fusion", "inductor", "graph", "num", "max", "warmup", "must", "per", "test", "should",
))  # fmt: skip
_SWITCHES = frozenset((
    "o", "no", "re", "un", "pre", "enable", "enabled", "disable", "disabled", "require", "required", "requires", "use",
    "skip", "with", "without", "allow", "has", "needs", "is", "force",
))  # fmt: skip
# Beside these words a `token` is a piece of text that a model reads or writes.
_TOKEN_OF_TEXT = frozenset((
    "eos", "bos", "pad", "stop", "unk", "sep", "cls", "mask", "special", "max", "min", "num", "per", "batched",
    "output", "input", "prompt", "id", "ids", "budget", "limit", "limits", "count", "counts", "size", "length",
    "rate", "usage", "image", "audio", "video", "speculative", "draft", "prefill", "decode", "return", "first",
    "new", "generated", "tree", "embedding", "logprob", "logprobs", "extra", "reasoning", "think", "parser",
    "placeholder", "details", "type", "block", "chunk", "reserved", "added", "merge", "capacity", "average", "avg",
    "total", "throughput", "latency",
))  # fmt: skip
_TOKEN_KINDS = frozenset(("api", "auth", "access", "hf", "refresh"))
# A name that ends so tells where a secret is, or about it, and not the secret.
_ABOUT = frozenset((
    "path", "file", "files", "dir", "directory", "mount", "name", "names", "ref", "header", "headers", "ttl",
    "seconds", "timeout", "enabled", "enable", "type", "expiry", "expiration", "url", "uri", "endpoint", "provider",
    "algorithm", "namespace", "class", "store", "required", "optional", "version", "length", "size", "count",
    "issuer", "scope", "env",
))  # fmt: skip

# Names whose values are shown untouched, also where they look like a key.
_UNTOUCHED = frozenset(
    (("served", "model", "name"), ("revision",), ("tokenizer", "revision"), ("code", "revision"), ("image", "digest"))
)


def is_secret(name: str) -> bool:
    """Whether the value of a flag, field or variable of this name is a secret."""
    return _is_secret(words(name.strip()[:200]))


def names_a_secret(text: str) -> bool:
    """Whether a value is but the name of a secret (`HF_TOKEN`): nobody filled it in, and there is nothing to hide."""
    return len(text) < 100 and re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", text) is not None and is_secret(text)


def is_shown_untouched(name: str) -> bool:
    """Whether the value of this name is shown as it is, also where it looks like a key."""
    return words(name) in _UNTOUCHED


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of `--hf-token`, `HF_TOKEN`, `hfToken` or `auth.apiKey`, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:200])
    return tuple(word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word)


@cache
def _is_secret(parts: tuple[str, ...]) -> bool:
    parts = tuple(word for part in parts if (word := part.rstrip("0123456789")))
    if not parts or parts[-1] in _ABOUT:
        return False
    if not _ALWAYS.isdisjoint(parts) or _abbreviated(parts) or _ends_secret(parts):
        return True
    for before, word in zip(("", *parts), parts, strict=False):
        if word in ("key", "keys") and (before in _KEY_KINDS or before.endswith(("api", "access"))):
            return True
    if any(word.endswith("token") and not _of_text(word.removesuffix("token")) for word in parts):
        return _TOKEN_OF_TEXT.isdisjoint(parts)
    several = {"tokens", *(f"{kind}tokens" for kind in _TOKEN_KINDS)} & set(parts)
    return bool(several - {"tokens"}) or (bool(several) and not _TOKEN_KINDS.isdisjoint(parts))


def _ends_secret(parts: tuple[str, ...]) -> bool:
    """`PGPASSWORD`, `DBPASS`, `DB_PASS`, `REDISCLI_AUTH`; not `BYPASS`, `FORWARD_PASS` or `ENABLE_AUTH`."""
    if any(word.endswith(_ENDINGS) and word != "oldpwd" for word in parts):
        return True
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if last.endswith("pass"):
        return (last.removesuffix("pass") or before) not in ("", *_PASSES)
    if last.endswith("auth") and _SWITCHES.isdisjoint(parts):
        return bool(before if last == "auth" else last.removesuffix("auth") not in _SWITCHES)
    return False


@cache
def _of_text(before: str) -> bool:
    """Whether words of text alone are glued before `token`: `eostoken`, `maxnewtoken`."""
    return bool(before) and re.fullmatch(f"(?:{'|'.join(sorted(_TOKEN_OF_TEXT))})+", before) is not None


def _abbreviated(parts: tuple[str, ...]) -> bool:
    """`--api-k`, `--hf-tok`: parsers take unique prefixes of their flags."""
    last = parts[-1]
    return len(parts) == 2 and (
        (parts[0], last) in (("api", "k"), ("api", "ke")) or (parts[0] == "hf" and "token".startswith(last))
    )


def takes_several(name: str) -> bool:
    """Whether more than one word may follow: vLLM's `--api-key` takes a list of keys since 0.10."""
    return words(name)[:1] == ("api",)


def inherit(outer: str, inner: str) -> str:
    """Below a secret's name everything is secret: `hf_token: {value: …}`, `api_key: [a, b]`."""
    return outer if is_secret(outer) else inner
