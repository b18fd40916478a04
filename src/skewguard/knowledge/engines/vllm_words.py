"""From the words somebody wrote to the words vLLM's parser meets, by release.

Before `argparse` sees an argument vector, vLLM moves `--model` to the front, puts the entries of a `--config` file
before the other arguments, turns underscores into dashes, unfolds `-O3` and joins dotted arguments to JSON. Each
step is done here word by word, so that every word still knows who wrote it. The order of the steps matters and is
vLLM's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skewguard.knowledge.engines import conversions
from skewguard.knowledge.engines.grammar import Part, Word
from skewguard.knowledge.engines.preparing import Prepared, Trouble, one_config, pulled
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.vllm_config_file import entries
from skewguard.knowledge.engines.vllm_grammar import SERVE, Behaviour, Program
from skewguard.language.workloads import TextFile


def prepare(
    words: Sequence[Word], program: Program, does: Behaviour, files: Sequence[TextFile], toggles: Mapping[str, Flag]
) -> Prepared:
    """Every step before the parser. `toggles` are the flags that the reader of a config file can see: none
    under `serve`, where it asks the parser above."""
    prepared = Prepared(list(words))
    if program == SERVE:
        _move_model(prepared, does)
        _check_served_name(prepared, does)
    if does.config != "unknown" and any(word.text == "--config" for word in prepared.words):
        _pull_config(prepared, program, does, files, toggles)
    prepared.words = _normalised(prepared.words, does)
    if does.dotted != "unknown":
        _join_dotted(prepared, does)
    return prepared


def _move_model(prepared: Prepared, does: Behaviour) -> None:
    """`--model X` under `serve`: an error, or moved to the front as the positional."""
    if does.model_flag == "late-error":
        return
    moves = does.model_flag == "moved"
    for index, word in enumerate(prepared.words):
        attached = moves and word.text.startswith("--model=") and len(word.text) > len("--model=")
        if word.text != "--model" and not attached:
            continue
        behind = prepared.words[index + 1] if not attached and index + 1 < len(prepared.words) else None
        if not moves:
            better = behind.text if behind is not None else None
            prepared.troubles.append(Trouble("model-by-flag", word, behind, dest="model", suggestion=better))
            _take_out(prepared, index, 1 if behind is None else 2)
            return
        if behind is None and not attached:
            prepared.troubles.append(Trouble("no-value", word))
            _take_out(prepared, index, 1)
            return
        model = word if behind is None else behind
        text = word.text.removeprefix("--model=") if attached else model.text
        _take_out(prepared, index, 1 if attached else 2)
        prepared.moved = Word(text, model.token, word.key, word.source)
        prepared.words.insert(0, prepared.moved)
        return


def _take_out(prepared: Prepared, index: int, count: int) -> None:
    del prepared.words[index : index + count]


def _check_served_name(prepared: Prepared, does: Behaviour) -> None:
    words = prepared.words
    if not does.served_name_needs_model or not words or not words[0].text.startswith("-"):
        return
    if any(_is_flag(word.text, "--config") for word in words):
        return
    for word in words:
        if _is_flag(word.text.replace("_", "-"), "--served-model-name"):
            prepared.troubles.append(Trouble("served-name-first", word))
            return


def _is_flag(text: str, name: str) -> bool:
    return text == name or (text.startswith(name + "=") and len(text) > len(name) + 1)


# ---- the config file ---------------------------------------------------------------------------------------------


def _pull_config(
    prepared: Prepared, program: Program, does: Behaviour, files: Sequence[TextFile], toggles: Mapping[str, Flag]
) -> None:
    """Put the entries of the file where this release puts them, in place of `--config FILE`."""
    at = one_config(prepared)
    if at is None:
        return
    path = prepared.words[at + 1]
    found = pulled(prepared, path, files, lambda file: entries(file, does, toggles, path.key), any_case=False)
    model_in_file = any(word.text == "--model" for word in found)
    prepared.words = _inserted(prepared, found, at, program, does, model_in_file)


def _inserted(
    prepared: Prepared, entries: list[Word], at: int, program: Program, does: Behaviour, model_in_file: bool
) -> list[Word]:
    words = prepared.words
    rest = words[at + 2 :]
    if program != SERVE:
        if does.config == "headless-aware" and words[0].text.startswith("-"):
            return [*entries, *words[:at], *rest]
        return [*words[:1], *entries, *words[1:at], *rest]
    if does.config == "after-first":
        return [*entries, *words[:at], *rest]
    model_in_words = not words[0].text.startswith("-") and at != 0
    if does.config == "behind-model":
        if at == 0:
            prepared.troubles.append(Trouble("no-model", words[at], dest="model"))
            return [*entries, *rest]
        return [words[0], *entries, *words[1:at], *rest]
    if not model_in_words and not model_in_file and prepared.unseen is None:
        prepared.troubles.append(Trouble("no-model", words[at], dest="model"))
    if model_in_words:
        return [words[0], *entries, *words[1:at], *rest]
    return [*entries, *words[:at], *rest]


# ---- names --------------------------------------------------------------------------------------------------------


def _normalised(words: Sequence[Word], does: Behaviour) -> list[Word]:
    found: list[Word] = []
    for index, word in enumerate(words):
        if word.text.startswith("--"):
            found.append(_dashed(word, does))
        elif word.text.startswith("-O") and does.level_flag != "plain":
            following = words[index + 1].text if index + 1 < len(words) else ""
            found.extend(_level(word, following, does))
        else:
            found.append(word)
    return found


def _dashed(word: Word, does: Behaviour) -> Word:
    if "_" not in word.text or does.underscores == "kept":
        return word
    name, equals, value = word.text.partition("=")
    if does.underscores == "first-name":
        first, dot, rest = name.partition(".")
        name = first.replace("_", "-") + dot + rest
    else:
        name = name.replace("_", "-")
    return _replaced(word, name + equals + value)


def _replaced(word: Word, text: str) -> Word:
    return word if text == word.text else Word(text, word.token, word.key, word.source, word.parts)


def _level(word: Word, following: str, does: Behaviour) -> list[Word]:
    """`-O3`, `-O=3`, `-O 3` and `-O.key`."""
    text = word.text
    optimizes = does.level_flag.startswith("optimization")
    if text == "-O":
        if following not in ("0", "1", "2", "3"):
            return [word]
        return [_replaced(word, "--optimization-level" if optimizes else f"-O.{does.level_flag}")]
    if text[2] == "." and does.level_flag != "optimization":
        return [_replaced(word, "-cc" + text[2:]) if optimizes else word]
    level = text[3:] if text[2] == "=" else text[2:]
    if optimizes:
        return [_replaced(word, "--optimization-level"), Word(level, word.token, (*word.key, 1), word.source)]
    return [_replaced(word, f"-O.{does.level_flag}={level}")]


# ---- dotted arguments ---------------------------------------------------------------------------------------------


MAX_DOTS = 100
"""Deepest dotted argument that is joined; the engine's own recursion ends not far above."""


