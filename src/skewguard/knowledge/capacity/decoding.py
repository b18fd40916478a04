"""How many tokens per second decoding can give at best: what every step must read over the memory's bandwidth, and what
it must compute over the arithmetic's peak.
"""

from skewguard.knowledge.capacity import cache, weights, widths
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerator_speeds import speed
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap

READ = "every step reads all weights but the input embedding, and the KV cache of every running request"
PEAK = "memory runs at its peak bandwidth; arithmetic and exchange between devices cost nothing"
COMPUTED = "arithmetic runs at its dense peak, two operations for each weight and token; attention is left out"
ONE = "every step gives one token per request (no speculative decoding), and caches on the chip save no reading"


def decode_rate(checkpoint: Checkpoint, plan: Plan, accelerator: Accelerator, running: int, context: int) -> Answer:
    """Tokens/s of one replica at most, over `running` requests that have `context` tokens each."""
    peak = speed(accelerator)
    if peak is None:
        return gap(
            "decode",
            f"no one memory bandwidth of {accelerator.title} is known",
            "a class and form factor with a data sheet",
        )
    read = _weights_read(checkpoint, plan)
    if isinstance(read, Gap):
        return read
    kept = cache.kept(checkpoint, plan)
    if isinstance(kept, Gap):
        return kept
    step = (read.value / plan.tensor + running * kept.bytes_of(context)) / peak.bandwidth
    again = ", which was not read again" if peak.checked == "entered" else ""
    source = f"bandwidth after: {peak.source}{again}"
    return Amount(running / step, "tokens/s", "at-most", (*read.assumes, *kept.assumes, READ, PEAK, ONE, source))


def batch_rate(checkpoint: Checkpoint, plan: Plan, accelerator: Accelerator, running: int) -> Answer:
    """Tokens/s of one replica at most over `running` requests at their beginning: the lower of two roofs.

    The second roof needs the peak of the number format, and weights that are computed with in the format of the run.
    """
    read = decode_rate(checkpoint, plan, accelerator, running, context=0)
    peak, width, held = speed(accelerator), widths.run(plan), _weights_read(checkpoint, plan)
    if isinstance(read, Gap) or isinstance(held, Gap) or isinstance(width, Gap) or peak is None:
        return read
    flops = peak.flops.get(plan.dtype or "")
    if flops is None or checkpoint.quantization is not None:
        return read
    computed = flops * plan.tensor / (2 * held.value / width)
    if computed >= read.value:
        return read
    return Amount(computed, "tokens/s", "at-most", (*held.assumes, COMPUTED, f"arithmetic after: {peak.source}"))


def _weights_read(checkpoint: Checkpoint, plan: Plan) -> Answer:
    """Bytes of the weights that one step reads, over all devices."""
    decoder = checkpoint.decoder
    if decoder.experts is not None:
        return gap("decode", "which experts a step reads depends on its tokens", "a model without experts")
    if decoder.key is not None:
        return gap("decode", "what of its weights the text part reads is not known", "a model of text alone")
    if plan.pipeline > 1:
        return gap("decode", "how the stages overlap is not known", "pipeline parallelism of 1")
    whole, width = weights.total(checkpoint, plan), widths.run(plan)
    if isinstance(whole, Gap):
        return whole
    if isinstance(width, Gap):
        return width
    if decoder.tie_word_embeddings is True:
        return whole  # the output embedding is read whole
    if not decoder.vocab_size or not decoder.hidden_size:
        return gap("decode", "the size of the input embedding is not known", "vocab_size and hidden_size")
    table = decoder.vocab_size * decoder.hidden_size * width
    return Amount(whole.value - table, "bytes", "at-least", whole.assumes)
