"""Whatever an API server's objects hold, reading them ends and raises nothing."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.observe.live import made
from tests.observe.live.shelf import ISVC, LWS, RAY_CLUSTER, ROLLOUT, Shelf, seen
from tests.searching import examples

_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, "", "x", 0, -1, True, [None], {"": None}, [[]], {"name": 3}, 1.5]
)
_KINDS = (("apps/v1", "Deployment"), ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"), ("ray.io/v1", "RayCluster"),
          ("serving.kserve.io/v1beta1", "InferenceService"), ("argoproj.io/v1alpha1", "Rollout"))  # fmt: skip


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [before] if before else []
    for step, each in steps:
        found.extend(_paths(each, (*before, step)))
    return found


_OWN = made.chat(
    1, made.spec(made.container(envFrom=[{"configMapRef": {"name": "c"}}], readinessProbe={"httpGet": {}}))
)
_SPECS = [path for path in _paths(_OWN[0]) if path[0] == "spec"]
_POD_SPECS = [path for path in _paths(_OWN[2]) if path[0] == "spec"]


def _damaged(value: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    found = copy.deepcopy(value)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd
    return found


@given(st.sampled_from(_SPECS), _ODD, st.sampled_from(_POD_SPECS), _ODD, st.sampled_from(_KINDS))
@examples(150)
def test_any_value_may_be_odd(
    path: tuple[Any, ...], odd: Any, pod_path: tuple[Any, ...], pod_odd: Any, kind: tuple[str, str]
) -> None:
    """A value of another shape, anywhere in a workload's or a pod's spec, keeps nothing else from being read."""
    own = {**_damaged(_OWN[0], path, odd), "apiVersion": kind[0], "kind": kind[1]}
    pod = _OWN[2] if pod_path == ("spec",) else _damaged(_OWN[2], pod_path, pod_odd)
    found = seen(Shelf([own, _OWN[1], pod, _OWN[3]], LWS, ISVC, RAY_CLUSTER, ROLLOUT))
    assert {each.subject.name for each in found.live} >= {"chat"}


@given(st.recursive(_ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
    ["containers", "template", "spec", "env", "name", "volumes", "configMap", "resources"]), inner, max_size=4)))  # fmt: skip
@examples(100)
def test_any_spec_may_be_odd(spec: Any) -> None:
    """A custom resource whose spec is anything is read, whatever comes of it."""
    own = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": made.meta("x"),
        "spec": spec,
    }
    seen(Shelf([own], ISVC))
