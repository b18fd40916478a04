"""The settings of one subject: what somebody wrote, what the rules give, what was observed, and which one decides."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from skewguard.language.facts import AUTHORITIES, Choice, Effective, Fact, Gap, Subject

Derive = Callable[[str], Effective | None]

_PROCESS = ("endpoint", "log", "exec")
"""Kinds of places that a running process speaks from."""


class Sheet:
    """All settings of one container, computed when asked for: an engine has hundreds, a check asks for a few.

    `derive` gives the engine's own value of a setting (None: the engine does not have it); facts that all containers
    of a release have in common stand in `common`, and need not be asked for. Facts and gaps added later win by
    authority: observed over derived over declared; an `auto` or unset value never contradicts.
    """

    def __init__(
        self,
        subject: Subject,
        names: Sequence[str] = (),
        derive: Derive = lambda _name: None,
        common: Mapping[str, Effective | None] = MappingProxyType({}),
    ) -> None:
        self.subject = subject
        self._names = names
        self._added: dict[str, None] = {}
        self._derive = derive
        self._common = common
        self._facts: dict[str, list[Fact]] = {}
        self._gaps: dict[str, Gap] = {}
        self._closed: dict[str, Gap] = {}
        self._choices: dict[str, Effective] = {}
        self._derived: dict[str, Effective | None] = {}

    def add(self, item: Effective) -> None:
        """Put one fact, gap or choice on the sheet; several facts of one setting stand beside each other.

        What the process itself says closes the gap of what nobody can read in its manifest.
        """
        self._added[item.setting] = None
        if isinstance(item, Fact):
            if item.origin.kind in _PROCESS and item.setting in self._gaps:
                self._closed[item.setting] = self._gaps.pop(item.setting)
            self._facts.setdefault(item.setting, []).append(item)
        elif isinstance(item, Gap):
            self._gaps[item.setting] = item
        else:
            self._choices[item.setting] = item

    def names(self) -> list[str]:
        """Every setting that has or could have a value here."""
        return list(dict.fromkeys((*self._names, *self._added)))

    def facts(self, setting: str) -> tuple[Fact, ...]:
        """What is known of a setting, highest authority first."""
        if setting not in self._added:  # of hundreds of settings most are the engine's own
            alone = self._derived_value(setting)
            return (alone,) if isinstance(alone, Fact) else ()
        facts = list(self._facts.get(setting, ()))
        seen_only = all(fact.authority == "observed" for fact in facts)
        derived = self._derived_value(setting) if seen_only or setting in self._gaps else None
        if isinstance(derived, Fact):
            facts.append(derived)
        if len(facts) > 1:
            facts.sort(key=lambda fact: -AUTHORITIES.index(fact.authority))
        return tuple(facts)

    def standing(self, setting: str) -> tuple[Effective, tuple[Fact, ...]]:
        """What is in effect, and every fact about it."""
        if setting in self._added:
            return self.effective(setting), self.facts(setting)
        alone = self._derived_value(setting) or _absent(setting)
        return alone, (alone,) if isinstance(alone, Fact) else ()

    def declared(self, setting: str) -> Fact | None:
        """The value somebody wrote, if there is one; not what a process repeats, which may be its default."""
        for fact in self._facts.get(setting, ()):
            if fact.authority == "declared" and fact.origin.kind not in _PROCESS:
                return fact
        return None

    def observed(self, setting: str) -> Fact | None:
        """The value that is seen in effect, if there is one."""
        return next((fact for fact in self._facts.get(setting, ()) if fact.authority == "observed"), None)

    def echoed(self, setting: str) -> Fact | None:
        """The value that the process repeats from its start, over HTTP or in its log, if there is one."""
        known = self._facts.get(setting, ())
        return next((fact for fact in known if fact.authority == "declared" and fact.origin.kind in _PROCESS), None)

    def added(self) -> list[str]:
        """Every setting that something stands on the sheet for, beside what the engine's rules give."""
        return list(self._added)

    def copied(self) -> "Sheet":
        """A sheet with the same facts, to put more on: what follows by the engine's rules is asked of the same rules."""
        other = Sheet(self.subject, self._names, self._derive, self._common)
        other._added, other._gaps, other._choices = dict(self._added), dict(self._gaps), dict(self._choices)
        other._closed = dict(self._closed)
        other._facts = {setting: list(facts) for setting, facts in self._facts.items()}
        return other

    def close(self) -> None:
        """Let go of the engine's rules, which may hold on to the sheet: only what was added can be asked from now on."""
        self._derive = lambda _name: None

    def leave_open(self, item: Gap | Choice) -> None:
        """Take back what is known of a setting: no one value is that of all that the sheet is to stand for."""
        setting = item.setting
        self._facts.pop(setting, None)
        self._choices.pop(setting, None)
        self._gaps.pop(setting, None)
        self.add(item)

    def written(self, setting: str) -> Effective:
        """What would be in effect by what is written and by the engine's rules alone, whatever the process says."""
        if setting in self._closed:
            return self._closed[setting]
        silent = [
            fact
            for fact in self._facts.get(setting, ())
            if fact.authority != "observed" and fact.origin.kind not in _PROCESS
        ]
        return self._decided(setting, silent)

    def default(self, setting: str) -> Effective | None:
        """What the engine takes when nobody writes the setting, whether or not somebody does."""
        return self._derived_value(setting)

    def effective(self, setting: str) -> Effective:
        """The value that decides, or the choice or gap that stands in its place."""
        if setting not in self._added:
            return self._derived_value(setting) or _absent(setting)
        seen = self.observed(setting)
        if seen is not None and seen.value != "auto":
            return seen  # none at all is what is in effect as well
        return self._decided(setting, self._facts.get(setting, ()))

    def _decided(self, setting: str, facts: Sequence[Fact]) -> Effective:
        if setting in self._gaps:
            return self._gaps[setting]
        several = self._choices.get(setting)
        if isinstance(several, Choice) and several.at_once:
            return several
        ranked = sorted(facts, key=lambda fact: -AUTHORITIES.index(fact.authority)) if len(facts) > 1 else facts
        concrete = [fact for fact in ranked if fact.value not in (None, "auto")]
        if not concrete and any(fact.value == "auto" for fact in ranked):
            return self._derived_value(setting) or ranked[0]  # who writes `auto` leaves it to the engine
        if ranked:
            return (concrete or ranked)[0]
        derived = self._derived_value(setting)
        open_ = derived if isinstance(derived, Fact) else self._choices.get(setting) or derived
        return open_ or _absent(setting)

    def _derived_value(self, setting: str) -> Effective | None:
        known = self._common.get(setting)
        if isinstance(known, Fact):
            return known
        if setting not in self._derived:
            self._derived[setting] = self._derive(setting)
        return self._derived[setting]


def _absent(setting: str) -> Gap:
    return Gap(setting, reason="nothing in the input sets it", rule="absent")
