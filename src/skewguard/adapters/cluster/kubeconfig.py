"""Which cluster, as whom: kubeconfig files found, merged and chosen from as kubectl does it.

The rules are those of client-go (`tools/clientcmd/loader.go`): an explicit file stands alone; else every file that
`KUBECONFIG` lists, those that do not exist left out; else `~/.kube/config`. Merged, the first file that names a cluster,
user or context wins, and the first that sets `current-context`. Relative paths are relative to the file they stand in.

Nothing here puts a value of a file into a message: it could be a credential.
"""

import os
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from skewguard.adapters import files
from skewguard.adapters.cluster.errors import Misconfigured
from skewguard.language import documents
from skewguard.language.errors import InputError

T = TypeVar("T")


class Variable(Struct, frozen=True):
    """One environment variable of a credential plugin."""

    name: str
    value: str = ""


class Plugin(Struct, frozen=True):
    """A command that gives credentials (`users[].user.exec`)."""

    command: str
    api_version: str = field(name="apiVersion", default="")
    args: tuple[str, ...] | None = None
    env: tuple[Variable, ...] | None = None
    install_hint: str | None = field(name="installHint", default=None)
    wants_cluster: bool = field(name="provideClusterInfo", default=False)
    interactive: str = field(name="interactiveMode", default="IfAvailable")


class Provider(Struct, frozen=True):
    """The older way to tokens (`users[].user.auth-provider`), of which `oidc` alone is left in client-go."""

    name: str
    config: Mapping[str, str] | None = None


class Server(Struct, frozen=True):
    """A cluster entry."""

    server: str = ""
    ca_file: str | None = field(name="certificate-authority", default=None)
    ca_data: str | None = field(name="certificate-authority-data", default=None)
    insecure: bool = field(name="insecure-skip-tls-verify", default=False)
    tls_name: str | None = field(name="tls-server-name", default=None)
    proxy: str | None = field(name="proxy-url", default=None)


class User(Struct, frozen=True):
    """A user entry."""

    token: str | None = None
    token_file: str | None = field(name="tokenFile", default=None)
    username: str | None = None
    password: str | None = None
    cert_file: str | None = field(name="client-certificate", default=None)
    cert_data: str | None = field(name="client-certificate-data", default=None)
    key_file: str | None = field(name="client-key", default=None)
    key_data: str | None = field(name="client-key-data", default=None)
    plugin: Plugin | None = field(name="exec", default=None)
    provider: Provider | None = field(name="auth-provider", default=None)
    act_as: str | None = field(name="as", default=None)
    act_as_uid: str | None = field(name="as-uid", default=None)
    act_as_groups: tuple[str, ...] | None = field(name="as-groups", default=None)
    act_as_extra: Mapping[str, tuple[str, ...]] | None = field(name="as-user-extra", default=None)


class Choice(Struct, frozen=True):
    """A context entry."""

    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class Selected(Struct, frozen=True):
    """One context with its cluster and user, paths made absolute. `source` is the file that holds the context."""

    context: str
    namespace: str
    server: Server
    user: User
    source: str


class _Entry(Struct, frozen=True):
    content: Any
    file: str


