"""What is loaded: one URL, and what a server wants to be told with every request."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct, field

from skewguard.language import addresses
from skewguard.language.errors import UsageError

_FORBIDDEN = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "authorization"}


class Target(Struct, frozen=True):
    """An engine at a URL (`https://host:port`, or with the `/v1` that its API stands under).

    `model` None: the first that `GET /v1/models` names. `key` is a bearer token: it is sent, and shown nowhere.
    `ca_file` replaces the system's certificates; they are always verified. `timeout_s` is for one whole request.
    """

    url: str
    model: str | None = None
    key: str | None = None
    ca_file: str | None = None
    timeout_s: float = 600.0
    headers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Target({self.url!r}, model={self.model!r}{', with a key' if self.key else ''})"


class Address(Struct, frozen=True):
    """A URL taken apart: where to connect to, and what to ask for there. `authority` is the Host header."""

    tls: bool
    host: str
    port: int
    authority: str
    path: str

    @property
    def url(self) -> str:
        """Where its API stands: `http://chat:8000/v1`."""
        return f"http{'s' if self.tls else ''}://{self.authority}{self.path}"


def address(url: str) -> Address:
    """Where a URL leads. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        addresses.refuse_no_base(url)
        raise UsageError("that is no URL of an engine", hint="write http://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("a URL with a password in it is seen by everybody on this machine", hint="give the key apart")
    addresses.refuse_no_base(url)
    if not host:
        raise UsageError("that is no URL of an engine: it names no host", hint="write http://HOST:PORT")
    if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise UsageError("that is no URL of an engine: it holds a space or a letter that no URL has")
    path = parts.path.rstrip("/")
    place = f"[{host}]" if ":" in host else host
    tls = parts.scheme == "https"
    return Address(
        tls=tls,
        host=host,
        port=port if port is not None else 443 if tls else 80,
        authority=place if port is None else f"{place}:{port}",
        path=path if path.endswith("/v1") else f"{path}/v1",
    )


def headers(target: Target, where: Address) -> bytes:
    """The lines that every request to it has, the key among them. Raises `UsageError` for what would break out of its line."""
    lines = [f"Host: {where.authority}", "User-Agent: skewguard"]
    if target.key is not None:
        lines.append(f"Authorization: Bearer {_line(target.key, 'the API key')}")
    for name, text in target.headers.items():
        if not name.replace("-", "").replace("_", "").isalnum() or name.lower() in _FORBIDDEN:
            raise UsageError(f"the header {name!r} cannot be set")
        lines.append(f"{name}: {_line(text, f'the header {name}')}")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _line(text: str, what: str) -> str:
    if not text.isprintable() or any(ord(letter) > 255 for letter in text):
        raise UsageError(f"{what} holds a character that no HTTP header has (a line break?)")
    return text
