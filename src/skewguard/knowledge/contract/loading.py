"""From text to contracts: every document read, every mistake told at once with its place and the nearest name.

A document is a `ServingContract`, a `List` of them, a ConfigMap labelled `skewguard.dev/holds=contract` whose data
are contract texts, or a ParallelIQ `ModelSpec`. Any other document is no contract: told in `foreign`, so that the
caller may refuse a file that was named and pass over one met in a folder.
"""

import bisect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct, field, structs

from skewguard.knowledge.contract import doubts, measured, modelspec, promises, waiving
from skewguard.knowledge.contract.reading import Place, Reader, mistake, nearest, nearest_engine, shape
from skewguard.knowledge.contract.values import (
    API_VERSION,
    KIND,
    TARGET_FIELDS,
    Anything,
    Clause,
    Contract,
    Target,
    Unset,
)
from skewguard.language import dialects, documents, vocabulary
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin
from skewguard.language.trees import Node

HOLDS_LABEL = "skewguard.dev/holds"
SPEC_FIELDS = (
    "targets",
    *vocabulary.SECTIONS,
    "engine_settings",
    "roles",
    "performance",
    "behaviour",
    "waivers",
)
ROLES = ("leader", "worker", "prefill", "decode")

METADATA = (
    "name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "creationTimestamp",
    "managedFields", "ownerReferences", "finalizers", "selfLink", "generateName", "deletionTimestamp",
    "deletionGracePeriodSeconds",
)  # fmt: skip


class Note(Struct, frozen=True):
    """Something the reader should know that is no mistake: what a ModelSpec says that no clause can hold."""

    message: str
    origin: Origin


