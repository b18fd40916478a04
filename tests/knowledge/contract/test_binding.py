"""Which container is under which contract."""

import pytest

from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Contract, Target
from skewguard.language.facts import Origin, Subject

HERE = Origin("file", "chat.yaml", "chat.yaml", 1, 1)


def promising(title: str = "chat", **globs: str) -> Contract:
    """A contract with one target."""
    return Contract(title, HERE, (Target(**{"kind": "Deployment", "name": "chat", "origin": HERE, **globs}),))  # type: ignore[arg-type]


def container(**fields: str) -> Subject:
    """The container vllm of the Deployment chat, unless told otherwise."""
    return Subject(**{"kind": "Deployment", "name": "chat", "container": "vllm", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("globs", "fields", "namespace", "picked"),
    [
        ({}, {}, None, True),
        ({"kind": "deployment"}, {}, None, True),
        ({"kind": "StatefulSet"}, {}, None, False),
        ({"kind": "*"}, {}, None, True),
        ({"name": "ch?t"}, {}, None, True),
        ({"name": "chat-[ab]"}, {"name": "chat-b"}, None, True),
        ({"name": "Chat"}, {}, None, False),
        ({"container": "vllm"}, {}, None, True),
        ({"container": "side*"}, {}, None, False),
        ({"namespace": "prod"}, {}, None, True),
        ({"namespace": "prod"}, {}, "dev", False),
        ({"namespace": "prod"}, {}, "prod", True),
        ({"namespace": "prod"}, {"namespace": "dev"}, "prod", False),
        ({"cluster": "eu-*"}, {}, None, True),
        ({"cluster": "eu-*"}, {"cluster": "us-1"}, None, False),
        ({"role": "prefill"}, {"role": "prefill"}, None, True),
        ({"role": "prefill"}, {"role": "decode"}, None, False),
        ({"role": "prefill"}, {}, None, False),
    ],
)
def test_target_picks_what_it_names(
    globs: dict[str, str], fields: dict[str, str], namespace: str | None, picked: bool
) -> None:
    """Globs pick; what a document does not say matches any, and `-n` says the namespace."""
    assert picked is binding.picks(promising(**globs), container(**fields), namespace)


def test_container_is_bound_by_the_one_contract_that_picks_it() -> None:
    """One contract binds, two are ambiguous, none leaves it unbound."""
    chat, every, other = promising(), promising("every", name="*"), promising("other", name="batch")

    alone = binding.bind([chat, other], [container()])[0]
    torn = binding.bind([chat, every], [container()])[0]
    free = binding.bind([other], [container()])[0]
    without = binding.bind([], [container()])[0]

    assert (chat, None, None, None) == (alone.contract, torn.contract, free.contract, without.contract)
    assert ((chat, every), (), True, False) == (torn.candidates, free.candidates, free.given, without.given)


def test_contract_that_picks_nothing_is_told() -> None:
    """A contract without any container is not the same as one that passes."""
    chat, other = promising(), promising("other", name="batch")
    bindings = binding.bind([chat, other], [container()])

    assert [other] == binding.without_target([chat, other], bindings)
