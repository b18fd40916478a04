"""The load client: sends a described load to one URL, and writes down when what was sent and when what came back.

What may enter: sockets of its own (nobody else in `observe` has any), clocks, and the text of HTTP and of server-sent events.
What may not: a library between it and the kernel, a verdict, a percentile of what a server did: it hands over one row per
request.

`run` starts load processes (`worker`), which share a schedule that is drawn before the first request (`arrivals`), and puts
together what they wrote down. Prompts come from `prompting`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from skewguard.language.loads import Load
from skewguard.observe.loadgen.enough import Until
from skewguard.observe.loadgen.live import Live
from skewguard.observe.loadgen.targets import Target
from skewguard.observe.loadgen.wording import PromptSet

if TYPE_CHECKING:
    from skewguard.language.baselines import Run

__all__ = ["Live", "PromptSet", "Target", "Until", "run"]


def run(
    target: Target,
    load: Load,
    prompts: PromptSet,
    *,
    processes: int = 1,
    progress: Callable[[Live], None] | None = None,
    stop: Callable[[Live], str | None] | None = None,
    part: tuple[int, int] = (0, 1),
    until: Until | None = None,
) -> "Run":
    """Send a load to a target from so many processes; of several machines that send it together, the `part` (k from 0, n).

    With `until` a closed loop of a duration goes on after it, until there are answers enough. `progress` and `stop` are called a few times a second; the reason that `stop` gives ends the run. So does Ctrl-C: what
    was measured is kept, `partial`. Raises `UsageError` for a load that cannot be meant, `InputError` for a target that
    cannot be reached.
    """
    # Load processes import this package as well; they need nothing of what starts them.
    from skewguard.observe.loadgen import running

    return running.run(target, load, prompts, processes=processes, progress=progress, stop=stop, part=part, until=until)