class Loaded(Struct):
    """What came out of texts. `foreign` are documents that are no contract, as the error to raise if they should be."""

    contracts: list[Contract] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    foreign: list[InputError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Known(Struct, frozen=True):
    """What a contract may name: the ids and aliases of checks for its waivers (empty: any), and the words of engines."""

    checks: Collection[str] = ()
    lexicon: doubts.Lexicon | None = None


_ANYTHING = Known()


def load(
    texts: Iterable[tuple[str, str]], checks: Collection[str] = (), lexicon: doubts.Lexicon | None = None
) -> Loaded:
    """Read (path, text) pairs. `checks` are the ids and aliases a waiver may name; empty: any.

    With a `lexicon` the names of engines, their settings and their values are looked at too.
    """
    known = Known(checks, lexicon)
    loaded = Loaded()
    for path, text in texts:
        trees, errors = documents.read(text, path)
        loaded.errors.extend(errors)
        for document in trees:
            read(document.root, loaded, known)
        if not trees and not errors:
            loaded.foreign.append(InputError("holds no document, so it is no contract", file=path, line=1, column=1))
    loaded.errors.extend(_same_names(loaded.contracts))
    return loaded


def load_objects(roots: Iterable[Node], checks: Collection[str] = (), lexicon: doubts.Lexicon | None = None) -> Loaded:
    """Read objects of a cluster: custom resources, and ConfigMaps that hold contracts. Else as `load`."""
    loaded, known = Loaded(), Known(checks, lexicon)
    for root in roots:
        read(root, loaded, known)
    loaded.errors.extend(_same_names(loaded.contracts))
    return loaded


_DEEPEST = 3
"""Lists and ConfigMaps inside each other that are followed; YAML lets a list hold itself."""


def read(
    root: Node,
    loaded: Loaded,
    known: Known = _ANYTHING,
    place: Place = lambda origin: origin,
    depth: int = 0,
    home: str | None = None,
) -> None:
    """Read one document into `loaded`. `place` maps positions where the text lay inside another document.

    `home` is the namespace of the object that holds the text: that of a contract which names none itself.
    """
    kind, version = root.get("kind").text(), root.get("apiVersion").text() or ""
    if depth > _DEEPEST:
        loaded.foreign.append(_no_contract(root, place, kind))
    elif kind and kind.endswith("List") and root.get("items").kind == "sequence":
        for item in root.get("items").elements():
            read(item, loaded, known, place, depth + 1, home)
    elif kind == "ConfigMap" and root.get("metadata", "labels", HOLDS_LABEL).text() == "contract":
        _config_map(root, loaded, known, depth + 1)
    elif kind == KIND or (kind and version.partition("/")[0] == API_VERSION.partition("/")[0]):
        _contract(root, loaded, known, place, home)
    elif kind == modelspec.KIND and modelspec.spoken_by(version):
        _modelspec(root, loaded, known, place)
    else:
        meant = kind is not None and nearest(kind, [KIND], _MISTYPED) is not None
        (loaded.errors if meant else loaded.foreign).append(_no_contract(root, place, kind))


_MISTYPED = 0.85
"""How like its own a kind must be for a document to be a contract with a mistyped kind; `ServingRuntime` is none."""


def _no_contract(root: Node, place: Place, kind: str | None) -> InputError:
    origin = place(root.get("kind").origin if kind else root.origin)
    said = f"its kind is {kind}" if kind else "it has no kind"
    guess = nearest(kind, [KIND], _MISTYPED) if kind else None
    expected = f"a contract says apiVersion: {API_VERSION} and kind: {KIND}"
    return mistake(origin, f"is no contract: {said}", f"did you mean kind: {guess}?" if guess else expected)


def _config_map(root: Node, loaded: Loaded, known: Known, depth: int) -> None:
    """A contract kept in a ConfigMap, where no custom resource may be installed: each key of data is a contract file."""
    home = root.get("metadata", "namespace").text()
    for key, holder in root.get("data").items():
        text = holder.text()
        if text is None:
            continue
        inside = holder.origin.kind == "object"
        place = _lines_of(root, key) if inside else _places_inside(holder, text)
        trees, errors = documents.read(text, holder.origin.file or "")
        for error in errors:
            at = place(Origin("file", error.file or "", error.file, error.line, error.column))
            loaded.errors.append(mistake(at, error.message, error.hint))
        for document in trees:
            read(document.root, loaded, known, place, depth, home)


def _lines_of(root: Node, key: str) -> Place:
    """Positions inside a text of an object, where no file holds it: `ConfigMap prod/chat key chat.yaml line 3`."""
    title = f"{root.origin.ref} key {key}"

    def place(origin: Origin) -> Origin:
        ref = f"{title} line {origin.line}" if origin.line else title
        return Origin("object", ref, text=origin.text)

    return place


def _places_inside(holder: Node, text: str) -> Place:
    """Positions inside a text that is a value of another document, as positions in that document's file."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|[\r\n\x85\u2028\u2029]", text))]

    def place(origin: Origin) -> Origin:
        if origin.line is None or origin.column is None or origin.line > len(starts):
            return holder.origin
        start = starts[origin.line - 1] + origin.column - 1
        width = max(1, (origin.end_column or 0) - origin.column)
        end = min(start + width, len(text), *starts[bisect.bisect_right(starts, start) :][:1] or [len(text)])
        outer = holder.locate(start, end)
        return Origin(
            "file", outer.ref, outer.file, outer.line, outer.column, outer.end_column, origin.text, outer.template
        )

    return place


def _modelspec(root: Node, loaded: Loaded, known: Known, place: Place) -> None:
    reader = Reader(place)
    contract, unmapped = modelspec.read(reader, root)
    loaded.errors.extend(reader.errors)
    loaded.notes.extend(Note(message, origin) for message, origin in unmapped)
    if contract is not None:
        clauses = doubts.marked(contract.clauses, known.lexicon)
        loaded.contracts.append(structs.replace(contract, clauses=clauses))


def _contract(root: Node, loaded: Loaded, known: Known, place: Place, home: str | None) -> None:
    namespace = root.get("metadata", "namespace").text() or home
    reader = Reader(place, _engines(known.lexicon))
    _head(reader, root)
    for _ in reader.entries(root, "the contract", ("apiVersion", "kind", "metadata", "spec", "status")):
        pass
    spec = root.get("spec")
    if not spec:
        reader.wrong(root.origin, "the contract has no spec", "write spec.targets and what you promise")
    _unknown_sections(reader, spec)
    clauses = doubts.marked(_clauses(reader, spec), known.lexicon)
    roles = _roles(reader, spec.get("roles"), clauses)
    contract = Contract(
        name=root.get("metadata", "name").text() or "",
        origin=reader.origin(root.get("metadata", "name") or root),
        targets=_targets(reader, spec, namespace),
        clauses=clauses,
        roles={role: doubts.marked(merged, known.lexicon) for role, merged in roles.items()},
        performance=measured.performance(reader, spec.get("performance")),
        behaviour=measured.behaviour(reader, spec.get("behaviour")),
        waivers=waiving.read(reader, spec.get("waivers"), known.checks),
        namespace=namespace,
    )
    loaded.errors.extend(reader.errors)
    if not reader.errors:
        loaded.contracts.append(contract)


def _engines(lexicon: doubts.Lexicon | None) -> Mapping[str, str]:
    """Every engine that can be named, with its own spelling; none where any may be."""
    return {engine: lexicon.title(engine) for engine in lexicon.engines()} if lexicon else {}


def _head(reader: Reader, root: Node) -> None:
    """The four fields every Kubernetes object has."""
    kind, version = root.get("kind"), root.get("apiVersion")
    if kind.text() != KIND:
        reader.wrong(kind.origin, f"{kind.text()!r} is no kind of {API_VERSION}", f"did you mean {KIND}?")
    if version.text() != API_VERSION:
        place = version.origin if version.present else kind.origin
        reader.wrong(place, f"apiVersion is {shape(version)}", f"this version of skewguard reads {API_VERSION}")
    metadata = root.get("metadata")
    for _ in reader.entries(metadata, "metadata", METADATA):
        pass
    name = metadata.get("name")
    if not (name.text() or "").strip():
        reader.wrong(name.origin if name.present else root.origin, "the contract has no name", "write metadata.name")


def _unknown_sections(reader: Reader, spec: Node) -> None:
    for _ in reader.entries(spec, "spec", None):
        pass
    for entry in spec.items():
        if entry[0] not in SPEC_FIELDS:
            _unknown_section(reader, spec, entry[0])


def _unknown_section(reader: Reader, spec: Node, key: str) -> None:
    owner = next((name for name in vocabulary.BY_NAME if name == key or name.endswith(f".{key}")), None)
    if owner is None:
        reader.unknown_key(spec, "spec", key, SPEC_FIELDS)
        return
    section, _, field_name = owner.partition(".")
    reader.wrong(
        spec.key_origin(key), f"spec has no field {key!r}", f"it is {owner}: write {section}: {{{field_name}: …}}"
    )


def _clauses(reader: Reader, spec: Node) -> tuple[Clause, ...]:
    """Every promise of a spec or a role, in the order written."""
    found: list[Clause] = []
    for section, node in spec.items():
        if section in vocabulary.SECTIONS:
            found.extend(_section(reader, node, section))
        elif section == "engine_settings":
            found.extend(_engine_settings(reader, node))
    return tuple(found)


def _section(reader: Reader, node: Node, section: str) -> Iterator[Clause]:
    for key, value in reader.entries(node, section):
        setting = f"{section}.{key}"
        if setting not in vocabulary.BY_NAME:
            _unknown_setting(reader, node, section, key)
            continue
        promise = promises.read(reader, value, setting)
        if promise is not None:
            yield Clause(setting, promise, _at(reader, node, key, value))


def _at(reader: Reader, node: Node, key: str, value: Node) -> Origin:
    """The place of a clause: its value, or its key where the value is empty or a collection."""
    return reader.origin(value) if value.kind == "scalar" and value.origin.text else reader.key_origin(node, key)


def _unknown_setting(reader: Reader, node: Node, section: str, key: str) -> None:
    keys = [row.key for row in vocabulary.ROWS if row.section == section]
    elsewhere = [row.name for row in vocabulary.ROWS if row.key == key]
    guess = nearest(key, keys)
    if elsewhere:
        hint = f"did you mean {elsewhere[0]}?"
    elif guess:
        hint = f"did you mean {section}.{guess}?"
    else:
        other = vocabulary.nearest(f"{section}.{key}")
        hint = f"did you mean {other}?" if other else f"{section} has: {', '.join(keys)}"
    reader.wrong(node.key_origin(key), f"{section}.{key} is no setting", hint)


def _engine_settings(reader: Reader, node: Node) -> Iterator[Clause]:
    for key, value in reader.entries(node, "engine_settings"):
        complaint = _misnamed(key, reader.engines)
        if complaint:
            reader.wrong(node.key_origin(key), complaint[0], complaint[1])
            continue
        promise = promises.read(reader, value, key)
        if promise is None:
            continue
        if key.endswith("*") and not isinstance(promise, (Unset, Anything)):
            reader.wrong(value.origin, f"{key} is a pattern, and only `unset` can be promised for a pattern")
            continue
        yield Clause(key, promise, _at(reader, node, key, value))


def _misnamed(key: str, engines: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with the name of an engine setting, and what to write. `engines`: with their spellings; empty: any."""
    engine, _, dest = key.partition(".")
    if key in vocabulary.BY_NAME:
        return f"{key} belongs to the vocabulary", f"write it under {engine}: {{{dest}: …}}"
    if not re.fullmatch(r"[a-z][a-z0-9_-]*\.(?:env\.)?(?:\*|[A-Za-z_][A-Za-z0-9_.-]*)", key):
        return f"{key!r} names no engine setting", "write ENGINE.DEST, for example vllm.compilation_config"
    if engines and engine not in engines:
        guess = nearest_engine(engine, engines)
        hint = f"did you mean {guess}.{dest}?" if guess else f"engines: {', '.join(engines)}"
        return f"{key!r} names no engine that skewguard knows", hint
    ours = vocabulary.named(engine, dest.replace("-", "_"))
    if ours in vocabulary.BY_NAME and not dialects.in_two_senses(engine, dest):
        section, _, name = ours.partition(".")
        return f"{key} is {ours} in the vocabulary", f"write it under {section}: {{{name}: …}}"
    if "-" in dest and not dest.startswith("env."):
        return f"{key!r} names a flag, not a setting", f"write {engine}.{dest.replace('-', '_')}"
    return None


def _roles(reader: Reader, node: Node, base: tuple[Clause, ...]) -> dict[str, tuple[Clause, ...]]:
    roles: dict[str, tuple[Clause, ...]] = {}
    for role, part in reader.entries(node, "roles", ROLES):
        for key, _ in reader.entries(part, f"roles.{role}"):
            if key not in vocabulary.SECTIONS and key != "engine_settings":
                reader.unknown_key(part, f"roles.{role}", key, (*vocabulary.SECTIONS, "engine_settings"))
        own = {clause.setting: clause for clause in _clauses(reader, part)}
        merged = {**{clause.setting: clause for clause in base}, **own}
        roles[role] = tuple(merged.values())
    return roles


def _targets(reader: Reader, spec: Node, home: str | None) -> tuple[Target, ...]:
    node = spec.get("targets")
    found = [made for each in reader.elements(node, "targets") if (made := _target(reader, each, home)) is not None]
    empty = node.kind == "sequence" or not node
    if spec.kind == "mapping" and empty and not node.elements():
        place = node.origin if node.present else spec.origin
        reader.wrong(place, "the contract has no targets", "write targets: [{kind: Deployment, name: …}]")
    return tuple(found)


def _target(reader: Reader, node: Node, home: str | None) -> Target | None:
    """A target. One that names no namespace means that of its contract: a chart puts both into each of its namespaces."""
    if node.kind != "mapping":
        reader.wrong(node.origin, f"a target must be a mapping, not {shape(node)}", "write {kind: …, name: …}")
        return None
    globs = {"namespace": home} if home else {}
    before = len(reader.errors)
    for key, value in reader.entries(node, "a target", TARGET_FIELDS):
        text = reader.text(value, f"target {key}")
        if text is not None:
            fault = waiving.bad_glob(text)
            if fault:
                reader.wrong(value.origin, f"target {key} {text!r} {fault}")
            globs[key] = text
    for required in ("kind", "name"):
        if not node.get(required).present:
            reader.wrong(node.origin, f"a target needs {required}", 'write "*" where any will do')
    return Target(origin=reader.origin(node), **globs) if len(reader.errors) == before else None


def _same_names(contracts: list[Contract]) -> Iterator[InputError]:
    seen: dict[tuple[str | None, str], Contract] = {}
    for contract in contracts:
        first = seen.setdefault((contract.namespace, contract.name), contract)
        if first is not contract:
            hint = f"the first one stands at {first.origin}; give each its own metadata.name"
            yield mistake(contract.origin, f"a second contract is named {contract.name}", hint)
