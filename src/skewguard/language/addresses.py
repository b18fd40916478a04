"""The URL of an engine as people write it: what is wrong with one, and its base where a path of the API was pasted along."""

import re

from skewguard.language.errors import UsageError

_PASTED = re.compile(r"/v1(?:/(?:chat/completions|completions|embeddings|responses|models))?/*\Z")
"""Where the OpenAI API stands on every engine, below its base; metrics and settings stand beside it, and not below it."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._/-]{0,100})?")


def base(url: str) -> tuple[str, tuple[str, ...]]:
    """`http://chat:8000` of `http://chat:8000/v1/chat/completions`, and a note where something was left off."""
    found = _PASTED.search(url)
    if found is None or "://" not in url or "?" in url or "#" in url:
        return url, ()
    left = found[0].rstrip("/")
    return url[: found.start()], (
        f"{left} was left off the URL: an engine is named by its base, where its metrics stand too",
    )


def refuse_no_base(url: str) -> None:
    """Raise `UsageError` where this is no URL that an engine can have; of what was written only harmless parts are repeated."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        meant = f"http://{url}" if _PLAIN.fullmatch(url) else "http://HOST:PORT"
        raise UsageError(_wrong("it does not begin with http:// or https://"), hint=f"write {meant}")
    if scheme.lower() not in ("http", "https"):
        named = f"it begins with {scheme}://, and" if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,15}", scheme) else ""
        raise UsageError(
            _wrong(f"{named} an engine is reached by http:// or https://".strip()), hint="write http://HOST:PORT"
        )
    if re.match(r"[/?#:]|\Z", rest):
        raise UsageError(_wrong("it names no host"), hint="write http://HOST:PORT")
    if "?" in url or "#" in url:
        what = "a query (?…)" if "?" in url.partition("#")[0] else "a fragment (#…)"
        raise UsageError(_wrong(f"it has {what}"), hint="write http://HOST:PORT, and leave that out")


def _wrong(why: str) -> str:
    return f"that is no URL of an engine: {why}"
