"""Whatever a server sends, there is a result or a `ClusterError`: never another exception, never a hang."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from skewguard.adapters.cluster import access, review
from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import PODS
from tests.fakes.api_server import ApiServer


class Meta(Struct):
    name: str
    uid: str = ""


class Pod(Struct):
    metadata: Meta


class Raw:
    """A server that answers every request with the same bytes."""

    def __init__(self) -> None:
        self.server = ApiServer()

    def say(self, status: int, body: bytes) -> None:
        self.server.faults._waiting.clear()
        self.server.fault("/", status=status, body=body, times=10**9)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Raw, Path]]:
    one = Raw()
    with one.server:
        yield one, Path(one.server.kubeconfig(tmp_path_factory.mktemp("hostile")))


def _keys() -> st.SearchStrategy[str]:
    """The names that are looked for, and others."""
    known = ("items", "metadata", "continue", "name", "uid", "kind", "status", "code", "details", "retryAfterSeconds")
    more = ("message", "reason", "resourceVersion", "type", "object", "groups", "versions", "resources", "userInfo")
    return st.sampled_from((*known, *more)) | st.text(max_size=4)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys(), inner, max_size=5),
    max_leaves=12,
)


def bodies() -> st.SearchStrategy[bytes]:
    """JSON of another shape, whole or cut, and bytes that are no JSON."""
    whole = JSON.map(lambda content: json.dumps(content).encode())
    cut = st.tuples(whole, st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]])
    return whole | cut | st.binary(max_size=60)


STATUSES = st.sampled_from((200, 200, 200, 201, 400, 401, 403, 404, 409, 410, 422, 500, 502))


ASKED: tuple[Callable[[Reader], Any], ...] = (
    lambda reader: list(reader.list(PODS, Pod)),
    lambda reader: list(reader.list(PODS, dict)),
    lambda reader: reader.get(PODS, "a", "prod", Pod),
    lambda reader: reader.log("prod", "a", "vllm", head_bytes=10),
    lambda reader: reader.resources(),
    lambda reader: review.who(reader.cluster),
    lambda reader: review.may(reader.cluster, "list", PODS),
    lambda reader: review.rules(reader.cluster, "prod"),
    lambda reader: Reach(reader.cluster).proxy_get("prod", "a", 8000, "/metrics"),
    lambda reader: Reach(reader.cluster).exec_("prod", "a", "vllm", ["ls"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(status=STATUSES, body=bodies(), question=st.sampled_from(ASKED))
def test_every_question_has_an_answer_or_an_error(
    raw: tuple[Raw, Path], status: int, body: bytes, question: Callable[[Reader], Any]
) -> None:
    """Lists, objects, logs, discovery, rights, the proxy, commands."""
    raw[0].say(status, body or b" ")
    said = ""
    with access.connect(kubeconfig=str(raw[1]), deadline=10) as cluster:
        try:
            question(Reader(cluster))
        except ClusterError as error:
            said = str(error)
    assert said.isprintable()


def test_pages_that_never_end(raw: tuple[Raw, Path]) -> None:
    """A server that always has another page is read no longer than the deadline."""
    raw[0].say(200, b'{"kind":"PodList","items":[],"metadata":{"continue":"more"}}')
    with access.connect(kubeconfig=str(raw[1]), deadline=0.5) as cluster, pytest.raises(ClusterError, match="within"):
        list(Reader(cluster).list(PODS, Pod))
