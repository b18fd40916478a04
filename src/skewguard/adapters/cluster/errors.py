"""What goes wrong between here and a cluster, in words for somebody who has to mend it at night.

Every error says what, where (context and server, never a credential) and what to do. `kind` is the word that a
`running.Unread` carries; `would_need` is what would have helped (a right, a longer deadline), empty where nothing would.
"""

from typing import ClassVar, Literal

from skewguard.language.errors import SkewguardError

Kind = Literal["denied", "unreachable", "absent", "timeout", "changed", "refused", "unusable"]


class ClusterError(SkewguardError):
    """Base of everything that a cluster, or the way to it, refuses. `status` is the HTTP status, where there was one."""

    kind: ClassVar[Kind] = "unusable"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        would_need: str = "",
        status: int | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.would_need = would_need
        self.status = status


class Misconfigured(ClusterError):
    """The kubeconfig, a context in it, a proxy or a credential plugin cannot be used as it is."""

    kind = "unreachable"


class Denied(ClusterError):
    """The user may not do this (403). `right` names it as `kubectl auth can-i` would: `list pods in namespace prod`."""

    kind = "denied"

    def __init__(self, message: str, right: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, would_need=right, status=403)
        self.right = right


class Unauthorized(ClusterError):
    """The server does not know who asks (401): the token or certificate has expired or is another cluster's."""

    kind = "denied"


class Unreachable(ClusterError):
    """No answer could be had: name, network, TLS, proxy, or the server went away and did not come back."""

    kind = "unreachable"


class NotThere(ClusterError):
    """What was asked for does not exist (404): the object (`names_object`), or the kind on this server."""

    kind = "absent"

    def __init__(self, message: str, *, names_object: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, status=404)
        self.names_object = names_object


class TooSlow(ClusterError):
    """The deadline passed before the answer was complete."""

    kind = "timeout"


class Expired(ClusterError):
    """The server has forgotten the version that was asked for (410). `resume` is the token it gave to go on with."""

    kind = "changed"

    def __init__(self, message: str, *, resume: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint, status=410)
        self.resume = resume


class Conflict(ClusterError):
    """Somebody else changed the object meanwhile, or it exists already (409); or a condition of ours was not met."""

    kind = "changed"


class Refused(ClusterError):
    """The server understood and said no: a bad request, an admission policy, a container without logs."""

    kind = "refused"


class Unusable(ClusterError):
    """An answer came and cannot be used: not JSON, of another shape, too large, a redirect."""

    kind = "unusable"
