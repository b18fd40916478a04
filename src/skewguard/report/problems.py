"""What is wrong with one running subject, in one line of a fleet's table: the cause first, with its values."""

import re

from skewguard.language.facts import Gap
from skewguard.language.findings import Finding
from skewguard.language.verifications import Compared
from skewguard.report import arranging, fleet, words
from skewguard.report.fleet import OfLive

_HEX = re.compile(r"(?:sha256:)?(?<![0-9a-f])([0-9a-f]{7})[0-9a-f]{17,}")
"""A digest or a commit; its beginning is as much of it as a line has room for."""

_UNBOUND, _NOT_READY = "contract.unbound", "serving.not-ready"


def problem(item: OfLive, room: int, *, asked: bool = True) -> tuple[str, str]:
    """What is wrong in `room` columns: the worst finding, how many are ready where that fits, and how many more there are.

    The first text may be longer than the room; the second says how many findings are not told. `asked`: whether
    the engines were; where they were not, their word would decide what is open.
    """
    live = item.live
    news = sorted(item.news, key=lambda finding: _order(finding, undecided=live.state == "undecided"))
    counted = fleet.count(live)
    said = [_brief(news[0], item, asked=asked)] if news else []
    more = f" (+{len(news) - 1} more)" if len(news) > 1 else ""
    ready, is_short = str(counted), counted.ready < max(counted.there, counted.wanted)
    is_told = bool(news) and (news[0].check == _NOT_READY or len(f"{said[0]}; {ready}{more}") > room)
    return "; ".join([*said, *([ready] if is_short and not is_told else [])]), more


def _order(finding: Finding, *, undecided: bool) -> tuple[object, ...]:
    """Broken promises first, then replicas that disagree; that no contract is there comes last.

    Of what is undecided, the clause that makes it so comes before all that is only worth a warning.
    """
    verdict, severity, *_ = arranging.rank(finding)
    is_open = undecided and finding.verdict == "unknown"
    return finding.check == _UNBOUND, not is_open, verdict, severity, _cause(finding)


def _cause(finding: Finding) -> int:
    if finding.group == "contract":
        return 0
    return 1 if "replicas" in finding.check else 2


def _brief(finding: Finding, item: OfLive, *, asked: bool) -> str:
    """The setting with its values, where it is about one; else what the check says, without the place it begins with."""
    line = next((each for each in item.live.settings if each.setting == finding.setting), None)
    if line is not None and (said := _of_setting(finding, line, asked=asked)):
        return _HEX.sub(r"\1…", said)
    place = finding.origin.ref if finding.origin is not None else ""
    said = finding.message.removeprefix(place).lstrip(" :,")
    named = finding.setting or finding.check
    return _HEX.sub(r"\1…", said if named in said else f"{named}: {said}")


def _of_setting(finding: Finding, line: Compared, *, asked: bool) -> str:
    if finding.group == "contract" and line.promised is not None:
        if finding.verdict == "unknown":
            return f"{line.setting} unknown, promised {line.promised}{_would_tell(line, asked=asked)}"
        if finding.observed is not None:
            return f"{line.setting} {words.value(finding.observed.value, line.unit)}, promised {line.promised}"
    if finding.verdict == "fail" and line.differs and "replicas" in finding.check:
        values = [words.effective(each, line.unit) for each in line.groups if not isinstance(each, Gap)]
        return f"{line.setting} apart: {', '.join(dict.fromkeys(values))}"
    return ""


def _would_tell(line: Compared, *, asked: bool) -> str:
    """What would decide a promise: what the replicas that leave it open say, else the engines, where nobody asked them."""
    needs = (each.would_need for each in line.groups if isinstance(each, Gap) and each.would_need)
    if need := next(needs, ""):
        return f"; {need} would tell"
    return "" if asked else "; --depth logs would read it"
