"""`baseline retire`. Like `commands`: heavy rooms are imported inside it."""

import os

import click

from skewguard.cli import options


@click.command()
@click.argument("thing", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why: whoever finds it set aside will want to know.")
@click.option("--undo", is_flag=True, help="Take back what set it aside: it counts again.")
@options.STORE
def retire(thing: str, reason: str, undo: bool, store: str | None) -> int:
    """Set a recording or a calibration aside.

    Nothing in the store is ever changed or removed: beside the record it is kept who set it aside, when and why. A recording is
    then as one that is not valid, and a calibration is not used any more. `list --all` shows both, with their ids. --undo
    takes it back, which is kept beside it too.

    \b
        skewguard baseline retire 01JDK --reason "the node was throttled"
        skewguard baseline retire 01JDK --undo --reason "it was the other node"
    """
    from skewguard import api
    from skewguard.cli import output
    from skewguard.language import redact
    from skewguard.report.characters import visible_lines

    made = api.retire_baseline(thing, reason=reason, undo=undo, store=store, environ=os.environ)
    state = "counts again" if made.undone else "is set aside"
    said = f"{made.type} {made.record_id} of {made.subject} {state} in {made.store}: {made.reason}"
    output.print_out([visible_lines(redact.free_text(said)) + "\n"])
    return 0
