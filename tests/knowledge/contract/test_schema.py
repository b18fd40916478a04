"""The JSON Schema for editors says what the loader says."""

import json
from pathlib import Path

import pytest

from skewguard.knowledge.contract import schema
from skewguard.language import documents, vocabulary
from tests.json_schema import accepts
from tests.knowledge.contract import test_loading, test_promises
from tests.knowledge.contract.texts import contract_text, load

PUBLISHED = Path(__file__).parents[3] / "docs" / "contract.schema.json"
FULL = Path(__file__).parents[2] / "data" / "contracts" / "full.yaml"

BEYOND_A_SCHEMA = (
    "min: 9, max: 2",  # two values compared
    "equals: unset",  # accepted by both; listed among the accepted
    "written twice",
    "max_num_seqs: 3, max_num_seqs: 4",  # a tree has no duplicate keys
    "max_num_seqs: }",  # an empty value is null to a tree
    "pin.image-digets",  # the known checks
    "nope.*",
    "vllm.max_num_seqs",  # names that the vocabulary takes
    "limits.max_num_seqs",
    "vllm.max-lora-rank",
    ">=zero",  # the whole of PEP 440
    "0.11,0.12",
    "0.11.x",
    ">=0.12,<0.11",  # versions compared
    "> 0.11.0, <= 0.11",
    "a[",  # globs
    "[any",  # the word and the text `any` are one to a tree
)


def _cases(table: object) -> list[str]:
    marks = table.pytestmark  # type: ignore[attr-defined]
    return [case[0] for mark in marks for case in mark.args[1]]


ACCEPTED = [contract_text(body) for body in _cases(test_promises.test_promise_is_read)]
REFUSED = [
    text
    for text in [
        *(
            contract_text(body)
            for body in _cases(test_promises.test_promise_that_cannot_be_meant_is_told_with_its_place)
        ),
        *_cases(test_loading.test_mistake_is_told_with_place_and_remedy),
    ]
    if not any(mark in text for mark in BEYOND_A_SCHEMA)
]


def _tree(text: str) -> object:
    return documents.read(text, "chat.yaml")[0][0].root.value()


def test_schema_in_the_docs_is_current() -> None:
    """The published file is what the rows give; `make docs` writes it again."""
    assert PUBLISHED.read_text() == schema.text()


def test_schema_names_every_setting() -> None:
    """A row of the vocabulary is a property, with its meaning."""
    made = schema.schema()

    assert [row.name for row in vocabulary.ROWS] == [
        f"{section}.{key}"
        for section in vocabulary.SECTIONS
        for key in made["$defs"][f"section-{section}"]["properties"]
    ]


@pytest.mark.parametrize("text", [FULL.read_text(), *ACCEPTED])
def test_schema_accepts_what_the_loader_accepts(text: str) -> None:
    """An editor must not underline a contract that skewguard reads."""
    assert (True, []) == (accepts(schema.schema(), _tree(text)), load(text).errors)


@pytest.mark.parametrize("text", REFUSED)
def test_schema_refuses_what_the_loader_refuses(text: str) -> None:
    """An editor shows the mistakes that shape alone can show."""
    assert (False, True) == (accepts(schema.schema(), _tree(text)), bool(load(text).errors))


def test_schema_is_json() -> None:
    """The file is one JSON object."""
    assert schema.schema() == json.loads(schema.text())
