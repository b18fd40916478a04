"""The text of the n-th prompt, made when it is due: a few words of its own, then a slice of a text that all share.

What differs stands in front: a prefix cache hashes a block with everything before it, so that nothing but the stated
shared prefix is found again.
"""

from random import Random

from msgspec import Struct

from skewguard.language.loads import Prompts, Spread

_TEXT = (
    "about above after again air all also always and animal another answer any are around ask away back ball base bear "
    "because bed been before began best better big bird black blue board boat body book both bottom box boy bring brown "
    "build busy but buy call came can car care carry case cat center change check child city class clear close cold color "
    "come common contain cook cool copy could country course cover cross cry cut dark day deep did die does dog done door "
    "down draw dream drive dry during each early earth ease east eat egg end enough even ever every example eye face fact "
    "fall family far farm fast father feel feet few field fill final find fire first fish five fly follow food foot for "
    "form found four free friend from front full game gave get girl give glass gold gone good got govern grand great green "
    "ground group grow had half hand happen hard has have head hear heart heat help her here high hill his hold home horse "
    "hot hour house how ice idea inch island job join just keep kind king know land large last late laugh lay lead learn "
    "leave left less let letter life light like line list little live long look lost love low machine made main make man "
    "many map mark may mean measure men might mile mind minute miss money moon more morning most mother mountain move much "
    "music must name near need never new next night nine north note nothing notice noun now number object ocean off often "
    "oil old once one only open order other our out over own page paint paper part pass pattern people person picture piece "
    "place plain plan plane plant play point port pose power press problem product pull put question quick rain ran reach "
    "read real record red rest right river road rock room round rule run said same saw say school science sea second see"
)
_WORDS = _TEXT.split(" ")

_SALT = 4
"""Words of its own that a prompt begins with: enough to tell 10**10 of them apart."""

_CORPUS = 16384
_MASK = 2**64 - 1


class PromptSet(Struct, frozen=True):
    """The prompts of a load, as what is needed to make any of them.

    `lengths` (prompt, output) of a recorded mix or a trace, whose moments are `times`; `contents` are JSON values of a
    file (a text or messages), `outputs` the bound of each one's answer (0: none of its own). `run` is drawn anew for each run and no part of what the
    set is: made prompts begin with words of their own run, so that none is found in the cache that an earlier one filled.
    """

    described: Prompts
    seed: int = 1
    lengths: tuple[tuple[int, int], ...] = ()
    contents: tuple[str, ...] = ()
    outputs: tuple[int, ...] = ()
    times: tuple[float, ...] = ()
    run: int = 0


class Wording:
    """Makes the prompts of a set: `content(n)` is a JSON value, `output_tokens(n)` the bound of its answer (0: none)."""

    def __init__(self, prompts: PromptSet) -> None:
        self._prompts = prompts
        self._contents = [content.encode() for content in prompts.contents]
        self._shared = prompts.described.shared_prefix
        draw = Random(f"words {prompts.seed}")  # noqa: S311 - drawn again by whoever repeats the load
        prefix = draw.choices(_WORDS, k=self._shared)
        begin = min(_SALT, self._shared)
        self._prefix = " ".join([*_spelt(prompts.run, begin), *prefix[begin:]])
        words = [] if self._contents else draw.choices(_WORDS, k=_CORPUS + self._longest())
        self._corpus = " ".join(words)
        self._starts = [0]
        for word in words:
            self._starts.append(self._starts[-1] + len(word) + 1)

    def content(self, number: int) -> bytes:
        """The n-th prompt as JSON: a text in quotes, or a list of messages."""
        if self._contents:
            return self._contents[number % len(self._contents)]
        length = self._prompt_tokens(number)
        own = max(1, min(_SALT, length - self._shared))
        parts = [" ".join(_spelt(number + self._prompts.run, own)), self._slice(number, length - self._shared - own)]
        if self._shared:
            parts.insert(0, self._prefix)
        return f'"{" ".join(part for part in parts if part)}"'.encode()

    def output_tokens(self, number: int) -> int:
        """How many tokens may be answered; 0 where the server decides."""
        prompts = self._prompts
        if prompts.lengths:
            return prompts.lengths[self._row(number)][1]
        if prompts.outputs and prompts.outputs[number % len(prompts.outputs)]:
            return prompts.outputs[number % len(prompts.outputs)]
        return _drawn(prompts.described.output_tokens, bits(prompts.seed, number, 2))

    def _prompt_tokens(self, number: int) -> int:
        if self._prompts.lengths:
            return self._prompts.lengths[self._row(number)][0]
        return _drawn(self._prompts.described.prompt_tokens, bits(self._prompts.seed, number, 1))

    def _row(self, number: int) -> int:
        """A trace goes line by line; of a mix one is drawn."""
        at = number if self._prompts.times else bits(self._prompts.seed, number, 3)
        return at % len(self._prompts.lengths)

    def _longest(self) -> int:
        spread = self._prompts.described.prompt_tokens
        return max(spread.maximum or 0, round(spread.mean or 0), *(length for length, _ in self._prompts.lengths), 0)

    def _slice(self, number: int, words: int) -> str:
        if words <= 0:
            return ""
        first = bits(self._prompts.seed, number, 4) % _CORPUS
        return self._corpus[self._starts[first] : self._starts[first + words] - 1]


def _spelt(number: int, words: int) -> list[str]:
    """A number in so many words, each a digit, the lowest first."""
    chosen = []
    for _ in range(words):
        number, digit = divmod(number, len(_WORDS))
        chosen.append(_WORDS[digit])
    return chosen


def bits(seed: int, number: int, purpose: int) -> int:
    """64 bits that look random and are a function of these three (splitmix64): drawing one costs no state."""
    state = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + purpose * 0x94D049BB133111EB) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def _drawn(spread: Spread, bits: int) -> int:
    if spread.minimum is not None and spread.maximum is not None and spread.maximum > spread.minimum:
        return spread.minimum + bits % (spread.maximum - spread.minimum + 1)
    return round(spread.mean) if spread.mean is not None else spread.minimum or 0
