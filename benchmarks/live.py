"""How fast skewguard reads a fleet that runs, on a real API server: `verify -A` against what kubectl needs for the list.

    python benchmarks/live.py [--deployments 5000] [--replicas 2] [--repeat 5] [-o docs/live-speed.md]

Starts the control plane of the tests, fills it with deployments (nine of ten run vLLM or SGLang, of many releases and with
many arguments), waits until every pod runs, and then runs the commands in turn (A B A B …), each as a whole process, as
`benchmarks/speed.py` does. The list is the least that any reader of the fleet must fetch; kubectl throws it away.
"""

import argparse
import compileall
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import speed  # noqa: E402 - found beside this file

from tools.control_plane import binaries, objects, waiting  # noqa: E402
from tools.control_plane.client import Client, Object  # noqa: E402
from tools.control_plane.plane import Plane  # noqa: E402
from tools.control_plane.running import ControlPlane  # noqa: E402

NAMESPACES = 50
AT_ONCE = 8
GPUS = (objects.H100, objects.H200, objects.A100, objects.L4)
PER_NODE = 8
BASE = "kubectl get deploy,pods -A -o json"
PATIENCE_S = 3600.0
MODELS = ("Qwen/Qwen3-8B", "meta-llama/Llama-3.1-70B-Instruct", "mistralai/Mistral-7B-Instruct-v0.3")


