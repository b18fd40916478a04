"""Records in a store of either kind: they come in whole, are found again, and stay as they are."""

import msgspec
import pytest

from skewguard.adapters import store
from skewguard.adapters.store.keeping import PAGES, Store
from skewguard.language.errors import UsageError
from skewguard.language.facts import Source, Subject
from skewguard.language.records import Record, RecordType

CHAT = Subject("Deployment", "chat", namespace="prod", container="vllm", cluster="eu")


def append(kept: Store, body: bytes = b"{}", subject: Subject | None = CHAT, type: RecordType = "baseline") -> Record:
    return kept.append(type, "skewguard.dev/baseline/v1", body, subject=subject, actor="ann", tool="skewguard 1")


def test_append_keeps_every_word_of_a_record(kept: Store) -> None:
    """What is read again equals what was answered, the body to the byte."""
    body = b'{"n": 1.0, "text": "\\u0000 \xc3\xa9", "big": 123456789012345678901234567890}'
    pod = Subject("Deployment", "chat", source=Source("a.yaml", 2))
    made = kept.append(
        "baseline",
        "s/v1",
        body,
        subject=pod,
        actor="ann",
        tool="t",
        inputs_digest="inp1:aa",
        attachments={"b": b"1", "a": b"2"},
    )
    read = kept.get(made.id)
    assert bytes(read.body) == body
    assert (read.subject, read.inputs_digest, read.attachments) == (pod, "inp1:aa", ("a", "b"))
    assert msgspec.json.encode(read) == msgspec.json.encode(made)


def test_reading_makes_nothing(url: str) -> None:
    """A database that nobody wrote to yet reads as an empty one, and is as it was; what was kept since is found."""
    for _ in range(2):
        with store.open(url, environ={}, make=False) as opened:
            assert (opened.is_there, list(opened.find())) == (False, [])
            with pytest.raises(UsageError, match="does not exist yet"):
                append(opened)
    with store.open(url, environ={}) as opened:
        made = append(opened)
    with store.open(url, environ={}, make=False) as opened:
        assert [record.id for record in opened.find()] == [made.id]


def test_find_gives_the_newest_first_across_pages(kept: Store) -> None:
    """All of them, also those that a second look at the table brings."""
    made = [append(kept).id for _ in range(sum(PAGES) + 3)]
    assert [record.id for record in kept.find("baseline")] == made[::-1]
    assert [record.id for record in kept.find("baseline", limit=2)] == made[:-3:-1]
    assert [record.id for record in kept.find("baseline", before=made[2])] == made[1::-1]


def test_find_matches_what_a_subject_says(kept: Store) -> None:
    """A word that is left open matches any; another cluster, namespace or container is another subject."""
    whole, other = append(kept), append(kept, subject=msgspec.structs.replace(CHAT, cluster="us"))
    append(kept, subject=Subject("StatefulSet", "chat")), append(kept, subject=None)
    assert [record.id for record in kept.find(subject=CHAT)] == [whole.id]
    assert [record.id for record in kept.find(subject=Subject("Deployment", "chat"))] == [other.id, whole.id]
    replaced = msgspec.structs.replace(CHAT, uid="1", pod="chat-abc", revision="7")
    assert [record.id for record in kept.find(subject=replaced)] == [whole.id]


def test_find_tells_types_and_digests_apart(kept: Store) -> None:
    """A digest finds what ran with the same inputs, of the type that is asked for."""
    append(kept)
    told = kept.append("snapshot", "s/v1", b"{}", subject=CHAT, actor="a", tool="t", inputs_digest="inp1:aa")
    assert [record.id for record in kept.find("snapshot")] == [told.id]
    assert [record.id for record in kept.find(inputs_digest="inp1:aa")] == [told.id]
    assert list(kept.find("baseline", inputs_digest="inp1:aa")) == []


def test_get_takes_a_unique_beginning_in_any_case(kept: Store) -> None:
    """Letters that are taken for digits are read as those, as Crockford's alphabet means it."""
    made = append(kept)
    assert kept.get(made.id[:14].lower().replace("1", "l").replace("0", "o")).id == made.id


def test_get_names_the_ids_that_an_ambiguous_beginning_could_mean(kept: Store) -> None:
    """The message lists them, so that more of one can be typed."""
    first, second = append(kept), append(kept)
    with pytest.raises(UsageError, match="begins the ids of several records") as raised:
        kept.get(first.id[:3])
    assert first.id in str(raised.value.hint)
    assert second.id in str(raised.value.hint)


@pytest.mark.parametrize("asked", ["01ZZZZ", "7", "not an id", "é", ""])
def test_get_names_ids_near_one_that_is_not_there(kept: Store, asked: str) -> None:
    """Whatever was typed."""
    made = append(kept)
    with pytest.raises(UsageError) as raised:
        kept.get(asked)
    assert made.id in str(raised.value.hint)


def test_get_of_a_type_overlooks_records_of_another(kept: Store) -> None:
    """Also in what it proposes."""
    made = append(kept)
    with pytest.raises(UsageError) as raised:
        kept.get(made.id, type="snapshot")
    assert (raised.value.message, raised.value.hint) == (
        f"no snapshot {made.id} is in the store {kept.shown}",
        "the store holds no snapshots yet",
    )


def test_attachments_are_read_by_name(kept: Store) -> None:
    """What was attached comes back to the byte; a name that was not says so."""
    rows = b"[" + b"0.125," * 100_000 + b"1]"
    made = kept.append("baseline", "s/v1", b"{}", subject=None, actor="a", tool="t", attachments={"samples": rows})
    assert kept.attachment(made.id, "samples") == rows
    with pytest.raises(UsageError, match="has no attachment `other`"):
        kept.attachment(made.id, "other")


def test_ids_grow_while_the_clock_stands_or_steps_back(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of ids is the order of appending, in one process."""
    moments = iter([2_000_000_000_000_000_000, 2_000_000_000_000_000_000, 1_000_000_000_000_000_000, 1])
    monkeypatch.setattr("time.time_ns", lambda: next(moments))
    made = [append(kept).id for _ in range(4)]
    assert made == sorted(set(made))
    assert [record.id for record in kept.find()] == made[::-1]
