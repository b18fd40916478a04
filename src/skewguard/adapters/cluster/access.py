"""The way to a cluster: kubeconfig and context as kubectl finds them, else the service account of the pod we run in."""

import os
from typing import TYPE_CHECKING

from skewguard import __version__
from skewguard.adapters.cluster import kubeconfig as kubeconfigs
from skewguard.adapters.cluster import proxies
from skewguard.adapters.cluster.calls import Place
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Misconfigured
from skewguard.adapters.cluster.kubeconfig import Selected, Server, User
from skewguard.adapters.cluster.session import Cluster

if TYPE_CHECKING:
    import httpx2

IN_CLUSTER = "in-cluster"
"""How the context is called where a pod's service account is used."""

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def connect(context: str | None = None, kubeconfig: str | None = None, *, deadline: float) -> Cluster:
    """Choose a cluster and prepare to ask it. Nothing is sent yet, but a credential plugin is run.

    `deadline` is the seconds that everything together may take from now on. Raises `Misconfigured` or `TooSlow`.
    """
    moment = Deadline.after(deadline)
    selected = select(context, kubeconfig)
    if not _is_url(selected.server.server):
        raise Misconfigured(
            f"the server of context {selected.context} is no URL", hint="write https://HOST:PORT", file=selected.source
        )
    proxy = proxies.for_server(selected.server.server, selected.server.proxy)
    place = Place(selected.context, _host(selected.server.server), _login(selected), _host(proxy) if proxy else None)
    extensions = {"sni_hostname": selected.server.tls_name} if selected.server.tls_name else {}
    client, unreadable = _client(selected, proxy, moment)
    return Cluster(
        place,
        selected.namespace,
        client,
        moment,
        extensions=extensions,
        unreadable=unreadable,
        notes=_notes(selected, place),
    )


def select(context: str | None = None, kubeconfig: str | None = None) -> Selected:
    """Which cluster, as whom. kubectl's order: a kubeconfig where there is one, else the pod's service account."""
    merged = kubeconfigs.find(kubeconfig)
    if merged is not None and (merged.contexts or kubeconfig is not None or not _in_cluster()):
        return merged.select(context)
    if _in_cluster() and context in (None, IN_CLUSTER):
        return _service_account()
    raise Misconfigured(
        f"no kubeconfig: {kubeconfigs.looked_at()}", hint="name one with --kubeconfig, or set KUBECONFIG"
    )


def _in_cluster() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ and os.path.exists(f"{SERVICE_ACCOUNT}/token")


def _service_account() -> Selected:
    """The pod's own account (Kubernetes documentation: tasks/run-application/access-api-from-pod)."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    shown = f"[{host}]" if ":" in host else host
    try:
        with open(f"{SERVICE_ACCOUNT}/namespace", encoding="utf-8") as file:
            namespace = file.read().strip()
    except OSError:
        namespace = ""
    return Selected(
        IN_CLUSTER,
        namespace or "default",
        Server(server=f"https://{shown}:{port}", ca_file=f"{SERVICE_ACCOUNT}/ca.crt"),
        User(token_file=f"{SERVICE_ACCOUNT}/token"),
        f"{SERVICE_ACCOUNT}/token",
    )


def _client(
    selected: Selected, proxy: str | None, deadline: Deadline
) -> "tuple[httpx2.Client, tuple[type[Exception], ...]]":
    import httpx2

    from skewguard.adapters.cluster import credentials

    auth, tls = credentials.of(selected, deadline)
    headers = [("User-Agent", f"skewguard/{__version__}"), ("Accept", "application/json"), *_acting(selected.user)]
    if _is_near(selected.server.server):
        headers.append(("Accept-Encoding", "identity"))  # compressing costs more than it saves on one machine
    try:
        client = httpx2.Client(
            base_url=selected.server.server,
            auth=auth,
            verify=tls if tls is not None else False,
            headers=headers,
            proxy=proxy,
            trust_env=False,  # .netrc and NO_PROXY: see `proxies`
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=32, max_keepalive_connections=16),
        )
    except (ValueError, ImportError, httpx2.InvalidURL):
        raise Misconfigured(
            f"the server or the proxy of context {selected.context} cannot be used",
            hint="`server` is https://HOST:PORT; a proxy http://, https://, or socks5:// with the package socksio",
            file=selected.source,
        ) from None
    return client, credentials.UNREADABLE


def _acting(user: User) -> list[tuple[str, str]]:
    """The headers of impersonation (`as`, `as-uid`, `as-groups`, `as-user-extra`), as client-go writes them."""
    from urllib.parse import quote

    single = [("Impersonate-User", user.act_as), ("Impersonate-Uid", user.act_as_uid)]
    groups = [("Impersonate-Group", group) for group in user.act_as_groups or ()]
    extras = [
        (f"Impersonate-Extra-{quote(key, safe=_IN_NAMES)}", text)
        for key, texts in (user.act_as_extra or {}).items()
        for text in texts
    ]
    return [(name, text) for name, text in single if text] + groups + extras


_IN_NAMES = "!#$&'*+-.^_`|~"
"""Signs beside letters and digits that the name of a header may hold."""


def _is_near(server: str) -> bool:
    host = _host(server).rpartition(":")[0].strip("[]")
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_url(server: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(server)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _host(url: str) -> str:
    """Host and port of a URL, without the user and password that a proxy's may hold."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "(no host)"
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return "(no URL)"
    return f"{host}:{port}"


def _login(selected: Selected) -> str:
    """What to do when the credentials are not accepted."""
    user = selected.user
    if selected.context == IN_CLUSTER:
        return "the service account's token is not accepted: was the account deleted and made again?"
    if user.token_file or user.token:
        return f"renew the token of this user in {selected.source}"
    if user.plugin is not None:
        return f"log in again with the tool behind {os.path.basename(user.plugin.command)}"
    if user.provider is not None:
        return f"kubectl renews it: `kubectl --context {selected.context} version`"
    if user.cert_file or user.cert_data:
        return "the client certificate may have expired: get a new kubeconfig from the cluster"
    return f"the context names no credentials: see `user` in {selected.source}"


def _notes(selected: Selected, place: Place) -> tuple[str, ...]:
    server = selected.server
    if server.server.lower().startswith("http://"):
        return (f"{place} is reached without TLS: anybody on the way can read and alter what is shown here",)
    if server.insecure and not (server.ca_data or server.ca_file):
        danger = "anybody on the way can take the credentials and alter what is shown here"
        remedy = "set certificate-authority-data instead"
        return (f"{place} is not verified (insecure-skip-tls-verify in {selected.source}): {danger}; {remedy}",)
    return ()
