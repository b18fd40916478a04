"""What the store keeps of a verification: the documents `validation` and `snapshot`, written without secrets.

A promise like those in `documents`: rollback reads them, whatever version of skewguard wrote them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from skewguard.language import redacted_documents, secret_names
from skewguard.language.explanations import Tables
from skewguard.language.facts import Authority, Fact, Gap
from skewguard.language.records import Part, Retirement, Snapshot, Validation
from skewguard.language.running import Unread
from skewguard.report import json_text, parts
from skewguard.report.documents import Document, Json, Origin, SettingName, Subject, Text

Object = Annotated[dict[str, Any], Meta(description="without what the server fills in; secrets are masked")]


class OpenPart(Struct):
    """Why there is no `inputs_digest`: a part of it that is not known."""

    setting: SettingName
    reason: Text


class Parts(Struct):
    """Each part of "verified good": `absent` where it was not looked at, or there is none."""

    contract: Part
    baseline: Part
    probes: Part


class ValidationDocument(Document, kw_only=True):
    """`verify --record-good`, as the store keeps it: one container that keeps its contract on every replica."""

    schema: Literal["skewguard.dev/validation/v1"] = "skewguard.dev/validation/v1"
    subject: Subject
    at: Annotated[str, Meta(description="when, ISO 8601")]
    context: Annotated[str, Meta(description="the kubeconfig context that was read")]
    contract: Annotated[str, Meta(description="the name of the contract")]
    parts: Parts
    undecided: Annotated[list[SettingName], Meta(description="clauses that were unknown, and allowed to be")]
    baseline: Annotated[str | None, Meta(description="record of the latest valid baseline of the same inputs")]
    snapshot: Annotated[str, Meta(description="record of what was verified")]
    inputs_digest: Annotated[str | None, Meta(description="null: not all of it is known")]
    gaps: list[OpenPart]


class KeptRevision(Struct):
    """One version of the pod template; the hash names it for good."""

    hash: Text
    name: Text
    number: int | None
    current: bool


class KeptFact(Struct):
    """One value in effect, with who says so and where."""

    value: Json
    authority: Authority
    origin: Origin


class Unseen(Struct):
    """An object that could not be read, and why."""

    what: Text
    reason: Text


class SnapshotDocument(Document, kw_only=True):
    """`verify --record-good`, as the store keeps it: a workload as somebody wrote it, while it was verified.

    What is masked cannot be brought back from here: `masked` names each place.
    """

    schema: Literal["skewguard.dev/snapshot/v1"] = "skewguard.dev/snapshot/v1"
    subject: Subject
    at: Annotated[str, Meta(description="when, ISO 8601")]
    context: Annotated[str, Meta(description="the kubeconfig context that was read")]
    object: Object
    config_maps: list[Object]
    masked: Annotated[list[str], Meta(description="paths from `object` and `config_maps` on")]
    unread: Annotated[list[Unseen], Meta(description="ConfigMaps that could not be read")]
    revisions: list[KeptRevision]
    images: Annotated[dict[str, list[str]], Meta(description="digests that ran, by container")]
    facts: Annotated[
        dict[str, dict[str, KeptFact]], Meta(description="by container and setting; of secrets there are none")
    ]


class RetirementDocument(Document, kw_only=True):
    """`baseline retire`, as the store keeps it beside the record that it sets aside, which is neither changed nor removed."""

    schema: Literal["skewguard.dev/retirement/v1"] = "skewguard.dev/retirement/v1"
    retires: Annotated[Text, Meta(description="id of a baseline or calibration")]
    type: Literal["baseline", "calibration"]
    reason: Text


class ReinstatementDocument(Document, kw_only=True):
    """`baseline retire --undo`, as the store keeps it: what had set a record aside counts no more, and the record counts again."""

    schema: Literal["skewguard.dev/reinstatement/v1"] = "skewguard.dev/reinstatement/v1"
    reinstates: Annotated[Text, Meta(description="id of a baseline or calibration")]
    type: Literal["baseline", "calibration"]
    reason: Text


def write_retirement(item: Retirement, tables: Tables) -> bytes:
    """The document of one retirement, or of one that is taken back, in one line."""
    kind: Literal["baseline", "calibration"] = "calibration" if item.type == "calibration" else "baseline"
    tool, named, why = parts.tool(tables), item.record_id, item.reason
    if item.undone:
        return _written(ReinstatementDocument(tool=tool, exit_code=0, reinstates=named, type=kind, reason=why))
    return _written(RetirementDocument(tool=tool, exit_code=0, retires=named, type=kind, reason=why))


def write_validation(item: Validation, tables: Tables) -> bytes:
    """The document of one validation, in one line."""
    return _written(
        ValidationDocument(
            tool=parts.tool(tables),
            exit_code=0,
            subject=parts.subject(item.subject),
            at=item.at,
            context=item.context,
            contract=item.contract_name,
            parts=Parts(item.contract, item.baseline, item.probes),
            undecided=list(item.undecided),
            baseline=item.baseline_id,
            snapshot=item.snapshot_id,
            inputs_digest=item.inputs_digest,
            gaps=[_open(gap) for gap in item.gaps],
        )
    )


def write_snapshot(item: Snapshot, tables: Tables) -> bytes:
    """The document of one snapshot, in one line, without secrets and with the places where they were."""
    masked: list[str] = []
    whole = {
        "object": item.content,
        "config_maps": [_text_alone(each, number, masked) for number, each in enumerate(item.config_maps)],
    }
    shown = redacted_documents.document(whole, masked)
    return _written(
        SnapshotDocument(
            tool=parts.tool(tables),
            exit_code=0,
            subject=parts.subject(item.subject),
            at=item.at,
            context=item.context,
            object=shown["object"],
            config_maps=shown["config_maps"],
            masked=masked,
            unread=[_unseen(each) for each in item.unread],
            revisions=[KeptRevision(each.hash, each.name, each.number, each.current) for each in item.revisions],
            images={name: list(digests) for name, digests in item.images.items()},
            facts={name: dict(_facts(facts)) for name, facts in item.facts.items()},
        )
    )


def _text_alone(config_map: Mapping[str, Any], number: int, masked: list[str]) -> dict[str, Any]:
    """A ConfigMap without its binary data, in which nobody can see a secret."""
    masked.extend(f"config_maps[{number}].binaryData[{key!r}]" for key in config_map.get("binaryData") or {})
    return {key: part for key, part in config_map.items() if key != "binaryData"}


def _open(gap: Gap) -> OpenPart:
    return OpenPart(gap.setting, gap.reason)


def _unseen(item: Unread) -> Unseen:
    return Unseen(item.what, item.reason)


def _facts(facts: Iterable[Fact]) -> Iterator[tuple[str, KeptFact]]:
    """By setting. Of a secret there is none: below its name all is masked, and a mask tells nothing."""
    yield from ((fact.setting, _fact(fact)) for fact in facts if not secret_names.is_secret(fact.setting))


def _fact(fact: Fact) -> KeptFact:
    return KeptFact(parts.plain(fact.value), fact.authority, parts.origin(fact.origin))


def _written(document: Document) -> bytes:
    return json_text.encoded(redacted_documents.document(msgspec.to_builtins(document)))
