"""Who would undo or redo a change of an object: releases and GitOps applications, by what they write on it.

The order is that of the evidence: an annotation that names the object itself, labels that only one tool writes, a
release's label with its annotations, what many charts write themselves (weak), and at last the manager of its fields.

Sources: Argo CD, resource tracking (`<application>:<group>/<kind>:<namespace>/<name>`, the application with its
namespace before `_` or behind `@`); Flux kustomize-controller and helm-controller (owner labels); Helm
(`meta.helm.sh/release-name`, set with `app.kubernetes.io/managed-by: Helm`); Kubernetes, server-side apply.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skewguard.language import objects
from skewguard.language.facts import Origin
from skewguard.language.running import Owner

_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCE = "app.kubernetes.io/instance"
_FLUX = (("kustomize.toolkit.fluxcd.io", "Kustomization"), ("helm.toolkit.fluxcd.io", "HelmRelease"))
_MANAGERS: Mapping[str, tuple[str, str | None]] = {
    "helm": ("Helm release", None),
    "helm-controller": ("HelmRelease", "helm.toolkit.fluxcd.io"),
    "kustomize-controller": ("Kustomization", "kustomize.toolkit.fluxcd.io"),
    "argocd-controller": ("Application", "argoproj.io"),
    "argocd-application-controller": ("Application", "argoproj.io"),
}
"""Managers that will write again → what they are a part of. A person's kubectl does not come back by itself."""

Values = Mapping[str, Any]


def of(value: Values) -> tuple[Owner, ...]:
    """Every owner that an object tells of, the strongest evidence first; one kind once."""
    found: dict[str, Owner] = {}
    for each in (*_argo(value), *_flux(value), *_helm(value), *_instance(value), *_managers(value)):
        found.setdefault(each.kind, each)
    return tuple(found.values())


def _argo(value: Values) -> Iterator[Owner]:
    """Argo CD's annotation counts where it names this very object: it is copied together with manifests."""
    text = _texts(value, "annotations").get(_TRACKING, "")
    match = re.fullmatch(r"([^:]+):([^/:]*)/([^:]+):([^/]*)/(.+)", text)
    if match is None:
        return
    application, group, kind, namespace, name = match.groups()
    metadata = _metadata(value)
    own_group = str(value.get("apiVersion") or "").rpartition("/")[0]
    own = (own_group, value.get("kind"), metadata.get("name"))
    if (group, kind, name) != own or namespace not in ("", metadata.get("namespace") or ""):
        return
    before, underscore, after = application.partition("_")
    plain, _, at = application.partition("@")
    owner, home = (after, before) if underscore else (plain, at or None)
    yield Owner("Application", owner, home, "argoproj.io", "annotation", _place(value, "annotations", _TRACKING, text))


def _flux(value: Values) -> Iterator[Owner]:
    labels = _texts(value, "labels")
    for group, kind in _FLUX:
        name = labels.get(f"{group}/name")
        if name:
            place = _place(value, "labels", f"{group}/name", name)
            yield Owner(kind, name, labels.get(f"{group}/namespace"), group, "label", place)


def _helm(value: Values) -> Iterator[Owner]:
    annotations, labels = _texts(value, "annotations"), _texts(value, "labels")
    name = annotations.get("meta.helm.sh/release-name")
    if name:
        home = annotations.get("meta.helm.sh/release-namespace")
        place = _place(value, "annotations", "meta.helm.sh/release-name", name)
        certain = labels.get("app.kubernetes.io/managed-by") == "Helm"
        yield Owner("Helm release", name, home, None, "annotation", place, certain=certain)


def _instance(value: Values) -> Iterator[Owner]:
    """Argo CD's tracking by label: charts write the same one, so that it proves nothing where Helm wrote it too."""
    name = _texts(value, "labels").get(_INSTANCE)
    if name and not any(_helm(value)) and _written_by(value, "argocd"):
        place = _place(value, "labels", _INSTANCE, name)
        yield Owner("Application", name, None, "argoproj.io", "label", place, certain=False)


def _managers(value: Values) -> Iterator[Owner]:
    entries = _metadata(value).get("managedFields")
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        manager = entry.get("manager") if isinstance(entry, dict) else None
        if not isinstance(manager, str) or entry.get("subresource"):
            continue
        known = _MANAGERS.get(manager)
        if known is not None:
            place = Origin("object", f"{objects.title(value)} .metadata.managedFields[{number}].manager", text=manager)
            yield Owner(known[0], manager, None, known[1], "managed-fields", place, certain=False)


def _written_by(value: Values, beginning: str) -> bool:
    entries = _metadata(value).get("managedFields")
    listed = entries if isinstance(entries, list) else []
    return any(str(each.get("manager")).startswith(beginning) for each in listed if isinstance(each, dict))


def _metadata(value: Values) -> Values:
    metadata = value.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _texts(value: Values, part: str) -> dict[str, str]:
    mapping = _metadata(value).get(part)
    entries = mapping.items() if isinstance(mapping, dict) else ()
    return {key: text for key, text in entries if isinstance(text, str)}


def _place(value: Values, part: str, key: str, text: str) -> Origin:
    return Origin("object", f'{objects.title(value)} .metadata.{part}["{key}"]', text=text)
