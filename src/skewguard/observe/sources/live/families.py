"""Which pods belong together: everything under one topmost object whose kind is known."""

from collections.abc import Collection, Iterator

from msgspec import Struct, field

from skewguard.observe.sources.live import climbing
from skewguard.observe.sources.live.climbing import Head
from skewguard.observe.sources.live.gathering import Gathering
from skewguard.observe.sources.live.pods import Kept
from skewguard.observe.sources.live.wholes import Whole, may_serve


class Family(Struct):
    """A topmost object, the objects under it that make pods (itself among them), and its pods.

    `below` holds the objects between it and the pods by their depth under it (0 is itself). `above` are the controllers
    over it, the nearest first.
    """

    head: Head
    above: list[Head]
    members: list[Whole] = field(default_factory=list)
    pods: list[Kept] = field(default_factory=list)
    below: dict[str, tuple[int, Head]] = field(default_factory=dict)

    @property
    def chain(self) -> list[Head]:
        """Itself and the objects between it and its pods, the topmost first. A leader's Pod counts as a pod."""
        found = [(depth, head.kind, head.meta.name, head) for depth, head in self.below.values()]
        ordered = sorted(found, key=lambda each: each[:3])
        return [head for depth, kind, _, head in ordered if kind != "Pod" or depth == 0]

    def whole(self, head: Head) -> Whole | None:
        """A member's content."""
        return next((each for each in self.members if each.head.meta.uid == head.meta.uid), None)


def of(gathering: Gathering) -> dict[str, Family]:
    """Every family by the uid of its topmost object."""
    found: dict[str, Family] = {}
    for whole in list(gathering.wholes.values()):
        family = _joined(found, gathering, whole.head)
        if family is not None:
            family.members.append(whole)
    for pod in gathering.pods.all:
        family = _joined(found, gathering, gathering.climbing.heads[pod.meta.uid])
        if family is not None:
            family.pods.append(pod)
    return found


def top(gathering: Gathering, head: Head) -> Head:
    """The topmost object of a known kind over another, or that object itself."""
    chain = [head, *gathering.climbing.above(head.meta)]
    return chain[max(climbing.top(chain), 0)]


def _joined(found: dict[str, Family], gathering: Gathering, head: Head) -> Family | None:
    """The family of an object, which from now on holds the way up from it; None where no kind on that way is known."""
    chain = [head, *gathering.climbing.above(head.meta)]
    highest = climbing.top(chain)
    if highest < 0:
        return None
    own = chain[highest]
    family = found.setdefault(own.meta.uid, Family(own, chain[highest + 1 :]))
    for depth, each in enumerate(reversed(chain[: highest + 1])):
        family.below.setdefault(each.meta.uid, (depth, each))
    return family


def serving(families: Collection[Family], gathering: Gathering, words: tuple[str, ...]) -> Iterator[Family]:
    """The families that may hold an engine: something of theirs asks for an accelerator or has one of the words."""
    for family in families:
        keys = {pod.key for pod in family.pods}
        texts = [*(each.text for each in family.members), *(gathering.pods.specs[key].text for key in keys)]
        if any(may_serve(text, words) for text in texts):
            yield family
