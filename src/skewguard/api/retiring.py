"""`baseline retire`: a recording or calibration is set aside, since nothing in the store is ever changed or removed."""

from collections.abc import Mapping

from skewguard.api import keeping
from skewguard.knowledge import engines
from skewguard.language.errors import UsageError
from skewguard.language.records import Retirement


def retire_baseline(
    thing: str,
    *,
    reason: str,
    undo: bool = False,
    store: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Retirement:
    """Set a baseline or a calibration aside, by its id or the first letters of it.

    The record stays, with who set it aside, when and why beside it: a baseline is then as one that is not valid, so that nothing is
    compared with it or learned from it, and a calibration is not used any more. With `undo` the same is told of a record that was set
    aside, and it counts again. Raises `UsageError` where there is no such record, it is so already, or no reason is given.
    """
    if not reason.strip():
        raise UsageError("no reason was given", hint="whoever finds it set aside will want to know: --reason TEXT")
    word = keeping.meant(thing)
    if word.kind != "id":
        raise UsageError(f"{thing} names no single record", hint="`skewguard baseline list --all` shows the ids of all")
    with keeping.named(store, environ, make=False) as kept:
        return kept.retire(word.text, reason.strip(), engines.tables_used(), undo=undo)
