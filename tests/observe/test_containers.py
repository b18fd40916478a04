"""Containers: every field with its place, and every word of what they start."""

import pytest

from tests.observe import reading
from tests.observe.reading import container, deployment, starts


def test_every_word_of_a_list_keeps_its_place() -> None:
    """The place of a word of `args` is the place in the file where it is written."""
    text = deployment('command: [vllm, "serve"]\nargs:\n  - m\n  - "--port=8000"\n')
    found = reading.workloads(text)[0].template.containers[0].invocations[0]
    assert reading.slices(found.argv, text) == ["vllm", '"serve"', "m", '"--port=8000"']


@pytest.mark.parametrize(
    "script",
    [
        "- |\n    set -e\n    exec vllm serve m \\\n      --port 8000\n",
        "- >-\n    exec vllm serve m\n    --port 8000\n",
        '- "exec vllm serve m \\\n     --port 8000"\n',
        "- 'exec vllm serve m\n    --port 8000'\n",
        "- exec vllm serve m\n    --port 8000\n",
    ],
)
def test_every_word_of_a_script_keeps_its_place(script: str) -> None:
    """Words keep their place through block, folded, quoted and plain scalars."""
    text = deployment(f"command: [bash, -c]\nargs:\n  {script}")
    found = reading.workloads(text)[0].template.containers[0].invocations[0]
    assert reading.words(found) == ["vllm", "serve", "m", "--port", "8000"]
    assert reading.slices(found.argv, text) == ["vllm", "serve", "m", "--port", "8000"]


def test_words_of_a_variable_point_to_its_value() -> None:
    """A word that a shell splits off a variable stands where the variable's value is written."""
    text = deployment('command: [sh, -c, "vllm serve $ARGS"]\nenv:\n  - {name: ARGS, value: "--port 8000 --seed 1"}\n')
    found = reading.workloads(text)[0].template.containers[0].invocations[0]
    assert reading.slices(found.argv[2:], text) == ["--port", "8000", "--seed", "1"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("args: [--model, m]", [("image", True, ["--model", "m"])]),
        ("args: []", [("image", True, [])]),
        ("imagePullPolicy: Always", [("image", True, [])]),
        ("command: []\nargs: [a]", [("image", True, ["a"])]),
        ("command: [vllm, serve]\nargs: [m]", [("exec", True, ["vllm", "serve", "m"])]),
        ("command: [sh, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [/bin/bash, -lc, --]\nargs: [vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [bash, -ec]\nargs: [vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [bash, -o, pipefail, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [bash, -euo, pipefail, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [bash, --login, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [busybox, sh, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [tini, --, bash, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [env, A=b, timeout, -k, '5', '60', sh, -c, vllm serve m]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [numactl, -N, '0', vllm, serve]", [("exec", True, ["numactl", "-N", "0", "vllm", "serve"])]),
        ("command: [bash, -c, 'exec \"$@\"', --]\nargs: [vllm, serve, a b]", [("shell", True, ["vllm", "serve", "a b"])]),
        ("command: [bash, -c, 'exec \"$0\" \"$@\"', vllm, serve]", [("shell", True, ["vllm", "serve"])]),
        ("command: [sh, -c, vllm, serve, m]", [("shell", True, ["vllm"])]),
        ("command: [sh, -c, \"bash -c 'vllm serve m'\"]", [("shell", True, ["vllm", "serve", "m"])]),
        ("command: [sh, -c, 'a || bash -c \"vllm serve\"']", [("shell", True, ["a"]), ("shell", False, ["vllm", "serve"])]),
        ("command: [bash]", [("exec", True, ["bash"])]),
        ("args: [bash, -c, vllm serve m]",
         [("image", True, ["bash", "-c", "vllm serve m"]), ("shell", False, ["vllm", "serve", "m"])]),
        ("command: [python3, -c, import vllm]", [("exec", True, ["python3", "-c", "import vllm"])]),
        ("command: vllm", [("exec", True, ["vllm"])]),
    ],
)  # fmt: skip
def test_program_starts_are_found_through_shells(written: str, expected: list[tuple[str, bool, list[str]]]) -> None:
    """Whatever starts the shell, its script's programs are what the container starts."""
    assert starts(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("command: [sh, -c]\nargs:\n  - >-\n    vllm serve m \\\n    --model x \\\n    --port 1\n",
         ["vllm", "serve", "m", " --model", "x", " --port", "1"]),
        ("command: [sh, -c]\nargs:\n  - >-\n    ulimit -l unlimited\n    python -m vllm.entrypoints.openai.api_server\n",
         ["ulimit", "-l", "unlimited", "python", "-m", "vllm.entrypoints.openai.api_server"]),
        ("command: [sh, -c]\nargs:\n  - |\n    vllm serve m \\\n    --port 1\n", ["vllm", "serve", "m", "--port", "1"]),
    ],
)  # fmt: skip
def test_folding_joins_lines_before_the_shell_sees_them(written: str, expected: list[str]) -> None:
    """What folding does to a script is read as the shell gets it: a blank joins the flag, a newline is gone."""
    assert [words for _, _, words in starts(written)] == [expected]


