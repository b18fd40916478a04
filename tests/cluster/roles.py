"""Users of the test cluster that are bound to the roles of deploy/, and the product's own way to it as one of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.knowledge.rights import Role
from tools.control_plane.client import Client, Object, Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

DEPLOY = Path(__file__).parents[2] / "deploy"
DEADLINE_S = 30.0


def manifest(path: str) -> list[Object]:
    """The objects of a manifest of deploy/."""
    return list(yaml.safe_load_all((DEPLOY / path).read_text("utf-8")))


def as_role(plane: Plane, namespace: Namespace, role: Role) -> Path:
    """The kubeconfig of an account that is bound to a role of deploy/rbac in the whole cluster."""
    (made,) = [each for each in manifest(f"rbac/cluster/{role}.yaml") if each["kind"] == "ClusterRole"]
    namespace.client.apply(made)  # stays: tests beside this one may be bound to it
    kubeconfig = namespace.account(role, role=made["metadata"]["name"])
    wait_for(plane, namespace, role, verb="list", resource="nodes")
    return kubeconfig


def wait_for(
    plane: Plane, namespace: Namespace, account: str, *, group: str = "", verb: str, resource: str, where: str = ""
) -> None:
    """Until the authorizer has heard of a binding: it follows a watch."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": where}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }

    with Client(plane.server, plane.authority, namespace.token(account)) as client:

        def ask() -> str:
            text = client.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
            if not json.loads(text)["status"]["allowed"]:
                raise Refused(403, f"{account} may not {verb} {resource} yet")
            return text

        client.retry(ask, DEADLINE_S)


@contextmanager
def reaching(kubeconfig: Path) -> Iterator[tuple[Reader, Reach]]:
    """The product's own way to the cluster, as this user."""
    with access.connect(kubeconfig=str(kubeconfig), deadline=DEADLINE_S) as cluster:
        yield Reader(cluster), Reach(cluster)
