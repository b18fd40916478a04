"""What the in-process API server answers with: statuses as a real one words them, and documents."""

import json
from typing import Any, NamedTuple

from tests.fakes.kinds import Kind


class Reply(NamedTuple):
    """One whole answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """A request that ends with a `Status`."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def document(content: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode())


def status(code: int, reason: str, message: str, **more: Any) -> Reply:
    headers = (("Retry-After", str(more.pop("retry_after"))),) if "retry_after" in more else ()
    metadata = more.pop("metadata", {})
    content = {"kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": message}
    return Reply(code, json.dumps({**content, "reason": reason, "code": code, **more}).encode(), headers=headers)


def not_found(kind: Kind, name: str) -> Refusal:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return Refusal(status(404, "NotFound", f'{kind.title} "{name}" not found', details=details))


def unserved() -> Refusal:
    """A kind or path that nobody serves: some of these are no `Status` at all."""
    return Refusal(Reply(404, b"404 page not found\n", "text/plain; charset=utf-8"))


def forbidden(user: str, verb: str, resource: str, group: str, namespace: str | None, name: str) -> Refusal:
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    plural = resource.partition("/")[0]
    title = f"{plural}.{group}" if group else plural
    named = f' "{name}"' if name else ""
    message = (
        f'{title}{named} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
    )
    return Refusal(status(403, "Forbidden", message, details={"name": name, "group": group, "kind": plural}))


def conflict(kind: Kind, name: str, message: str) -> Refusal:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    text = f'Operation cannot be fulfilled on {kind.title} "{name}": {message}'
    return Refusal(status(409, "Conflict", text, details=details))


def invalid(message: str) -> Refusal:
    return Refusal(status(422, "Invalid", message))
