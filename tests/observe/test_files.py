"""Files inside a container that the input knows of."""

import pytest

from tests.observe import reading
from tests.observe.reading import container, deployment, starts

SCRIPTS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts, namespace: prod}\ndata:\n"
    '  start.sh: |\n    #!/bin/bash\n    . /scripts/env.sh\n    exec vllm serve $MODEL "$@"\n'
    "  env.sh: |\n    MODEL=m\n  plain: vllm serve plain\n  run.py: |\n    #!/usr/bin/env python3\n    vllm serve no\n"
    "binaryData: {tokenizer.model: AAAA}\n"
)
MOUNT = "volumeMounts: [{name: s, mountPath: /scripts}]\n"
VOLUME = "volumes: [{name: s, configMap: {name: scripts}}]"


def paths(text: str, pod: str, beside: str = SCRIPTS) -> dict[str, bool]:
    """Every known file, and whether its text is known."""
    return {file.path: file.text is not None for file in container(text, pod, beside).files}


@pytest.mark.parametrize(
    ("mount", "volume", "expected"),
    [
        ("{mountPath: /s}", "configMap: {name: scripts, items: [{key: env.sh, path: sub/e.sh}]}", {"/s/sub/e.sh": True}),
        ("{mountPath: /etc/e.sh, subPath: env.sh}", "configMap: {name: scripts}", {"/etc/e.sh": True}),
        ("{mountPath: /s, subPath: sub}", "configMap: {name: scripts, items: [{key: env.sh, path: sub/e.sh}]}",
         {"/s/e.sh": True}),
        ("{mountPath: /s/}", "projected: {sources: [{configMap: {name: scripts, items: [{key: plain, path: p}]}}]}",
         {"/s/p": True}),
        ("{mountPath: /s}", "configMap: {name: scripts, items: [{key: tokenizer.model, path: t}]}", {"/s/t": False}),
        ("{mountPath: /s}", "configMap: {name: gone}", {"/s": False}),
        ("{mountPath: /s}", "secret: {secretName: gone, items: [{key: k, path: p}]}", {"/s/p": False}),
        ("{mountPath: /s}", "emptyDir: {}", {}),
        ("{mountPath: /s}", "persistentVolumeClaim: {claimName: c}", {}),
    ],
)  # fmt: skip
def test_files_are_the_keys_of_config_maps(mount: str, volume: str, expected: dict[str, bool]) -> None:
    """Items, sub-paths and projections decide which key is which file; secrets and unseen sources have no text."""
    mounted = "{name: s, " + mount[1:]
    assert paths(f"volumeMounts: [{mounted}]", f"volumes: [{{name: s, {volume}}}]") == expected


def test_lines_of_a_file_keep_their_places() -> None:
    """Every line of a mounted file names its line in the manifest."""
    text = deployment(MOUNT, VOLUME, SCRIPTS)
    files = {file.path: file for file in reading.workloads(text)[0].template.containers[0].files}
    lines = text.split("\n")
    for file in files.values():
        for line, place in zip((file.text or "").split("\n"), file.lines, strict=False):
            assert lines[(place.line or 0) - 1][(place.column or 1) - 1 :] == line


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("command: [/scripts/start.sh, --port, '80']", [("script", True, ["vllm", "serve", "m", "--port", "80"])]),
        ("command: [bash, /scripts/start.sh, x]", [("script", True, ["vllm", "serve", "m", "x"])]),
        ("command: [bash, -x, /scripts/start.sh]", [("script", True, ["vllm", "serve", "m"])]),
        ("command: [sh, -c, /scripts/start.sh a]", [("script", True, ["vllm", "serve", "m", "a"])]),
        ("command: [sh, -c, 'true && bash /scripts/start.sh']",
         [("shell", True, ["true"]), ("script", True, ["vllm", "serve", "m"])]),
        ("command: [/scripts/plain]", [("script", True, ["vllm", "serve", "plain"])]),
        ("command: [/scripts/run.py]", [("exec", True, ["/scripts/run.py"])]),
        ("command: [python3, /scripts/run.py]", [("exec", True, ["python3", "/scripts/run.py"])]),
        ("command: [/other/start.sh]", [("exec", True, ["/other/start.sh"])]),
    ],
)  # fmt: skip
def test_scripts_of_config_maps_are_read(command: str, expected: list[tuple[str, bool, list[str]]]) -> None:
    """A mounted script that a container runs is read like one that stands in its command."""
    assert starts(f"{MOUNT}{command}", VOLUME, SCRIPTS) == expected


def test_words_of_a_mounted_script_keep_their_place() -> None:
    """A word of a script stands in the ConfigMap."""
    text = deployment(f"{MOUNT}command: [/scripts/start.sh]", VOLUME, SCRIPTS)
    found = reading.workloads(text)[0].template.containers[0].invocations[0]
    assert reading.slices(found.argv, text) == ["vllm", "serve", "$MODEL"]


def test_script_that_is_not_in_the_input_is_a_gap_and_missing() -> None:
    """A script from a ConfigMap nobody supplied is named, with the way to supply it."""
    found = reading.read(deployment(f"{MOUNT}command: [bash, /scripts/start.sh]", VOLUME)).inventory
    engine = found.workloads[0].template.containers[0]
    assert [
        words for _, _, words in [(each.via, each.certain, reading.words(each)) for each in engine.invocations]
    ] == [["bash", "/scripts/start.sh"]]
    assert [gap.inputs for gap in engine.gaps] == [("file@/scripts/start.sh",)]
    assert [each.ref for each in found.missing] == ["ConfigMap prod/scripts"]


def test_script_on_a_volume_is_a_gap() -> None:
    """What stands on a host path, a claim or in an emptyDir nobody can read from the manifest."""
    pod = "volumes: [{name: s, hostPath: {path: /opt}}]"
    gaps = container(f"{MOUNT}command: [bash, /scripts/boot.sh]", pod).gaps
    assert ["the hostPath volume `s`" in gap.reason for gap in gaps] == [True]


def test_script_that_sources_itself_ends() -> None:
    """A script that runs or sources itself is followed a few times, not for ever."""
    config = SCRIPTS.replace("MODEL=m", ". /scripts/env.sh; bash /scripts/env.sh")
    found = starts(f"{MOUNT}command: [/scripts/env.sh]", VOLUME, config)
    assert [["bash", "/scripts/env.sh"]] == [list(words) for words in {tuple(words) for _, _, words in found}]
    assert 200 > len(found)


def test_volumes_and_mounts_are_told() -> None:
    """A volume's kind, source and size, and a mount's path and mode."""
    pod = """\
        volumes:
          - {name: shm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}
          - {name: claim, persistentVolumeClaim: {claimName: models}}
          - {name: host, hostPath: {path: /data}}
          - {name: bare}
    """
    written = (
        "volumeMounts: [{name: shm, mountPath: /dev/shm}, {name: claim, mountPath: /m, readOnly: true, subPath: x}]"
    )
    found = reading.workloads(deployment(written, pod))[0].template
    assert [(each.name, each.kind, each.ref, each.medium, each.size_bytes) for each in found.volumes] == [
        ("shm", "emptyDir", None, "Memory", 2 * 2**30),
        ("claim", "persistentVolumeClaim", "models", None, None),
        ("host", "hostPath", "/data", None, None),
        ("bare", "emptyDir", None, None, None),
    ]
    assert [(each.volume, each.path, each.read_only, each.sub_path) for each in found.containers[0].mounts] == [
        ("shm", "/dev/shm", False, None),  # noqa: S108  # where shared memory is mounted
        ("claim", "/m", True, "x"),
    ]