def main() -> int:
    """Fill, measure, print, and write to `-o` when given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=5000)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installed package is
    with ControlPlane(binaries.ready(say)) as control_plane:
        plane = control_plane.plane
        os.environ["KUBECONFIG"] = str(plane.kubeconfig)
        started = time.monotonic()
        fill(plane, options.deployments, options.replicas)
        say(f"{options.deployments * options.replicas} pods run after {time.monotonic() - started:.0f} s")
        text = measured(plane, options.deployments, options.replicas, options.repeat)
    print(text)
    if options.output:
        head = "# Speed of reading what runs\n\nMade by `python benchmarks/live.py`.\n\n"
        options.output.write_text(head + text, encoding="utf-8")
    return 0


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fill(plane: Plane, deployments: int, replicas: int) -> None:
    """Machines, namespaces and deployments, by several connections at once; returns when every pod runs."""
    nodes = deployments * replicas * 3 // (2 * PER_NODE) + len(GPUS)  # half as many again: no class runs out
    together(plane, (objects.gpu_node(f"gpu-{n}", GPUS[n % len(GPUS)], count=PER_NODE) for n in range(nodes + 1)))
    together(plane, (_namespace(number) for number in range(NAMESPACES)))
    with plane.client() as client:
        # A pod that comes before its machine or its service account waits for seconds until it is tried again.
        _until(lambda: _ready_nodes(client) > nodes, lambda: f"{_ready_nodes(client)} machines are ready")
        _until(lambda: _accounts(client) >= NAMESPACES, lambda: f"{_accounts(client)} service accounts")
        say(f"{nodes + 1} machines are ready")
        together(plane, (_deployment(number, replicas) for number in range(deployments)))
        say(f"{deployments} deployments are made")
        _until(lambda: _count(client) == (deployments * replicas, 0), lambda: f"{_count(client)} pods, pending or not")


def together(plane: Plane, things: Iterator[Object]) -> None:
    """Create objects; each connection takes the next."""
    queue = list(things)
    paths = {"Node": "/api/v1/nodes", "Namespace": "/api/v1/namespaces"}

    def work(mine: list[Object]) -> None:
        with plane.client() as client:
            for thing in mine:
                namespace = thing["metadata"].get("namespace")
                path = paths.get(thing["kind"], f"/apis/apps/v1/namespaces/{namespace}/deployments")
                client.send("POST", path, thing, fieldManager="kubectl-client-side-apply")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, (queue[start::AT_ONCE] for start in range(AT_ONCE))))


def _namespace(number: int) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{number}"}}


def _deployment(number: int, replicas: int) -> Object:
    """One of ten is a web server; the rest is an engine with arguments of its own. The same number is the same object.

    One of twenty names no class of GPU, and its replicas may come to run on two.
    """
    chosen = random.Random(number)
    name = f"app-{number}"
    if number % 10 == 9:
        made = objects.deployment(
            name, {"name": "web", "image": f"nginx:1.{chosen.randrange(20, 30)}"}, replicas=replicas
        )
    else:
        label = {"nvidia.com/gpu.product": GPUS[number % len(GPUS)].product} if number % 20 else {}
        made = objects.deployment(name, _engine(chosen), replicas=replicas, nodeSelector=label)
    made["metadata"]["namespace"] = f"team-{number % NAMESPACES}"
    return made


def _engine(chosen: random.Random) -> Object:
    model, length = chosen.choice(MODELS), chosen.choice((4096, 8192, 16384, 32768))
    seqs, share = chosen.choice((32, 64, 128, 256)), chosen.choice(("0.85", "0.9", "0.92"))
    env = [{"name": "HF_HOME", "value": "/models"}, {"name": "TEAM", "value": f"{chosen.randrange(10**6)}"}]
    if chosen.random() < 0.8:
        words = [model, "--max-model-len", str(length), f"--max-num-seqs={seqs}", "--gpu-memory-utilization", share]
        image = f"vllm/vllm-openai:v0.{chosen.randrange(10, 34)}.0"
        return objects.engine(image, ["--model", *words], env=env)
    words = ["--model-path", model, "--context-length", str(length), "--max-running-requests", str(seqs)]
    command = ["python3", "-m", "sglang.launch_server"]
    return objects.engine("lmsysorg/sglang:v0.5.20", words, name="sglang", command=command, env=env)


def _ready_nodes(client: Client) -> int:
    return sum(waiting.READY["node"][2](node) for node in client.get("/api/v1/nodes")["items"])


def _accounts(client: Client) -> int:
    return len(client.get("/api/v1/serviceaccounts", fieldSelector="metadata.name=default")["items"])


def _count(client: Client) -> tuple[int, int]:
    """How many pods there are, and how many of them do not run yet (at least)."""
    pods = client.get("/api/v1/pods", limit="1")
    pending = client.get("/api/v1/pods", limit="1", fieldSelector="status.phase!=Running")
    return len(pods["items"]) + pods["metadata"].get("remainingItemCount", 0), len(pending["items"])


def _until(reached: Callable[[], bool], now: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not reached():
        if time.monotonic() > end:
            raise SystemExit(f"not reached after {PATIENCE_S:g} s: {now()}")
        time.sleep(2)


def measured(plane: Plane, deployments: int, replicas: int, repeat: int) -> str:
    """The commands in turn, after a run that shows that `verify` read the whole fleet."""
    kubectl = [str(plane.kubectl_path), "get", "deploy,pods", "-A", "-o", "json"]
    verify = [sys.executable, "-m", "skewguard", "verify", "-A", "-o", "json"]
    engines = deployments - deployments // 10
    seen = _engines_seen(verify)
    if seen != engines:
        raise SystemExit(f"verify -A read {seen} engines, and {engines} run: there is nothing to measure")
    results = speed.in_turn({BASE: kubectl, "skewguard verify -A": verify}, repeat)
    ratio = results["skewguard verify -A"].wall_s / results[BASE].wall_s
    title = f"{deployments} deployments with {replicas} pods each, {engines} of them engines"
    size = len(plane.kubectl("get", "deploy,pods", "-A", "-o", "json", deadline_s=600)) / 1e6
    return speed.table(title, results, BASE) + f"\nThe list is {size:.0f} MB of JSON. Wall ratio: {ratio:.2f}.\n"


def _engines_seen(verify: list[str]) -> Any:
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["summary"]["engines"]
    except (ValueError, KeyError):
        raise SystemExit(f"verify -A did not work (exit code {done.returncode}): {done.stderr[-2000:]}") from None


if __name__ == "__main__":
    sys.exit(main())
