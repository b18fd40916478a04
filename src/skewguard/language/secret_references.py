"""Fields of Kubernetes objects that are called after a secret and hold but the name of the object that has it.

`imagePullSecrets: [{name: registry}]` hides nothing, and a workload cannot be put back without it. Name and shape of a field have to
fit together, so that what is no reference stays masked: a text below such a name is one only in the fields that are known.

Sources: core/v1 types.go (LocalObjectReference, SecretReference, SecretKeySelector, SecretVolumeSource, SecretProjection,
ServiceAccountTokenProjection); NIM operator api/apps/v1alpha1 (`authSecret`); Dynamo operator (`envFromSecret`); KAITO
api/v1beta1 (`modelAccessSecret`).
"""

import re
from collections.abc import Mapping
from typing import Any

from skewguard.language import secret_names

_FIELD = re.compile(r"[a-z]+(?:[A-Z][a-z]*)*")
"""How Kubernetes spells a field; `client_secret` is somebody else's."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""What an object may be called (RFC 1123)."""

_REFERENCE = frozenset((
    "name", "secretName", "namespace", "key", "items", "optional", "defaultMode", "kind", "apiGroup", "apiVersion",
))  # fmt: skip
_MOUNTED_TOKEN = frozenset(("audience", "expirationSeconds", "path"))
_PULLING = frozenset(("imagePullSecrets", "imagePullSecret", "pullSecrets", "pullSecret"))
_OF_GROUP = {
    "apps.nvidia.com": frozenset(("authSecret",)),
    "nvidia.com": frozenset(("envFromSecret",)),
    "kaito.sh": frozenset(("modelAccessSecret",)),
}


def fields_of(api_version: str) -> frozenset[str]:
    """The fields of an API group's objects whose text is the name of a Secret."""
    return _OF_GROUP.get(api_version.partition("/")[0], frozenset())


def is_one(field: str, content: Any, texts: frozenset[str] = frozenset()) -> bool:
    """Whether what stands below a field names a Secret, and is none. `texts` are the fields of its object that hold a name."""
    if isinstance(content, Mapping):
        return _is_reference(field, content)
    if field not in _PULLING and field not in texts:
        return False
    every = content if isinstance(content, list) else [content]
    return all(_is_name(each) or (isinstance(each, Mapping) and _is_reference("secret", each)) for each in every)


def _is_reference(field: str, content: Mapping[str, Any]) -> bool:
    if field == "serviceAccountToken":
        return content.keys() <= _MOUNTED_TOKEN
    if not _FIELD.fullmatch(field) or secret_names.words(field)[-1] not in ("secret", "ref"):
        return False
    return content.keys() <= _REFERENCE and _is_name(content.get("name", content.get("secretName")))


def _is_name(content: Any) -> bool:
    return isinstance(content, str) and _NAME.fullmatch(content) is not None
