"""Credential plugins (`users[].user.exec`): run as client-go runs them, and every way in which they fail told.

lightkube runs them too, but refuses `client.authentication.k8s.io/v1`, tells the plugin nothing of the cluster, takes no
certificates from it, and puts what it printed into its message as it stands.
Kubernetes documentation: reference/access-authn-authz/authentication, "client-go credential plugins".
"""

import os
import subprocess
import sys
from base64 import b64encode
from typing import Any

import msgspec
from msgspec import Struct, field

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Misconfigured, TooSlow
from skewguard.adapters.cluster.kubeconfig import Plugin, Selected, Server
from skewguard.language import redact

PATIENCE = 60
"""Seconds that a plugin gets where nobody sits before it; one that talks with somebody has until the deadline."""

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class Credentials(Struct, frozen=True):
    """What a plugin gave. `expires` is ISO 8601, None where it does not say."""

    token: str | None = None
    cert: str | None = field(name="clientCertificateData", default=None)
    key: str | None = field(name="clientKeyData", default=None)
    expires: str | None = field(name="expirationTimestamp", default=None)


class _Answer(Struct, frozen=True):
    api_version: str = field(name="apiVersion", default="")
    kind: str = ""
    status: Credentials | None = None


def run(selected: Selected, deadline: Deadline) -> Credentials:
    """Ask the plugin of a context. Raises `Misconfigured`, or `TooSlow` where it does not end."""
    plugin = selected.user.plugin
    assert plugin is not None
    if plugin.api_version not in _VERSIONS:
        raise _problem(
            selected,
            f"speaks {plugin.api_version or 'no apiVersion'}, which kubectl has dropped too",
            "update the plugin, and let its tool write the kubeconfig again (as `aws eks update-kubeconfig` does)",
        )
    interactive = _interactive(selected, plugin)
    printed = _printed(selected, plugin, interactive, deadline)
    return _credentials(selected, plugin, printed)


def _interactive(selected: Selected, plugin: Plugin) -> bool:
    """Whether the plugin may talk with the user: it then gets the terminal."""
    terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
    if plugin.interactive == "Always" and not terminal:
        raise _problem(
            selected, "wants to talk with somebody, and there is no terminal", "log in with it first, in a terminal"
        )
    return terminal and plugin.interactive != "Never"


def _printed(selected: Selected, plugin: Plugin, interactive: bool, deadline: Deadline) -> bytes:
    seconds = deadline.left() if interactive else min(deadline.left(), PATIENCE)
    try:
        done = subprocess.run(  # noqa: S603  # the user's own kubeconfig names the command, as for kubectl
            [plugin.command, *(plugin.args or ())],
            env=_environment(selected, plugin, interactive),
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        hint = plugin.install_hint or "install it, or use a context that does without"
        raise _problem(selected, "is not there", hint) from None
    except subprocess.TimeoutExpired:
        raise TooSlow(
            f"the credential plugin {_name(plugin)} of context {selected.context} did not end within {round(seconds, 1):g} s",
            hint="run it by hand: it may wait for a login",
        ) from None
    except (OSError, ValueError) as error:
        raise _problem(selected, f"cannot be run: {getattr(error, 'strerror', None) or 'bad arguments'}") from None
    if done.returncode != 0:
        said = _last_words(done.stderr)
        raise _problem(
            selected, f"ended with exit code {done.returncode}{said}", "run it by hand, or log in again with its tool"
        )
    return done.stdout


def _environment(selected: Selected, plugin: Plugin, interactive: bool) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.wants_cluster:
        spec["cluster"] = _about(selected.server)
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    given = {variable.name: variable.value for variable in plugin.env or ()}
    return {**os.environ, **given, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}


def _about(server: Server) -> dict[str, Any]:
    told = {
        "server": server.server,
        "tls-server-name": server.tls_name,
        "insecure-skip-tls-verify": server.insecure or None,
        "certificate-authority-data": server.ca_data or _encoded(server.ca_file),
        "proxy-url": server.proxy,
    }
    return {key: value for key, value in told.items() if value}


def _encoded(path: str | None) -> str | None:
    try:
        if path is None:
            return None
        with open(path, "rb") as file:
            return b64encode(file.read()).decode()
    except OSError:
        return None  # TLS itself will say that it is missing


def _credentials(selected: Selected, plugin: Plugin, printed: bytes) -> Credentials:
    try:
        answer = msgspec.json.decode(printed, type=_Answer)
    except msgspec.DecodeError:  # its text could quote what was printed
        raise _problem(selected, "printed no ExecCredential") from None
    given = answer.status
    if answer.kind != "ExecCredential" or answer.api_version != plugin.api_version:
        raise _problem(
            selected,
            f"answered with {answer.api_version or 'no apiVersion'} {answer.kind or ''} instead of {plugin.api_version} ExecCredential",
            "let its tool write the kubeconfig again",
        )
    if given is None or not (given.token or (given.cert and given.key)):
        raise _problem(selected, "gave neither a token nor a certificate with its key")
    return given


def _last_words(stderr: bytes | None) -> str:
    """The end of what it printed, without secrets and control characters; nothing where the terminal showed it."""
    lines = (stderr or b"")[-_MOST:].decode("utf-8", "replace")
    whole = lines if len(stderr or b"") <= _MOST else lines.partition("\n")[2]
    safe = redact.free_text(whole)  # before anything is cut: the rest of a token shows no sign of being one
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in safe).split())[-_WORDS:]
    return f": {shown}" if shown else ""


_MOST, _WORDS = 65_536, 600


def _name(plugin: Plugin) -> str:
    return os.path.basename(plugin.command) or "(no command)"


def _problem(selected: Selected, what: str, hint: str = "run it by hand and see what it prints") -> Misconfigured:
    plugin = selected.user.plugin
    name = _name(plugin) if plugin is not None else ""
    return Misconfigured(f"the credential plugin {name} of context {selected.context} {what}", hint=hint)
