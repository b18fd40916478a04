"""Waivers: findings that do not count, with a reason and an end.

A contract's waiver names its last day; an annotation `skewguard.dev/ignore.<check>: "reason"` on an object or its pod
template has no end. Either needs a reason. A waiver never hides a crash, and an expired one lets the finding stand.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, structs

from skewguard.knowledge.contract.reading import Reader, nearest, shape
from skewguard.knowledge.contract.values import TARGET_FIELDS, WaiverRule
from skewguard.language.errors import InputError
from skewguard.language.facts import Located, Subject
from skewguard.language.findings import Finding, Waiver
from skewguard.language.trees import Node

ANNOTATION = "skewguard.dev/ignore."
_WHERE = (*TARGET_FIELDS, "pod", "group")


def bad_glob(text: str) -> str | None:
    """What is wrong with a glob, or None."""
    if text.count("[") != text.count("]"):
        return "has an open bracket"
    if "**" in text:
        return "holds `**`: names have no levels, `*` is enough"
    return "holds a space" if any(character.isspace() for character in text) else None


def read(reader: Reader, node: Node, checks: Collection[str]) -> tuple[WaiverRule, ...]:
    """The waivers of a contract. `checks` are the known ids and aliases; empty: any id is accepted."""
    elements = reader.elements(node, "waivers")
    return tuple(rule for element in elements if (rule := _rule(reader, element, checks)) is not None)


def _rule(reader: Reader, node: Node, checks: Collection[str]) -> WaiverRule | None:
    if node.kind != "mapping":
        reader.wrong(node.origin, f"a waiver must be a mapping, not {shape(node)}")
        return None
    before = len(reader.errors)
    fields = dict(reader.entries(node, "a waiver", ("check", "setting", "where", "reason", "until")))
    for required, hint in (
        ("check", "name the check it is about"),
        ("reason", "say why, for the colleague who meets it"),
        ("until", "write the last day it holds, for example 2027-01-31"),
    ):
        if required not in fields:
            reader.wrong(node.origin, f"a waiver needs {required}", hint)
    texts = {
        name: reader.text(fields[name], f"the waiver's {name}")
        for name in ("check", "setting", "reason", "until")
        if name in fields
    }
    if texts.get("check"):
        _known(reader, fields["check"], texts["check"] or "", checks)
    if texts.get("until") and not _is_date(texts["until"] or ""):
        reader.wrong(fields["until"].origin, f"until is no date: {texts['until']!r}", "write YYYY-MM-DD")
    where = _where(reader, fields.get("where"))
    if len(reader.errors) > before:
        return None
    return WaiverRule(
        check=texts["check"] or "",
        reason=texts["reason"] or "",
        origin=reader.origin(fields["check"]),
        until=texts["until"],
        setting=texts.get("setting"),
        where=where,
    )


def _where(reader: Reader, node: Node | None) -> dict[str, str]:
    globs: dict[str, str] = {}
    for key, value in reader.entries(node, "where", _WHERE) if node is not None else ():
        text = reader.text(value, f"where.{key}")
        fault = bad_glob(text) if text else None
        if fault:
            reader.wrong(value.origin, f"where.{key} {text!r} {fault}")
        globs[key] = text or ""
    return globs


def _known(reader: Reader, node: Node, check: str, checks: Collection[str]) -> None:
    if not checks:
        return
    group, _, slug = check.partition(".")
    if slug == "*" and any(known.startswith(f"{group}.") for known in checks):
        return
    if check not in checks:
        reader.wrong(node.origin, f"there is no check {check!r}", meant(check, checks))


def meant(check: str, checks: Collection[str]) -> str:
    """What to write for a check that does not exist: the nearest one, else those of its group, else the groups."""
    guess = nearest(check, checks)
    if guess is not None:
        return f"did you mean {guess}?"
    group = check.partition(".")[0]
    own = sorted(known for known in checks if known.startswith(f"{group}."))
    if own:
        return f"{group} has: {', '.join(own)}"
    return f"a check is GROUP.NAME, or GROUP.* for all of: {', '.join(sorted({known.partition('.')[0] for known in checks}))}"


def _is_date(text: str) -> bool:
    from datetime import date  # lazily: few contracts have waivers

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def from_annotations(
    annotations: Mapping[str, Located[str]], subject: Subject, checks: Collection[str]
) -> tuple[list[WaiverRule], list[InputError]]:
    """The waivers written on an object (or its pod template), for this subject alone, and what is wrong with them."""
    rules, errors = [], []
    for key, located in annotations.items():
        if not key.startswith(ANNOTATION):
            continue
        check = key.removeprefix(ANNOTATION)
        fault = _annotation_fault(check, located.value, checks)
        if fault is None:
            rules.append(WaiverRule(check, located.value.strip(), located.origin, subject=subject))
        else:
            at = located.origin
            errors.append(InputError(fault[0], hint=fault[1], file=at.file, line=at.line, column=at.column))
    return rules, errors


def _annotation_fault(check: str, reason: str, checks: Collection[str]) -> tuple[str, str] | None:
    if not reason.strip():
        return f"the annotation {ANNOTATION}{check} has no reason", "say why, for the colleague who meets it"
    if checks and check not in checks:
        guess = nearest(check, checks)
        hint = f"did you mean {ANNOTATION}{guess}?" if guess else meant(check, checks)
        return f"the annotation {ANNOTATION}{check} names no check", hint
    return None


class Settled(Struct):
    """Findings after waivers: waived ones marked, `expired` rules that would have waived something, `unused` ones."""

    findings: list[Finding]
    expired: list[tuple[WaiverRule, Finding]]
    unused: list[WaiverRule]


def settle(
    judged: Iterable[tuple[Finding, Sequence[WaiverRule]]],
    today: str,
    rules: Iterable[WaiverRule] = (),
    aliases: Mapping[str, str] | None = None,
) -> Settled:
    """Apply waivers: each finding comes with the rules of its own contract and object.

    `today` is an ISO date. `rules` are all rules that were given, so that unused ones can be told; `aliases` give
    the id behind an old one.
    """
    settled = Settled([], [], [])
    known = {id(rule): rule for rule in rules}
    used: set[int] = set()
    for finding, own in judged:
        known.update({id(rule): rule for rule in own})
        about = [rule for rule in own if covers(rule, finding, aliases or {})]
        ended = [rule for rule in about if expired(rule, today)]
        settled.expired.extend((rule, finding) for rule in ended if id(rule) not in used)
        used.update(id(rule) for rule in about)
        standing = next((rule for rule in about if rule not in ended), None)
        settled.findings.append(waived(finding, standing) if standing else finding)
    settled.unused.extend(rule for key, rule in known.items() if key not in used)
    return settled


def expired(rule: WaiverRule, today: str) -> bool:
    """Whether the rule's last day has passed. `today` is an ISO date."""
    return rule.until is not None and today > rule.until


def waived(finding: Finding, rule: WaiverRule) -> Finding:
    """The same finding, waived by a rule."""
    return structs.replace(finding, verdict="waived", waiver=Waiver(rule.reason, rule.until, rule.origin))


def covers(rule: WaiverRule, finding: Finding, aliases: Mapping[str, str]) -> bool:
    """Whether a rule is about this finding, its end aside. Only failures and unknowns can be waived."""
    if finding.verdict not in ("fail", "unknown"):
        return False
    check = aliases.get(rule.check, rule.check)
    if check not in (finding.check, f"{finding.group}.*"):
        return False
    if rule.setting is not None and not fnmatchcase(finding.setting or "", rule.setting):
        return False
    if rule.subject is not None and not _on(rule.subject, finding.subject):
        return False
    return all(_matches(glob, getattr(finding.subject, name)) for name, glob in rule.where.items())


def _on(owner: Subject, subject: Subject) -> bool:
    fields = ("cluster", "group", "kind", "namespace", "name", "role")
    return all(getattr(owner, name) == getattr(subject, name) for name in fields)


def _matches(glob: str, value: str | None) -> bool:
    """A waiver is narrow: a field that nobody knows is matched by `*` alone."""
    return glob == "*" if value is None else fnmatchcase(value, glob)
