"""Who would undo or redo a change of an object, by what they write on it."""

from typing import Any

import pytest

from skewguard.language.running import Owner
from skewguard.observe.sources.live import owners
from tests.observe.live import made

TRACKING = "argocd.argoproj.io/tracking-id"


def _of(**metadata: Any) -> list[tuple[str, str, str | None, str, bool]]:
    value = made.deployment()
    value["metadata"].update(metadata)
    return [_short(each) for each in owners.of(value)]


def _short(each: Owner) -> tuple[str, str, str | None, str, bool]:
    return each.kind, each.name, each.namespace, each.via, each.certain


@pytest.mark.parametrize(
    ("tracking", "found"),
    [
        ("shop:apps/Deployment:prod/chat", [("Application", "shop", None, "annotation", True)]),
        ("argo_shop:apps/Deployment:prod/chat", [("Application", "shop", "argo", "annotation", True)]),
        ("shop@argo:apps/Deployment:prod/chat", [("Application", "shop", "argo", "annotation", True)]),
        ("shop:apps/Deployment:prod/other", []),
        ("shop:apps/StatefulSet:prod/chat", []),
        ("shop:apps/Deployment:staging/chat", []),
        ("nonsense", []),
    ],
)
def test_argo_cd_owns_what_its_annotation_names(tracking: str, found: list[Any]) -> None:
    """The annotation counts where it names the object it stands on: people copy manifests with it."""
    assert _of(annotations={TRACKING: tracking}) == found


def test_flux_labels() -> None:
    """Both controllers of Flux label what they apply."""
    prefixes = ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io")
    labels = {f"{prefix}/{key}": text for prefix in prefixes for key, text in (("name", "apps"), ("namespace", "flux"))}
    assert _of(labels=labels) == [
        ("Kustomization", "apps", "flux", "label", True),
        ("HelmRelease", "apps", "flux", "label", True),
    ]


@pytest.mark.parametrize(("by", "certain"), [("Helm", True), ("Tiller", False)])
def test_helm(by: str, certain: bool) -> None:
    """A release is named by annotations, and sure with Helm's label."""
    annotations = {"meta.helm.sh/release-name": "chat", "meta.helm.sh/release-namespace": "prod"}
    labels = {"app.kubernetes.io/managed-by": by, "app.kubernetes.io/instance": "chat"}
    assert _of(annotations=annotations, labels=labels) == [("Helm release", "chat", "prod", "annotation", certain)]


def test_an_instance_label_alone_owns_nothing() -> None:
    """Charts write the label by which Argo CD can track; with Argo CD among the managers it is weak evidence."""
    label = {"app.kubernetes.io/instance": "shop"}
    assert _of(labels=label) == []
    fields = [{"manager": "argocd-controller", "operation": "Apply"}]
    assert _of(labels=label, managedFields=fields) == [("Application", "shop", None, "label", False)]


@pytest.mark.parametrize(
    ("manager", "kind"),
    [("helm", "Helm release"), ("kustomize-controller", "Kustomization"), ("argocd-controller", "Application"), ("kubectl-edit", None)],
)  # fmt: skip
def test_managers_are_the_last_evidence(manager: str, kind: str | None) -> None:
    """Who wrote the fields tells of a tool that comes back; a person's kubectl does not."""
    entries = [{"manager": manager, "operation": "Apply"}, {"manager": manager, "subresource": "status"}, None]
    found = _of(managedFields=entries)
    assert found == ([] if kind is None else [(kind, manager, None, "managed-fields", False)])


@pytest.mark.parametrize("metadata", [None, [], {"annotations": [], "labels": 3, "managedFields": {}}])
def test_hostile_metadata(metadata: Any) -> None:
    """Metadata of another shape tells of nobody."""
    assert owners.of({"kind": "Deployment", "metadata": metadata}) == ()
