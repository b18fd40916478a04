"""What a context gives to prove who asks: as an `httpx2.Auth` and a TLS context.

Tokens, token files and passwords, and the TLS context with its certificates, are lightkube's. Imported when a cluster is
reached and not before.
"""

import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Generator

import httpx2
from lightkube.config import client_adapter, models
from lightkube.core.exceptions import ConfigError

from skewguard.adapters.cluster import plugins
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Misconfigured
from skewguard.adapters.cluster.kubeconfig import Selected

UNREADABLE = (ConfigError, OSError, UnicodeDecodeError)
"""What a token file that went away, or is no text, raises in the middle of a request."""


def of(selected: Selected, deadline: Deadline) -> tuple[httpx2.Auth | None, ssl.SSLContext | None]:
    """How to prove who asks: none over plain HTTP, where kubectl sends no credentials either. Raises `Misconfigured`."""
    if not selected.server.server.lower().startswith("https://"):
        return None, None
    user = selected.user
    if user.token_file or user.token or (user.username and user.password):
        return _known(selected), tls(selected)
    if user.plugin is not None:
        given = plugins.run(selected, deadline)
        auth = PluginAuth(selected, given, deadline) if given.token else None
        return auth, tls(selected, given)
    if user.provider is not None:
        return client_adapter.BearerAuth(_provided(selected)), tls(selected)
    return None, tls(selected)


def tls(selected: Selected, given: plugins.Credentials | None = None) -> ssl.SSLContext:
    """Verification of the server, with the user's certificate where there is one. Raises `Misconfigured`."""
    server, user = selected.server, selected.user
    cluster = models.Cluster(
        server=server.server,
        certificate_auth=None if server.ca_data else server.ca_file,
        certificate_auth_data=server.ca_data or None,
        insecure=server.insecure,
    )
    holder = models.User(
        client_cert=user.cert_file,
        client_cert_data=user.cert_data or None,
        client_key=user.key_file,
        client_key_data=user.key_data or None,
    )
    try:
        _check_base64(server.ca_data, user.cert_data, user.key_data)
        context = client_adapter.verify_cluster(cluster, holder, str)
        if given is not None and given.cert and given.key:
            _add(context, given.cert, given.key)
    except (OSError, ValueError) as error:  # a missing file, no PEM, no base64, a key of another certificate
        error.__traceback__ = None  # its frames would keep temporary files with keys open
        raise Misconfigured(
            f"the certificates of context {selected.context} cannot be used: {_words(error)}",
            hint="check certificate-authority, client-certificate and client-key, or log in again",
            file=selected.source,
        ) from None
    return context


def _add(context: ssl.SSLContext, cert: str, key: str) -> None:
    """Load a certificate that is held as text; `ssl` reads files alone."""
    holders = [models.FileStr(b64encode(text.encode()).decode()) for text in (cert, key)]
    context.load_cert_chain(holders[0], holders[1])


def _check_base64(*texts: str | None) -> None:
    """Raise `ValueError` for what is none; lightkube would leave an open file behind."""
    for text in texts:
        b64decode(text or "")


def _words(error: Exception) -> str:
    """What is wrong, without a value: the file that is missing, or which kind of text it is not."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").lower().replace("_", " ")
    if isinstance(error, OSError):
        name = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or 'unreadable'}{name}"
    return "not base64"


def _known(selected: Selected) -> httpx2.Auth | None:
    user = selected.user
    if user.token and not user.token_file:
        return client_adapter.BearerAuth(_sendable(user.token, selected))
    holder = models.User(token_file=user.token_file, username=user.username, password=user.password)
    return client_adapter.user_auth(holder)


def _provided(selected: Selected) -> str:
    """The token that kubectl keeps for `auth-provider: oidc`; renewing it is left to kubectl."""
    provider = selected.user.provider
    assert provider is not None
    token = (provider.config or {}).get("id-token") if provider.name == "oidc" else None
    if not token:
        raise Misconfigured(
            f"context {selected.context} uses auth-provider {provider.name}, which is not supported",
            hint="use a credential plugin (`exec`) instead: gke-gcloud-auth-plugin, kubelogin or your provider's",
            file=selected.source,
        )
    return _sendable(token, selected)


def _sendable(token: str, selected: Selected) -> str:
    """A token that fits into a header; the error of the HTTP library would quote it."""
    token = token.strip()
    if not token.isascii() or not token.isprintable():
        raise Misconfigured(
            f"the token of context {selected.context} holds characters that no token has",
            hint="copy it again, or log in again",
            file=selected.source,
        )
    return token


class PluginAuth(httpx2.Auth):
    """A token from a plugin, asked for again once when the server does not accept it any more."""

    def __init__(self, selected: Selected, given: plugins.Credentials, deadline: Deadline) -> None:
        self._selected = selected
        self._deadline = deadline
        self._token = _sendable(given.token or "", selected)
        self._lock = threading.Lock()

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send the token; on 401 a fresh one, which all requests under way share."""
        token = self._token
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code != httpx2.codes.UNAUTHORIZED:
            return
        request.headers["Authorization"] = f"Bearer {self._renewed(token)}"
        yield request

    def _renewed(self, refused: str) -> str:
        with self._lock:
            if self._token == refused:
                given = plugins.run(self._selected, self._deadline)
                self._token = _sendable(given.token or refused, self._selected)
            return self._token