def _join_dotted(prepared: Prepared, does: Behaviour) -> None:
    """`--config.key value` becomes one JSON argument at the end of the vector, all of one name together.

    Any word counts that begins with a dash and has a dot before its first `=`: also a flag and its value in one word
    (`--gpu-memory-utilization 0.9`), which then takes the next word with it.
    """
    beginnings = "--" if does.dotted == "text" else "-"
    words, kept = prepared.words, []
    joined: dict[str, tuple[dict[str, Any], list[Part]]] = {}
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, text = word.text.partition("=")
        dots = (name if equals else word.text).count(".")
        if not word.text.startswith(beginnings) or not 0 < dots <= MAX_DOTS:
            kept.append(word)
            continue
        value = word
        if not equals:
            if index == len(words):
                prepared.troubles.append(Trouble("dotted-no-value", word))
                continue
            value, text = words[index], words[index].text
            index += 1
        _add_part(joined, name, text, word, value, does)
    prepared.words = kept
    for name, (content, parts) in joined.items():
        last = parts[-1]
        prepared.words.append(Word(name, last.word.token, last.word.key, last.word.source, parts))
        holder = last.value_word or last.word
        prepared.words.append(Word(_json_text(content), holder.token, holder.key, holder.source, parts))


def _add_part(
    joined: dict[str, tuple[dict[str, Any], list[Part]]], name: str, text: str, word: Word, value: Word, does: Behaviour
) -> None:
    content: Any
    if does.dotted != "text" and name.endswith("+"):
        name = name[:-1]
        content = text.split(",")
    else:
        content = text if does.dotted == "text" else _typed(text, does)
    key, *path = name.split(".")
    nested: Any = content
    for step in reversed(path):
        nested = {step: nested}
    held, parts = joined.setdefault(key, ({}, []))
    parts.append(Part(word, nested, None if value is word else value))
    _merge(held, nested, lists=does.dotted != "text")


def _typed(text: str, does: Behaviour) -> Any:
    try:
        return conversions.json_value(text)
    except conversions.Refused:
        pass
    if does.dotted == "json-human":
        try:
            return conversions.human_integer(text)
        except conversions.Refused:
            pass
    return text


def _merge(original: dict[str, Any], update: dict[str, Any], *, lists: bool) -> None:
    for key, value in update.items():
        held = original.get(key)
        if isinstance(value, dict) and isinstance(held, dict):
            _merge(held, value, lists=lists)
        elif lists and isinstance(value, list) and isinstance(held, list):
            original[key] = held + value
        else:
            original[key] = _copied(value)


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def _json_text(content: Any) -> str:
    import json

    return json.dumps(content)
