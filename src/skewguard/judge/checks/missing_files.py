"""Arguments that name a file where nothing lies: the ConfigMap of the folder is in the input, and has no such key."""

from collections.abc import Iterator

from skewguard.judge.checks import anchors, evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped
from skewguard.language.workloads import Mount, TextFile, Token


@check(
    "args.missing-file",
    title="An argument names a file that does not exist",
    category="runtime",
    severity="error",
    phases=("static",),
    why="A ConfigMap that is mounted as a folder gives one file for each of its keys, and nothing else can lie there. An "
    "engine that is told to read another file ends at its start.",
    remedy="write the path of a key that the ConfigMap has, or add the key",
    bad="args: [--config, /cfg/server.yml]   # the ConfigMap at /cfg has the key server.yaml",
    good="args: [--config, /cfg/server.yaml]",
    sources=("Kubernetes documentation: Configure a Pod to Use a ConfigMap, populate a volume",),
    reads_arguments=True,
)
def missing_file(case: Case) -> Iterator[Result]:
    """A path below the mount of a ConfigMap that is in the input whole, where none of its keys lies.

    Whatever engine or wrapper reads the word. Skipped where no word names such a path.
    """
    named = [(token, path, mount) for token in _words(case) for path, mount in _below(case, token)]
    if not named:
        yield skipped("no argument names a file of a ConfigMap that is in the input")
    for token, path, mount in named:
        files = _files(case, mount)
        if any(file.path == path or file.path.startswith(f"{path.rstrip('/')}/") for file in files):
            continue
        source = files[0].ref.partition(" key ")[0]
        keys = ", ".join(sorted(file.path.removeprefix(f"{mount.path.rstrip('/')}/") for file in files)[:4])
        yield fail(
            f"`{path}` does not exist: {source}, which is mounted at {mount.path}, gives {keys} and nothing else",
            remedy=_remedy(path, files, source),
            anchor=anchors.of_token(case, token),
            at=token.origin,
        )


def _words(case: Case) -> Iterator[Token]:
    """The words of the engine's starts, those left out that hold what nobody knows."""
    for _, token in evidence.words(case):
        if not token.secret and not token.unresolved and "$" not in token.text and "{{" not in token.text:
            yield token


def _below(case: Case, token: Token) -> Iterator[tuple[str, Mount]]:
    """The path that a word is, or that stands behind its equals sign, and the ConfigMap's mount that holds it."""
    text = token.text.partition("=")[2] if token.text.startswith("-") else token.text
    parts = text.split("/")
    if not text.startswith("/") or any(part in ("", ".", "..") for part in parts[1:-1]) or any(map(str.isspace, text)):
        return
    over = [mount for mount in case.container.mounts if text.startswith(f"{mount.path.rstrip('/')}/")]
    nearest = max(over, key=lambda mount: len(mount.path), default=None)
    if nearest is not None and nearest.sub_path is None and _whole(case, nearest):
        yield text, nearest


def _whole(case: Case, mount: Mount) -> bool:
    """Whether a mount shows a ConfigMap of which every file is known."""
    kinds = {volume.name: volume.kind for volume in case.workload.template.volumes}
    files = _files(case, mount)
    return kinds.get(mount.volume) == "configMap" and bool(files) and all(file.text is not None for file in files)


def _files(case: Case, mount: Mount) -> list[TextFile]:
    return [file for file in case.container.files if file.path.startswith(f"{mount.path.rstrip('/')}/")]


def _remedy(path: str, files: list[TextFile], source: str) -> str:
    """The one file there is, or the one of nearly the same name; else the key to add."""
    stem = path.rpartition("/")[2].partition(".")[0]
    like = [file.path for file in files if file.path.rpartition("/")[2].partition(".")[0] == stem]
    found = like or ([files[0].path] if len(files) == 1 else [])
    add = f"add the key `{path.rpartition('/')[2]}` to {source}"
    return f"write `{found[0]}`, or {add}" if len(found) == 1 else add
