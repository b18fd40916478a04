"""What the user may do, and who the server takes them for.

Reviews are created, but nothing is stored: the server answers the object that it is sent and forgets it, every user may
do so (`system:basic-user`), and no admission policy sees more than a question. So they stand with what reads, and not
in `write`.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct, field

from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import NotThere, Unusable
from skewguard.adapters.cluster.resources import Resource, right
from skewguard.adapters.cluster.session import Cluster

_ACCESS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
_RULES = Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False)
T = TypeVar("T")
_SELF = ("v1", "v1beta1", "v1alpha1")
"""Versions of `authentication.k8s.io` that know SelfSubjectReview: 1.28, 1.27, 1.26."""


class Who(Struct, frozen=True):
    """The user as the server knows them."""

    username: str = ""
    groups: tuple[str, ...] | None = None


class Rule(Struct, frozen=True):
    """What a role allows: verbs on resources (`pods/log`, `*`) of groups, for named objects or for all."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = field(name="apiGroups", default=None)
    resources: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = field(name="resourceNames", default=None)


class Rules(Struct, frozen=True):
    """Every rule for one namespace. `incomplete`: an authorizer beside RBAC does not list its own."""

    rules: tuple[Rule, ...] | None = field(name="resourceRules", default=None)
    incomplete: bool = False
    problem: str = field(name="evaluationError", default="")


class _Decision(Struct, frozen=True):
    allowed: bool = False
    denied: bool = False
    problem: str = field(name="evaluationError", default="")


class _Access(Struct, frozen=True):
    status: _Decision


class _Listed(Struct, frozen=True):
    status: Rules


class _Info(Struct, frozen=True):
    user: Who = field(name="userInfo", default=Who())


class _Self(Struct, frozen=True):
    status: _Info


def may(
    cluster: Cluster, verb: str, resource: Resource, namespace: str | None = None, subresource: str = "", name: str = ""
) -> bool | None:
    """Whether the user may do this; in all namespaces where none is named. None: the server would not say.

    Raises a `ClusterError`.
    """
    asked = {
        "verb": verb,
        "group": resource.group,
        "resource": resource.plural,
        "subresource": subresource,
        "namespace": namespace or "",
        "name": name,
    }
    words = f"whether the user may {right(verb, resource, namespace, subresource)}"
    spec = {"resourceAttributes": {key: text for key, text in asked.items() if text}}
    decision = _ask(cluster, _ACCESS, spec, words, _Access).status
    return None if decision.problem and not decision.allowed and not decision.denied else decision.allowed


def rules(cluster: Cluster, namespace: str) -> Rules:
    """Everything that the user may do in a namespace, cluster-wide rights included. Raises a `ClusterError`."""
    return _ask(
        cluster, _RULES, {"namespace": namespace}, f"the user's rights in namespace {namespace}", _Listed
    ).status


def who(cluster: Cluster) -> Who | None:
    """The user; None where the server is too old to tell. Raises a `ClusterError`."""
    for version in _SELF:
        resource = Resource(
            "authentication.k8s.io", version, "selfsubjectreviews", "SelfSubjectReview", namespaced=False
        )
        try:
            return _ask(cluster, resource, None, "who the user is", _Self).status.user
        except NotThere:
            continue
    return None


def _ask(cluster: Cluster, resource: Resource, spec: object, what: str, type_: type[T]) -> T:
    content: dict[str, object] = {"apiVersion": resource.api_version, "kind": resource.kind}
    if spec is not None:
        content["spec"] = spec
    call = Call(
        resource.path(),
        what,
        right("create", resource),
        method="POST",
        headers={"Content-Type": "application/json"},
        body=msgspec.json.encode(content),
    )
    try:
        return msgspec.json.decode(cluster.ask(call).body, type=type_)
    except msgspec.DecodeError:
        raise Unusable(f"{cluster.place} does not say {what}") from None
