"""The rights skewguard asks for, as a page of docs/ and as manifests of `deploy/rbac`, both from `knowledge.rights`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from skewguard.knowledge import rights
from skewguard.knowledge.rights import Right, Role

HOME = "skewguard"
"""The namespace of the service accounts whose roles hold in the whole cluster."""

TENANT = "prod"
"""The namespace of the roles for one namespace, until somebody writes another one into the kustomization."""

_NOTES: dict[Role, str] = {
    "reader": """\
# No Secrets: an API server cannot give their names without their contents, whatever form of a list is asked for. What
# pods refer to is read by name from the pods.""",
    "prober": """\
# `create` is asked for by API servers from 1.35 on, `get` by older ones, where port-forwarding begins with a GET.""",
    "exec": """\
# Whoever may run commands in a container can read its Secrets and change it: skewguard uses this with --exec alone.
# `create` is asked for by API servers from 1.35 on, `get` by older ones, where exec begins with a GET.""",
    "operator": """\
# Names cannot be restricted for `create`: the journal's are skewguard-action-ID, and RBAC knows no name before the object
# is there. Without get and list of Secrets nothing can be read with it.""",
}


def manifests(made: str) -> Iterator[tuple[str, str]]:
    """Every file below `deploy/rbac`, by its path there."""
    for role in rights.ROLES:
        yield f"cluster/{role}.yaml", _file(made, role, _cluster_wide(role))
        yield f"namespaced/{role}.yaml", _file(made, role, _in_namespace(role))
    yield "cluster/namespace.yaml", f"# {made}\n{_object('v1', 'Namespace', HOME)}\n"
    yield "cluster/kustomization.yaml", _kustomization(made, HOME, ["namespace.yaml", "reader.yaml"])
    yield "namespaced/machines.yaml", _machines(made)
    yield "namespaced/kustomization.yaml", _kustomization(made, TENANT, ["reader.yaml"])
    yield "kustomization.yaml", f"# {made}\n{_KUSTOMIZATION}resources:\n  - cluster\n"


def _file(made: str, role: Role, objects: Iterable[str]) -> str:
    return f"# {made}\n# skewguard-{role}: {rights.ROLES[role]}.\n{_NOTES[role]}\n" + "\n---\n".join(objects) + "\n"


def _cluster_wide(role: Role) -> Iterator[str]:
    name = f"skewguard-{role}"
    yield _object("v1", "ServiceAccount", name, HOME)
    yield f"{_object(_RBAC, 'ClusterRole', name)}\n{_rules(rights.of(role))}"
    yield f"{_object(_RBAC, 'ClusterRoleBinding', name)}\n{_bound('ClusterRole', name, name, HOME)}"


def _in_namespace(role: Role) -> Iterator[str]:
    name = f"skewguard-{role}"
    yield _object("v1", "ServiceAccount", name, TENANT)
    rows = [row for row in rights.of(role) if not row.cluster]
    yield f"{_object(_RBAC, 'Role', name, TENANT)}\n{_rules(rows)}"
    yield f"{_object(_RBAC, 'RoleBinding', name, TENANT)}\n{_bound('Role', name, name, TENANT)}"


def _machines(made: str) -> str:
    """What belongs to no namespace, for the reader of one."""
    rows = [row for row in rights.of("reader") if row.cluster]
    name = "skewguard-machines"
    return f"""\
# {made}
# Nodes and other objects of the whole cluster, which a Role cannot grant; for the service account of the reader in {TENANT}.
# Without it verify works, and what these objects would tell is a gap: the GPU first of all. Name the binding after the
# namespace: one of the same name for another namespace would take its place.
{_object(_RBAC, "ClusterRole", name)}
{_rules(rows)}
---
{_object(_RBAC, "ClusterRoleBinding", f"{name}-{TENANT}")}
{_bound("ClusterRole", name, "skewguard-reader", TENANT)}
"""


_RBAC = "rbac.authorization.k8s.io/v1"
_KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def _kustomization(made: str, namespace: str, resources: Sequence[str]) -> str:
    files = "".join(f"  - {each}\n" for each in resources)
    more = "prober.yaml, exec.yaml, operator.yaml" + (", machines.yaml" if namespace == TENANT else "")
    return (
        f"# {made}\n# Add what you mean to allow: {more}.\n{_KUSTOMIZATION}namespace: {namespace}\nresources:\n{files}"
    )


