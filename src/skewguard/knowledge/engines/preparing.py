"""What the steps before an engine's parser share: the words, what happened to them, and the `--config` file among them."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec import field as struct_field

from skewguard.knowledge.engines.config_file import Entries
from skewguard.knowledge.engines.grammar import Word
from skewguard.language.workloads import TextFile, Token


class Trouble(Struct):
    """Something these steps did to a word that its writer did not mean. `what` is told apart by the engine's reading.

    `dest` is the destination it is about, where the word is no flag; `suggestion` what to write instead.
    """

    what: str
    word: Word
    value: Word | None = None
    fatal: bool = True
    detail: str = ""
    dest: str | None = None
    suggestion: str | None = None


class Prepared(Struct):
    """The words for the parser, what happened on the way, and the config file's own word if there was one.

    `unseen` names a config file whose text is not in the input. `moved` is the model where these steps put it in another
    place. `model_hidden`: a step looks for the model among the written words, and does not see it.
    """

    words: list[Word]
    troubles: list[Trouble] = struct_field(default_factory=list)
    config: tuple[Word, Word] | None = None
    unseen: str | None = None
    moved: Word | None = None
    model_hidden: bool = False


def words_of(tokens: Sequence[Token], first: int = 0) -> list[Word]:
    """Tokens as words, each keyed by its place."""
    return [Word(token.text, token, (first + index,)) for index, token in enumerate(tokens)]


def one_config(prepared: Prepared) -> int | None:
    """The index of `--config` among the words, its further ones taken out as trouble; None when it names no file."""
    words = prepared.words
    at = next(index for index, word in enumerate(words) if word.text == "--config")
    again = [word for word in words[at + 1 :] if word.text == "--config"]
    prepared.troubles.extend(Trouble("config-twice", word) for word in again)
    if again:
        prepared.words = words = [word for index, word in enumerate(words) if word.text != "--config" or index == at]
    if at == len(words) - 1:
        prepared.troubles.append(Trouble("no-value", words[at]))
        del words[at]
        return None
    prepared.config = (words[at], words[at + 1])
    return at


def pulled(
    prepared: Prepared, path: Word, files: Sequence[TextFile], read: Callable[[TextFile], Entries], *, any_case: bool
) -> list[Word]:
    """The arguments that the config file at `path` stands for, as `read` makes them of its text.

    `any_case`: whether the engine takes `.YAML` too.
    """
    if path.token.unresolved:
        prepared.unseen = path.text
        return []
    suffix = path.text.rpartition(".")[2]
    if (suffix.lower() if any_case else suffix) not in ("yaml", "yml"):
        prepared.troubles.append(Trouble("config-not-yaml", path))
        return []
    file = next((each for each in files if same_path(each.path, path.text)), None)
    if file is None or file.text is None:
        prepared.unseen = path.text if file is None else f"{path.text} ({file.ref})"
        return []
    found = read(file)
    for trouble in found.troubles:
        prepared.troubles.append(Trouble(trouble.what, trouble.word or path, None, trouble.fatal, trouble.detail))
    return found.words


def same_path(known: str, wanted: str) -> bool:
    """Whether two paths inside a container name one file."""

    def parts(path: str) -> list[str]:
        return [part for part in path.split("/") if part not in ("", ".")]

    return known == wanted or (known.startswith("/") == wanted.startswith("/") and parts(known) == parts(wanted))