class Merged:
    """Several kubeconfig files as one."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.current = ""
        self._entries: dict[str, dict[str, _Entry]] = {"clusters": {}, "users": {}, "contexts": {}}

    @property
    def contexts(self) -> tuple[str, ...]:
        """The names of all contexts, in order."""
        return tuple(self._entries["contexts"])

    def add(self, path: str) -> None:
        """Lay a file under those that are there already. Raises `Misconfigured`."""
        content = _content(path)
        self.files.append(path)
        self.current = self.current or _text(content.get("current-context"))
        for list_, entries in self._entries.items():
            for item in _items(content.get(list_)):
                entries.setdefault(_text(item.get("name")), _Entry(item.get(_SINGULAR[list_]), path))

    def select(self, context: str | None) -> Selected:
        """One context, or the current one. Raises `Misconfigured` with the names there are."""
        name = context or self.current
        if not name:
            raise self._problem("no context is chosen: there is no `current-context`", _among(self.contexts))
        chosen, source = self._entry("contexts", name, Choice, f"there is no context {name}")
        server, home = self._entry(
            "clusters",
            chosen.cluster,
            Server,
            f"context {name} names cluster {chosen.cluster or '(none)'}, which is not there",
        )
        if not server.server:
            raise self._problem(f"cluster {chosen.cluster} of context {name} has no `server`", "set its URL")
        user, users_home = User(), source
        if chosen.user:
            user, users_home = self._entry(
                "users", chosen.user, User, f"context {name} names user {chosen.user}, which is not there"
            )
        return Selected(
            name, chosen.namespace or "default", _server_paths(server, home), _user_paths(user, users_home), source
        )

    def _entry(self, list_: str, name: str, type_: type[T], missing: str) -> tuple[T, str]:
        entry = self._entries[list_].get(name)
        if entry is None:
            raise self._problem(missing, _nearest(name, tuple(self._entries[list_]), list_))
        try:
            return msgspec.convert(entry.content or {}, type_), entry.file
        except msgspec.ValidationError as error:  # names the field and the type, never the value
            raise Misconfigured(
                f"{list_[:-1]} {name} cannot be read: {error}", hint="correct it there", file=files.shown(entry.file)
            ) from None

    def _problem(self, message: str, hint: str) -> Misconfigured:
        return Misconfigured(f"{message} (in {', '.join(map(files.shown, self.files))})", hint=hint)


def find(kubeconfig: str | None) -> Merged | None:
    """The kubeconfig that applies; None where there is none at all. Raises `Misconfigured`."""
    merged = Merged()
    if kubeconfig is not None:
        merged.add(files.at_home(kubeconfig))
        return merged
    listed = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    paths = listed or [os.path.expanduser("~/.kube/config")]
    for path in dict.fromkeys(paths):
        if os.path.exists(path):
            merged.add(path)
    return merged if merged.files else None


def looked_at() -> str:
    """Where a kubeconfig was looked for, in words."""
    listed = os.environ.get("KUBECONFIG", "")
    return (
        f"KUBECONFIG={listed}, and nothing is there" if listed else "~/.kube/config is not there, KUBECONFIG is not set"
    )


_SINGULAR = {"clusters": "cluster", "users": "user", "contexts": "context"}


def _content(path: str) -> Mapping[str, Any]:
    """The mapping that a file holds; an empty file is an empty one, as for kubectl."""
    try:
        read, errors = documents.read(files.read_text(path), path)
        if errors:
            raise errors[0]
        content = read[0].root.value() if read else {}
    except InputError as error:
        reason = error.message.removeprefix(f"{files.shown(path)} ")
        place = f":{error.line}" if error.line is not None else ""
        raise Misconfigured(
            f"the kubeconfig {files.shown(path)}{place} cannot be read: {reason}",
            hint=error.hint or "correct it, or name another with --kubeconfig",
            file=files.shown(path),
        ) from None
    if not isinstance(content, Mapping) and content is not None:
        raise Misconfigured(
            f"{files.shown(path)} is no kubeconfig", hint="name one with --kubeconfig", file=files.shown(path)
        )
    return content or {}


def _items(content: Any) -> list[Mapping[str, Any]]:
    return [item for item in content if isinstance(item, Mapping)] if isinstance(content, list) else []


def _text(content: Any) -> str:
    return content if isinstance(content, str) else ""


def _server_paths(server: Server, home: str) -> Server:
    return msgspec.structs.replace(server, ca_file=_beside(home, server.ca_file))


def _user_paths(user: User, home: str) -> User:
    plugin = user.plugin
    if plugin is not None and os.sep in plugin.command:  # a plain name is looked up in PATH
        plugin = msgspec.structs.replace(plugin, command=_beside(home, plugin.command) or plugin.command)
    return msgspec.structs.replace(
        user,
        plugin=plugin,
        token_file=_beside(home, user.token_file),
        cert_file=_beside(home, user.cert_file),
        key_file=_beside(home, user.key_file),
    )


def _beside(home: str, path: str | None) -> str | None:
    """A path that stands in a kubeconfig, made absolute; an empty one is none."""
    return os.path.join(os.path.dirname(os.path.abspath(home)), path) if path else None


def _nearest(name: str, known: tuple[str, ...], list_: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else _among(known, list_)


def _among(known: tuple[str, ...], list_: str = "contexts") -> str:
    """The names there are, the first few of them."""
    if not known:
        return f"it holds no {list_} at all"
    shown = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    return f"choose one with --context: {shown}" if list_ == "contexts" else f"there are: {shown}"


_SHOWN = 8
