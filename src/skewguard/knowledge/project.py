r"""The project's configuration, `.skewguard/config.yaml`: what a team says once about its images, nodes and habits.

    images:                                  # what images of your own hold; the first match decides
      - match: "registry.corp/ml/llm:*"      # glob over the image, `*` also matches `/`
        engine: vllm                         # or `none`
        version: "0.11.0"                    # or from_tag: 'v(\d+\.\d+\.\d+)'
    accelerators:                            # node labels of your own
      - label: "corp/gpu=h1"
        class: H100-80GB
    models:                                  # what each model's own files say; the first match decides
      - match: "Qwen/Qwen3-*"                # glob over the model as it is served, `*` also matches `/`
        config: models/qwen3/                # its checkpoint folder or config.json, from this file's folder
    tables: tables/                          # newer engine tables than the package's, from this file's folder
    ignore:
      - path: "vendor/**"                    # these files are not judged
      - check: pin.image-digest              # these findings are waived, everywhere or under `path`
        path: "dev/**"
        reason: "the mirror has no digests"
    fail_on: warning                         # error (default), warning, note, never
    store: sqlite:////var/lib/skewguard.db   # or postgresql://…; a path without / before it is from this file's folder

Flags decide over `SKEWGUARD_*` variables, and those over this file. All mistakes are told at once, with places.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from skewguard.language import accelerators, documents
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Located, Origin
from skewguard.language.trees import Node

FailOn = Literal["error", "warning", "note", "never"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)
_KEYS = ("images", "accelerators", "models", "tables", "ignore", "fail_on", "store")


class ImageRule(Struct, frozen=True):
    """What images that match hold. `version` None and `from_tag` None: the engine alone is said."""

    match: str
    engine: str
    version: str | None = None
    from_tag: str | None = None
    origin: Origin | None = None


class ModelRule(Struct, frozen=True):
    """Where the own files of models that match lie: `config` is a folder or a config.json, as somebody wrote it."""

    match: str
    config: str
    origin: Origin

    def fits(self, model: str) -> bool:
        """Whether it speaks of a model, named as it is served; `*` stands for any text."""
        return _anything(self.match).fullmatch(model) is not None


class Ignore(Struct, frozen=True):
    """Files that are not judged (`check` None), or findings that do not count, with the reason."""

    path: str | None
    check: str | None
    reason: str
    origin: Origin | None = None


class Project(Struct, frozen=True):
    """The configuration. `accelerators` maps `label=value` to a GPU class. An empty one is what no file means.

    `tables` names a folder of engine tables and `store` where records are kept, with where it was said: a path in the
    file starts from the file's folder.
    """

    images: tuple[ImageRule, ...] = ()
    accelerators: Mapping[str, str] = field(default_factory=dict)
    models: tuple[ModelRule, ...] = ()
    tables: Located[str] | None = None
    ignore: tuple[Ignore, ...] = ()
    fail_on: FailOn = "error"
    store: Located[str] | None = None

    @property
    def image_words(self) -> tuple[str, ...]:
        """The longest plain part of each glob over images: it stands in every reference that the glob matches."""
        parts = (re.split(r"[*?\[\]]+", rule.match) for rule in self.images)
        longest = (max(pieces, key=len) for pieces in parts)
        return tuple(word for word in longest if word)

    def skips(self, path: str) -> Ignore | None:
        """The entry that keeps a file from being judged. `path` is relative to the folder that holds `.skewguard`."""
        rules = (rule for rule in self.ignore if rule.check is None and rule.path is not None)
        return next((rule for rule in rules if _covers(rule.path or "", path)), None)

    def ignores(self, check: str, path: str) -> Ignore | None:
        """The entry that waives the findings of `check` in `path`."""
        for rule in self.ignore:
            fits = rule.check is not None and _glob(rule.check).fullmatch(check) is not None
            if fits and (rule.path is None or _covers(rule.path, path)):
                return rule
        return None


def read(
    text: str, path: str, engines: Sequence[str] = (), checks: Collection[str] = ()
) -> tuple[Project, list[InputError]]:
    """The configuration in `text`, and everything that is wrong with it; `path` names the file in messages.

    With `engines` and `checks` given, names of engines and ids of checks are looked at too. What is wrong is left out
    of the result.
    """
    read_documents, errors = documents.read(text, path)
    roots = [document.root for document in read_documents if document.root]
    if len(roots) > 1:
        errors.append(_at(roots[1].origin, "the configuration is one document, and this is a second one"))
    if not roots:
        return Project(), errors
    reader = _Reader(errors, tuple(engines), checks)
    return reader.project(roots[0]), errors


def merge(project: Project, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Project:
    """The configuration as it holds for one run: flags, then the variables `SKEWGUARD_*`, then the file.

    A flag that is None was not given. Raises `UsageError` for a value that cannot be meant.
    """
    fail_on, store, tables = project.fail_on, project.store, project.tables
    for key in ("fail_on", "store", "tables"):
        where = f"SKEWGUARD_{key.upper()}"
        given = [(flags.get(key), f"--{key.replace('_', '-')}"), (environ.get(where), where)]
        value, name = next(((text, name) for text, name in given if text), (None, ""))
        if value is None:
            continue
        if key in ("store", "tables"):
            said = Located(value, Origin("command-line", name, text=value))
            store, tables = (said, tables) if key == "store" else (store, said)
            continue
        chosen = next((each for each in FAIL_ON if each == value), None)
        if chosen is None:
            raise UsageError(
                f"{name} is {value!r}, which is none of {', '.join(FAIL_ON)}", hint=_nearest(value, FAIL_ON)
            )
        fail_on = chosen
    return replace(project, fail_on=fail_on, store=store, tables=tables)


class _Reader:
    """One reading of a document: collects errors and goes on."""

    def __init__(self, errors: list[InputError], engines: tuple[str, ...], checks: Collection[str]) -> None:
        self._errors = errors
        self._engines = engines
        self._checks = checks

    def project(self, root: Node) -> Project:
        if not self._keys(root, _KEYS, "the configuration"):
            return Project()
        images = [self._image(node) for node in self._entries(root, "images")]
        labels = [self._accelerator(node) for node in self._entries(root, "accelerators")]
        models = [self._model(node) for node in self._entries(root, "models")]
        ignored = [self._ignore(node) for node in self._entries(root, "ignore")]
        return Project(
            images=tuple(rule for rule in images if rule is not None),
            accelerators=dict(pair for pair in labels if pair is not None),
            models=tuple(rule for rule in models if rule is not None),
            tables=self._located(root, "tables"),
            ignore=tuple(entry for entry in ignored if entry is not None),
            fail_on=self._fail_on(root.get("fail_on")),
            store=self._located(root, "store"),
        )

    def _located(self, root: Node, key: str) -> Located[str] | None:
        said = self._text(root.get(key), key)
        return Located(said, root.get(key).origin) if said else None

    def _entries(self, root: Node, key: str) -> Iterator[Node]:
        node = root.get(key)
        if node and node.kind != "sequence":
            self._say(node.origin, f"`{key}` is a list", f"begin each entry below `{key}:` with `- `")
        return iter(node.elements())

    def _image(self, node: Node) -> ImageRule | None:
        if not self._keys(node, ("match", "engine", "version", "from_tag"), "an image rule"):
            return None
        match, engine = self._required(node, "match"), self._required(node, "engine")
        version, pattern = self._text(node.get("version"), "version"), self._text(node.get("from_tag"), "from_tag")
        if version is not None and pattern is not None:
            self._say(node.key_origin("from_tag"), "`version` and `from_tag` exclude each other", "keep one of them")
        if version is not None and not re.fullmatch(r"v?\d+(\.\d+)+\S*", version):
            self._say(node.get("version").origin, f"`{version}` is no version", 'write it as "0.11.0", in quotes')
            version = None
        if pattern is not None and not self._compiles(node.get("from_tag"), pattern):
            pattern = None
        if engine is not None and self._engines and engine.lower() not in (*self._engines, "none"):
            known = ", ".join(self._engines)
            self._say(
                node.get("engine").origin, f"`{engine}` is no engine that skewguard knows", f"one of {known}, none"
            )
        return ImageRule(match, engine, version, pattern, node.origin) if match and engine else None

    def _compiles(self, node: Node, pattern: str) -> bool:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            self._say(node.origin, f"`from_tag` is no regular expression: {error}", r"such as 'v(\d+\.\d+\.\d+)'")
            return False
        return True

    def _accelerator(self, node: Node) -> tuple[str, str] | None:
        if not self._keys(node, ("label", "class"), "an accelerator"):
            return None
        label, named = self._required(node, "label"), self._required(node, "class")
        if label is not None and not re.fullmatch(r"[^\s=]+=[^\s=]+", label):
            self._say(node.get("label").origin, f"`{label}` is no label with its value", "write `key=value`")
            label = None
        if named is not None and not accelerators.candidates(named):
            hint = _nearest(named, accelerators.names()) or "`skewguard explain hardware.gpu_class` lists them"
            self._say(node.get("class").origin, f"`{named}` is no GPU class that skewguard knows", hint)
            named = None
        return (label, named) if label and named else None

    def _model(self, node: Node) -> ModelRule | None:
        if not self._keys(node, ("match", "config"), "an entry of `models`"):
            return None
        match, config = self._required(node, "match"), self._required(node, "config")
        return ModelRule(match, config, node.get("config").origin) if match and config else None

    def _ignore(self, node: Node) -> Ignore | None:
        if node.kind == "scalar":
            text = node.text() or ""
            return Ignore(text, None, "the project configuration leaves it out", node.origin) if text else None
        if not self._keys(node, ("path", "check", "reason"), "an entry of `ignore`"):
            return None
        path, check = self._text(node.get("path"), "path"), self._text(node.get("check"), "check")
        reason = self._text(node.get("reason"), "reason")
        if path is None and check is None:
            self._say(node.origin, "an entry of `ignore` needs `path`, `check` or both", "add what is to be ignored")
            return None
        if check is not None and reason is None:
            self._say(node.key_origin("check"), "ignoring a check needs a `reason`", "say in one sentence why")
            return None
        if check is not None and self._checks and not any(_glob(check).fullmatch(known) for known in self._checks):
            hint = _nearest(check, tuple(self._checks)) or "a check is `group.name`, or `group.*` for all of a group"
            self._say(node.get("check").origin, f"there is no check `{check}`", hint)
            return None
        return Ignore(path, check, reason or "the project configuration leaves it out", node.origin)

    def _fail_on(self, node: Node) -> FailOn:
        text = self._text(node, "fail_on")
        chosen = next((each for each in FAIL_ON if each == text), None)
        if text is not None and chosen is None:
            said = f"`fail_on` is `{text}`, which is none of {', '.join(FAIL_ON)}"
            self._say(node.origin, said, _nearest(text, FAIL_ON))
        return chosen or "error"

    def _keys(self, node: Node, known: Sequence[str], what: str) -> bool:
        """Whether this is a mapping; unknown and doubled keys are told."""
        if node.kind != "mapping":
            self._say(node.origin, f"{what} is a mapping of {', '.join(known)}", "see the configuration reference")
            return False
        for key, _ in node.items():  # noqa: PERF102  # a node, no dictionary
            if key not in known:
                hint = _nearest(key, known) or f"known here: {', '.join(known)}"
                self._say(node.key_origin(key), f"`{key}` is not known in {what}", hint)
        for key, lost, _ in node.duplicates():
            self._say(lost, f"`{key}` is written twice, and this one is lost", "keep one of them")
        return True

    def _required(self, node: Node, key: str) -> str | None:
        text = self._text(node.get(key), key)
        if not text and not (node.get(key) and node.get(key).kind != "scalar"):
            self._say(node.origin, f"`{key}` is missing", f"add `{key}:`")
        return text or None

    def _text(self, node: Node, key: str) -> str | None:
        if node and node.kind != "scalar":
            self._say(node.origin, f"`{key}` is a single value", "write one text")
        return node.text()

    def _say(self, origin: Origin, message: str, hint: str | None) -> None:
        self._errors.append(_at(origin, message, hint))


def _at(origin: Origin, message: str, hint: str | None = None) -> InputError:
    return InputError(message, hint=hint, file=origin.file, line=origin.line, column=origin.column)


def _nearest(name: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None


# ---- path globs ----------------------------------------------------------------------------------------------------


def _covers(pattern: str, path: str) -> bool:
    """Whether a path glob covers a file: itself, or a folder above it.

    `*` and `?` stay inside one folder, `**` crosses folders. A pattern without `/` is looked for at every depth, as in
    .gitignore.
    """
    pattern = pattern.removeprefix("./")
    path = path.removeprefix("./")
    anchored = "/" in pattern.rstrip("/")
    parts = path.split("/")
    above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    rule = _glob(pattern.strip("/"))
    return any(rule.fullmatch(part) is not None for part in (above if anchored else parts))


@cache
def _anything(pattern: str) -> re.Pattern[str]:
    """A glob over names that are no paths: `*` and `?` stand for `/` too."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(char) or re.escape(char) for char in pattern), re.DOTALL)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", re.sub(r"(?:\*\*/){2,}", "**/", re.sub(r"\*{3,}", "**", pattern)))
    return re.compile("".join(wild.get(piece) or re.escape(piece) for piece in pieces), re.DOTALL)