def test_a_word_that_is_no_text_is_said() -> None:
    """A mapping among the arguments, which a missing quote makes, is a gap and no word."""
    found = container("args:\n  - --flag: value\n  - --port")
    assert [token.text for token in found.args or ()] == ["--port"]
    assert [gap.rule for gap in found.gaps] == ["word"]


def test_references_in_arguments_are_expanded_and_shell_variables_are_not() -> None:
    """Without a shell `$(NAME)` is filled in, `$NAME` and `${NAME}` reach the program as they are."""
    found = container('args: ["$(A)", "$A", "${A}", "$$(A)", "$(B)"]\nenv: [{name: A, value: x}]')
    assert [token.text for token in found.args or ()] == ["x", "$A", "${A}", "$(A)", "$(B)"]


def test_script_reads_references_of_kubernetes_first() -> None:
    """In a shell string `$(NAME)` of a known variable is the kubelet's, any other is the shell's."""
    found = container('command: [sh, -c, "vllm $(A) $(hostname) $A"]\nenv: [{name: A, value: x}]').invocations[0]
    assert [(token.text, token.unresolved) for token in found.argv[1:]] == [
        ("x", ()),
        ("$(hostname)", ("$(hostname)",)),
        ("x", ()),
    ]


def test_assignments_before_the_engine_are_its_environment() -> None:
    """Exports and assignments of the shell are handed to the program, with their place."""
    found = container('command: [sh, -c, "export A=1; B=2; C=3 exec vllm serve"]').invocations[0]
    assert [(entry.name, entry.value, entry.source) for entry in found.environment] == [
        ("A", "1", "shell"),
        ("C", "3", "shell"),
    ]


def test_assignment_of_a_container_variable_is_exported() -> None:
    """A variable that the container already has stays exported when the script assigns it."""
    found = container('command: [sh, -c, "A=2; vllm serve"]\nenv: [{name: A, value: "1"}]').invocations[0]
    assert [(entry.name, entry.value) for entry in found.environment] == [("A", "2")]


def test_fields_of_a_container_are_read() -> None:
    """Ports, probes, resources and mounts come with their text and place."""
    found = container(
        """\
        imagePullPolicy: Always
        workingDir: /app
        securityContext: {readOnlyRootFilesystem: true}
        ports: [{containerPort: 8000, name: http}, {containerPort: 9000, protocol: UDP}]
        livenessProbe: {httpGet: {path: /health, port: http}, initialDelaySeconds: 60, failureThreshold: 5}
        readinessProbe: {exec: {command: [echo, alive]}}
        startupProbe: {tcpSocket: {port: 8000}, periodSeconds: 5}
        resources: {requests: null, limits: {nvidia.com/gpu: 2, memory: 8Gi}, claims: [{name: gpu}]}
        """
    )
    assert (found.pull_policy is not None, found.working_dir, found.read_only_root) == (True, "/app", True)
    assert [(port.number, port.name, port.protocol) for port in found.ports] == [
        (8000, "http", "TCP"),
        (9000, None, "UDP"),
    ]
    assert found.liveness is not None
    assert (found.liveness.handler, found.liveness.path, found.liveness.port) == ("http", "/health", "http")
    assert found.liveness.budget_s == 110
    assert found.readiness is not None
    assert (found.readiness.handler, found.readiness.command) == ("exec", ("echo", "alive"))
    assert found.startup is not None
    assert (found.startup.handler, found.startup.port, found.startup.period_s) == ("tcp", 8000, 5)
    limits = {name: amount.value for name, amount in found.resources.limits.items()}
    assert (dict(found.resources.requests), limits, found.resources.claims) == (
        {},
        {"nvidia.com/gpu": "2", "memory": "8Gi"},
        ("gpu",),
    )


