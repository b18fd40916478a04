"""Refusals and broken connections as errors with words: which one, where, and what to do."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from skewguard.adapters.cluster.calls import Answer, Call, Place
from skewguard.adapters.cluster.errors import (
    ClusterError,
    Conflict,
    Denied,
    Expired,
    NotThere,
    Refused,
    TooSlow,
    Unauthorized,
    Unreachable,
    Unusable,
)
from skewguard.language import redact


class Details(Struct, frozen=True):
    """What a `Status` says about the object."""

    name: str = ""
    retry_after: int = msgspec.field(name="retryAfterSeconds", default=0)


class _Meta(Struct, frozen=True):
    continue_: str = msgspec.field(name="continue", default="")


class Status(Struct, frozen=True):
    """The `Status` object that an API server answers a refusal with (`meta/v1`)."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None
    metadata: _Meta | None = None


def status_of(body: bytes) -> Status:
    """The `Status` in a body; an empty one where it holds none: a proxy answers in its own words."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        return Status()
    return status if status.kind == "Status" else Status()


def said(status: Status, body: bytes = b"") -> str:
    """What the server says, fit to be shown on one line; empty where it says nothing."""
    if status.message or body.lstrip()[:1] in (b"<", b"{"):
        return shown(status.message)
    return shown(body[:300].decode("utf-8", "replace"))


def shown(text: str) -> str:
    """Words of somebody else, fit to be shown on one line."""
    safe = redact.free_text(text[:2000])
    return " ".join("".join(sign if sign.isprintable() else " " for sign in safe).split())[:500]


def of_answer(call: Call, answer: Answer, place: Place) -> ClusterError:
    """The error that an HTTP status of 300 and above means."""
    status = status_of(answer.body)
    words = said(status, answer.body)
    because = f": {words}" if words else ""
    match answer.status:
        case 401:
            return Unauthorized(
                f"{place.host} does not accept the credentials of context {place.context} (401)",
                hint=place.login,
                would_need="valid credentials",
                status=401,
            )
        case 403 if status.reason in ("", "Forbidden") and _is_rights(words):
            return _denied(words, call, place)
        case 404:
            named = status.details is not None and bool(status.details.name)
            return NotThere(
                f"{call.what} is not there in {place}", names_object=named, hint="check the name and the namespace"
            )
        case 409:
            return Conflict(f"{call.what} in {place} was not changed{because}", hint="read it again first", status=409)
        case 410:
            resume = status.metadata.continue_ if status.metadata is not None else ""
            return Expired(f"{place} has forgotten the version of {call.what} that was asked for", resume=resume)
        case 429 | 502 | 503 | 504:
            return Unreachable(
                f"{place} could not answer for {call.what} ({answer.status}){because}",
                hint="try again later, or with a longer deadline",
                status=answer.status,
            )
        case code if code < 400:
            return Unusable(
                f"{place.host} answers with a redirect ({code}) where an API server was expected",
                hint="check the `server` of the cluster: there may be a login page before it",
                status=code,
            )
        case code:
            return Refused(f"{place} refuses {call.what} ({code}){because}", status=code)


def _is_rights(words: str) -> bool:
    """Whether a 403 speaks of rights: quotas and admission policies answer with 403 too."""
    return not words or "cannot" in words or "not allowed" in words or "is forbidden: User" in words


def _denied(words: str, call: Call, place: Place) -> Denied:
    named = re.search(r'User "([^"]{1,200})"', words)
    user = f"user {named[1]}" if named else "the user"  # a certificate's or a token's user stands in no kubeconfig
    right = _right(words, call.right)
    grant = f"grant `{right}`; `verify --check-access` lists every right and what it is for"
    anonymous = named is not None and named[1] == "system:anonymous"
    return Denied(f"{user} of {place} may not {right}", right, hint=place.login if anonymous else grant)


def _right(words: str, right: str) -> str:
    """The right with the verb that the server misses: a WebSocket needs `get`, since 1.35 `create` too."""
    named = re.search(r"cannot (\w+) resource", words)
    return f"{named[1]} {right.partition(' ')[2]}" if named else right


def of_transport(error: Exception, call: Call, place: Place, seconds: float) -> ClusterError:
    """The error that a broken or missing connection means; `seconds` is what the deadline allowed."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
        return too_slow(call, place, seconds)
    if isinstance(error, httpx2.ProxyError) or (place.proxy and isinstance(error, httpx2.ConnectError)):
        return Unreachable(
            f"the proxy {place.proxy} before {place} does not let a request through{_why(error)}",
            hint="check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY",
        )
    if (refusal := _tls(error)) is not None:
        return Unreachable(
            f"{place.host} of context {place.context} cannot be trusted: {refusal}",
            hint="check certificate-authority-data of the cluster, the server's name and this machine's clock",
        )
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | ImportError):
        return Unreachable(f"the server or proxy of {place} cannot be meant", hint="check `server` and proxy-url")
    return Unreachable(
        f"{place} cannot be reached{_why(error)}", hint="check the address, the network, and whether a VPN is up"
    )


def too_slow(call: Call, place: Place, seconds: float) -> TooSlow:
    """The deadline passed."""
    return TooSlow(
        f"{call.what} did not come from {place} within {round(seconds, 1):g} s",
        hint="try again with a longer deadline",
        would_need="a longer deadline",
    )


def is_final(error: Exception) -> bool:
    """Whether trying again cannot help: a certificate, a name or a URL does not mend itself."""
    import httpx2

    return _tls(error) is not None or isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | ImportError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _tls(error: Exception) -> str | None:
    """What TLS refused, in OpenSSL's words; None where TLS is not at fault."""
    import ssl

    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(cause.verify_message or "certificate verify failed")
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return str(cause.reason).lower().replace("_", " ")
    return None


def _why(error: Exception) -> str:
    """The cause in the operating system's words; the HTTP library's own text could quote a header."""
    from socket import gaierror

    import httpx2

    for cause in _chain(error):
        if isinstance(cause, gaierror):
            return ": its name is not known here"
        if isinstance(cause, OSError) and cause.strerror:
            return f": {cause.strerror}"
    if isinstance(error, httpx2.ConnectTimeout):
        return ": no answer to the connection"
    if isinstance(error, httpx2.RemoteProtocolError):
        return ": the connection was closed in the middle of an answer"
    return ""
