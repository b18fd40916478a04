"""What every report is given alike: whose numbers they are, what is said of all of them, and a row of a request."""

import math
import re
from collections.abc import Sequence

from skewguard.language import redact
from skewguard.language.baselines import Samples
from skewguard.language.errors import InputError
from skewguard.language.facts import Subject
from skewguard.language.running import ENDPOINT, MODEL
from skewguard.observe.sources.reports.interface import Report

UNWATCHED = "made by another tool: how late it was itself, in sending and in reading, nobody can say"
UNANSWERED = "no request was answered"


def subject(report: Report, url: str | None, model: str | None) -> Subject:
    """Whose performance it is: as somebody says, else the endpoint that the load was sent to, else the model.

    Raises `InputError` where none of them is known, and where the name looks like a secret: a subject is shown and searched for.
    """
    if report.subject is not None:
        return report.subject
    if url is None and model is None:
        raise InputError(
            f"{report.path} names neither the endpoint nor the model that it is about",
            hint="say whose numbers they are: --as kind/name",
            file=report.path,
        )
    found = Subject(ENDPOINT, _place(url)) if url else Subject(MODEL, model or "")
    if any(redact.free_text(part) != part for part in re.split("[:/]", found.name)):
        raise InputError(
            f"the {found.kind.lower()} that {report.path} names looks like a key or password, and a baseline is not kept under one",
            hint="say whose numbers they are: --as kind/name",
            file=report.path,
        )
    return found


def _place(url: str) -> str:
    """A URL as endpoints are named: without its scheme, and without a user, password or query that somebody wrote into it."""
    rest = re.split("[?#]", url.partition("://")[2] or url)[0].rstrip("/")
    host, slash, path = rest.partition("/")
    return host.rpartition("@")[2] + slash + path


def row(
    samples: Samples, *, sent: float, first: float | None, last: float | None, failure: str,
    gaps: Sequence[float] | None = (), status: int | None = None, intended: float | None = None,
) -> None:  # fmt: skip
    """One request more, without its tokens. `gaps` None: they were not kept, nor how many chunks there were."""
    samples.intended.append(sent if intended is None else intended)
    samples.sent.append(sent)
    samples.first.append(math.nan if first is None else first)
    samples.last.append(math.nan if last is None else last)
    samples.failure.append(failure)
    samples.status.append(status if status is not None else (0 if failure else 200))
    samples.first_tokens.append(-1)
    samples.chunks.append(len(gaps) + 1 if gaps is not None and last is not None else -1)
    samples.censored.append(False)
    samples.fresh.append(False)
    samples.phase.append(1)
    samples.gap_counts.append(len(gaps or ()))
    samples.gaps.extend(gaps or ())