def _object(version: str, kind: str, name: str, namespace: str | None = None) -> str:
    inside = f"\n  namespace: {namespace}" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}{inside}\n  labels: {{app.kubernetes.io/name: skewguard}}"


def _bound(kind: str, role: str, account: str, namespace: str) -> str:
    return f"""\
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {role}}}
subjects:
  - {{kind: ServiceAccount, name: {account}, namespace: {namespace}}}"""


def _rules(rows: Sequence[Right]) -> str:
    lines, told = ["rules:"], ""
    for (for_, group, verbs), same in groupby(rows, key=lambda row: (row.for_, row.group, row.verbs)):
        lines += [f"  # {for_}"] if for_ != told else []
        told = for_
        lines.append(f"  - apiGroups: [{group or chr(34) * 2}]")
        lines.append(f"    resources: [{', '.join(row.resource for row in same)}]")
        lines.append(f"    verbs: [{', '.join(verbs)}]")
    return "\n".join(lines)


_PAGE = """\
# Access to a cluster

{made}
skewguard looks with the rights of whoever runs it, and with no more than it is given: what it may not read is a gap that
names the right it would need, never a crash and never a guess. `skewguard verify --check-access` asks the cluster which of
these rights you have, and says what each is for and what stays unknown without it. Exit code 0: all of the reader's;
3: some are missing, or the cluster does not say.

```bash
kubectl apply -k deploy/rbac                                  # the reader, for the whole cluster
kubectl apply -f deploy/rbac/cluster/prober.yaml              # the prober as well
kubectl apply -k deploy/rbac/namespaced                       # the reader, for one namespace (see its kustomization)
skewguard verify --check-access -n prod                       # what may I see?
```

Each role is a service account with its role and binding. For people, bind the same role to a group of yours. The roles
for one namespace need no right of the whole cluster to install; `namespaced/machines.yaml` adds what belongs to no
namespace (nodes, device classes), and needs one.

| role | may |
|---|---|
{roles}

- **Secrets** are in no role that looks. Kubernetes cannot grant the names of Secrets without their contents: whoever may
  `list` or `get` them can read them, also where only metadata is asked for. skewguard knows Secrets by the names that
  pods refer to.
- **`create` of Secrets** (operator) cannot be bound to names: the names of what is created are not known when a request
  is authorized. With it alone nothing can be read.
- **exec and port-forward** begin with a WebSocket. API servers from 1.35 on ask for `create` of the subresource, older
  ones for `get`: the roles hold both.
- **`pods/proxy`** is used for engines without API key alone: on that way the API server drops the `Authorization` header.
- **`watch`** goes with `get` and `list`, as it shows nothing that they do not; `--check-access` does not ask for it.
- A kind that a cluster does not serve needs no right; `--check-access` leaves it out.

**(cluster)**: objects that belong to no namespace. The second column is the API group, empty for the core group.
"""


def page(made: str) -> str:
    """The page about rights, with every row of the table."""
    roles = "\n".join(f"| `skewguard-{role}` | {may} |" for role, may in rights.ROLES.items())
    parts = [_PAGE.format(made=made, roles=roles)]
    for role in rights.ROLES:
        below = rights.INCLUDES[role]
        head = f"## skewguard-{role}\n\n" + (f"Everything of `skewguard-{below}`, and:\n\n" if below else "")
        parts.append(head + "\n".join(_table(row for row in rights.ROWS if row.role == role)) + "\n")
    return "\n".join(parts)


def _table(rows: Iterable[Right]) -> Iterator[str]:
    yield "| resources | of | verbs | what they are for | unknown without them |"
    yield "|---|---|---|---|---|"
    for (for_, without, verbs, group), same in groupby(
        rows, key=lambda row: (row.for_, row.without, row.verbs, row.group)
    ):
        names = ", ".join(f"`{row.resource}`{' (cluster)' if row.cluster else ''}" for row in same)
        yield f"| {names} | {group} | {', '.join(verbs)} | {for_} | {without} |"