def test_fields_of_a_pod_are_read() -> None:
    """Selectors, required affinity, tolerations and links come with their place."""
    pod = """\
        enableServiceLinks: false
        hostNetwork: true
        hostIPC: true
        runtimeClassName: nvidia
        nodeName: n1
        terminationGracePeriodSeconds: 600
        nodeSelector: {gpu: h100}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
        affinity:
          nodeAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
                - matchExpressions: [{key: a, operator: In, values: [x, "y"]}]
                - matchExpressions: [{key: b, operator: Exists}]
    """
    found = reading.workloads(deployment("args: []", pod))[0].template
    assert (found.service_links, found.host_network, found.host_ipc) == (False, True, True)
    assert (found.runtime_class, found.node_name, found.termination_grace_s) == ("nvidia", "n1", 600)
    assert [(term.key, term.operator, term.values, term.alternative) for term in found.node_terms] == [
        ("gpu", "In", ("h100",), -1),
        ("a", "In", ("x", "y"), 0),
        ("b", "Exists", (), 1),
    ]
    assert [(each.key, each.operator, each.effect) for each in found.tolerations] == [
        ("nvidia.com/gpu", "Exists", "NoSchedule")
    ]


def test_containers_that_only_prepare_are_marked() -> None:
    """Init containers are marked, and native sidecars among them too."""
    pod = """\
        initContainers:
          - {name: fetch, image: a}
          - {name: proxy, image: b, restartPolicy: Always}
    """
    found = reading.workloads(deployment("args: []", pod))[0].template.containers
    assert [(each.name, each.init, each.sidecar) for each in found] == [
        ("vllm", False, False),
        ("fetch", True, False),
        ("proxy", True, True),
    ]


@pytest.mark.parametrize(
    ("text", "rule", "anchor"),
    [
        (deployment("env: [{name: A}]\nenv: [{name: B}]"), "duplicate-key", "env"),
        (
            deployment("livenessProbe:\n  failureThreshold: 1\n  failureThreshold: 2\n"),
            "duplicate-key",
            "failureThreshold",
        ),
        (deployment("args: []", "volumes: []\nvolumes: []"), "duplicate-key", "volumes"),
        (deployment("env: [{name: A, value: '1'}, {name: A, value: '2'}]"), "duplicate-variable", "A"),
        (deployment("volumeMounts: [{name: cache, mountPath: /c}]"), "undefined-volume", "cache"),
        (deployment("args: []", "volumes: [{name: dshm, emptyDir: {medium: Memory}}]"), "unmounted-volume", "dshm"),
    ],
)
def test_odd_documents_are_hinted_at(text: str, rule: str, anchor: str) -> None:
    """Keys written twice, mounts without a volume and volumes without a mount are said."""
    assert [(hint.rule, hint.anchor) for hint in reading.read(text).inventory.hints] == [(rule, anchor)]


@pytest.mark.parametrize(
    "env",
    [
        "[{name: A, value: '1'}, {name: A, value: '1'}]",
        "[{name: A, value: '1'}, {name: A, value: '$(A) 2'}]",
        "[{name: A, value: '1'}, {name: A, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}]",
    ],
)
def test_variable_that_is_given_twice_on_purpose_is_no_oddity(env: str) -> None:
    """The same value again, a value made of the earlier one, and a default before an optional key."""
    rules = [hint.rule for hint in reading.read(deployment(f"env: {env}")).inventory.hints]
    assert "duplicate-variable" not in rules


@pytest.mark.parametrize("name", ["gke-gcsfuse-cache", "gke-gcsfuse-tmp"])
def test_volumes_of_injected_sidecars_are_no_oddity(name: str) -> None:
    """GKE's Cloud Storage sidecar mounts volumes of these names."""
    text = deployment("args: []", f"volumes: [{{name: {name}, emptyDir: {{medium: Memory}}}}]")
    assert reading.read(text).inventory.hints == ()


def test_claim_templates_are_volumes() -> None:
    """A StatefulSet's claim template is a volume of its pods."""
    text = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: s}
        spec:
          volumeClaimTemplates: [{metadata: {name: cache}}]
          template: {spec: {containers: [{name: c, image: i, volumeMounts: [{name: cache, mountPath: /c}]}]}}
    """
    assert reading.read(text).inventory.hints == ()
