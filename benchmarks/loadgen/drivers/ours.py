"""Our load client alone, as the library has it: `ours.py URL OUTPUT`, with the cell as JSON on the command line's end."""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from skewguard.language.loads import Load, Profile, Spread
from skewguard.observe import loadgen
from skewguard.observe.loadgen import prompting


def main() -> int:
    """Send one cell and write what was measured."""
    url, output, described = sys.argv[1:4]
    cell = json.loads(described)
    prompts = prompting.synthetic(Spread(cell["prompt_tokens"]), Spread(cell["tokens"]))
    profile: Profile = "constant" if cell["rate"] else "concurrency"
    load = Load(
        profile,
        prompts.described,
        rate=cell["rate"],
        concurrency=cell["concurrency"],
        requests=cell["requests"],
        api="completions",
    )
    run = loadgen.run(loadgen.Target(url, model="mock", timeout_s=60), load, prompts)
    Path(output).write_text(json.dumps(_report(run)), "utf-8")
    return int(run.partial)


def _report(run: Any) -> dict[str, Any]:
    """Means from the intended start, as our metrics are, over every complete answer: nothing is cut off a run this short."""
    samples = run.samples
    whole = [at for at, failure in enumerate(samples.failure) if not failure]
    return {
        "ttft_s": statistics.fmean(samples.first[at] - samples.intended[at] for at in whole),
        "e2e_s": statistics.fmean(samples.last[at] - samples.intended[at] for at in whole),
        "requests": len(whole),
        "slip_p99_s": run.instrument.slip_p99,
        "clock": run.instrument.clock,
        "client_cpu": run.instrument.client_cpu,
        "duration_s": run.duration,
        "notes": run.notes,
    }


if __name__ == "__main__":
    sys.exit(main())
