"""From the texts of a checkpoint's files to one value."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from skewguard.knowledge.checkpoints import decoders, positions, quantization, safetensors
from skewguard.knowledge.checkpoints.fields import Fields
from skewguard.knowledge.checkpoints.values import Checkpoint, Dtypes, Rope
from skewguard.language.errors import InputError

CONFIG = "config.json"
GENERATION = "generation_config.json"
TOKENIZER = "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
TEMPLATE_JSON = "chat_template.json"
MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
"""Where Sentence Transformers lays the configuration of its module that pools, for all models it makes."""
SENTENCES = tuple(
    f"sentence_{name}_config.json"
    for name in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
TEXTS = (
    CONFIG,
    GENERATION,
    TOKENIZER,
    TEMPLATE,
    TEMPLATE_JSON,
    quantization.MODELOPT,
    quantization.GPTQ,
    quantization.AWQ,
    safetensors.INDEX,
    MODULES,
    POOLING,
    *SENTENCES,
)
"""The files of a checkpoint that are read whole."""

WEIGHTS = ".safetensors"
"""The ending of the files whose beginning is read."""


def read(texts: Mapping[str, str], heads: Mapping[str, safetensors.Head], name: str, *, whole: bool) -> Checkpoint:
    """A checkpoint from its files: `texts` by file name, `heads` the beginnings of its safetensors files.

    `name` is the folder or file they came from, `whole` whether it was a folder. Raises `InputError` where config.json
    is missing, is no JSON object, or has a value of the wrong type in a place that is read.
    """
    if CONFIG not in texts:
        raise InputError(
            f"{name} holds no config.json",
            hint="give the folder of a Hugging Face checkpoint, or its config.json",
            file=name,
        )
    parsed = {
        file: _object(text, _path(name, file, whole=whole))
        for file, text in texts.items()
        if file.endswith(".json") and file != MODULES
    }
    config = Fields(parsed[CONFIG], _path(name, CONFIG, whole=whole))
    tokenizer = parsed.get(TOKENIZER)
    base = Checkpoint(
        name=name,
        files=tuple(sorted((*texts, *heads))),
        whole=whole,
        architectures=(),
        model_type=None,
        decoder=decoders.decoder(config),
        dtypes=Dtypes(),
        generation=parsed.get(GENERATION),
        tokenizer=tokenizer,
        chat_template=_template(texts, parsed),
        sentence=next((parsed[file] for file in SENTENCES if file in parsed), None),
        modules=_modules(texts[MODULES], _path(name, MODULES, whole=whole)) if MODULES in texts else None,
        pooling=_pooling(parsed.get(POOLING, {})),
        weights=safetensors.weights(heads, parsed.get(safetensors.INDEX), name.rstrip("/")),
    )
    beside = {
        file: Fields(parsed[file], _path(name, file, whole=whole))
        for file in (quantization.MODELOPT, quantization.GPTQ)
        if file in parsed
    }
    return _with_config(base, config, beside)


_REMOTE_GGUF = re.compile(r"[\w.-]+/[\w.-]+:[\w+-]+")


def is_gguf(model: str) -> bool:
    """Whether a model's name is that of a GGUF file, which holds weights and config of its own.

    Also a repository with the quantization of one of its files (`org/model-GGUF:Q4_K_M`): `is_remote_gguf` of vLLM.
    """
    return model.lower().endswith(".gguf") or _REMOTE_GGUF.fullmatch(model) is not None


def overridden(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint with some keys of its config replaced, as vLLM's `--hf-overrides` does it.

    Parts that are configs themselves (`text_config`, …) are merged, at every depth; any other mapping is replaced whole
    (`ModelConfig._apply_dict_overrides`). Raises `InputError` for a value of the wrong type.
    """
    where = _path(checkpoint.name, CONFIG, whole=checkpoint.whole)
    config = Fields(_replaced(checkpoint.config, changes), where)
    beside = {each.file: Fields(each.details, each.file) for each in checkpoint.quantizations if each.file != CONFIG}
    return _with_config(structs.replace(checkpoint, decoder=decoders.decoder(config)), config, beside)


def _replaced(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(values)
    for key, value in changes.items():
        old = result.get(key)
        nested = is_part(key) and isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(old, value) if nested and isinstance(old, Mapping) else value
    return result


def is_part(key: str) -> bool:
    """Whether a key of a config holds a config of its own."""
    return key.endswith("_config") and key not in ("quantization_config", "compression_config")


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _with_config(base: Checkpoint, config: Fields, beside: Mapping[str, Fields]) -> Checkpoint:
    return structs.replace(
        base,
        architectures=config.texts("architectures"),
        model_type=config.text("model_type"),
        dtypes=_dtypes(config),
        ropes=tuple(_ropes(config)),
        quantizations=tuple(quantization.quantizations(config, beside)),
        config=config.values,
    )


def _ropes(config: Fields) -> Iterator[Rope]:
    yield from positions.ropes(config, "config")
    key, text = decoders.find(config)
    if key is not None:
        yield from positions.ropes(text, "text")


def _dtypes(config: Fields) -> Dtypes:
    key, text = decoders.find(config)
    vision, encoder = config.part("vision_config"), config.part("encoder_config")
    return Dtypes(
        config=_dtype(config),
        text=_dtype(text) if key is not None else None,
        vision=_dtype(vision),
        encoder=_dtype(encoder),
    )


def _dtype(fields: Fields | None) -> str | None:
    """`dtype` (new) or `torch_dtype` (old), without the module's name."""
    found = fields.text("dtype", "torch_dtype") if fields is not None else None
    return found.removeprefix("torch.") if found is not None else None


def _template(texts: Mapping[str, str], parsed: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The chat template: a file of its own comes before the tokenizer's; of several named ones, the default."""
    if TEMPLATE in texts:
        return texts[TEMPLATE]
    for file in (TEMPLATE_JSON, TOKENIZER):
        found = parsed.get(file, {}).get("chat_template")
        if isinstance(found, str):
            return found
        if isinstance(found, list):
            named = {each.get("name"): each.get("template") for each in found if isinstance(each, Mapping)}
            default = named.get("default")
            return default if isinstance(default, str) else None
    return None


def _modules(text: str, file: str) -> tuple[str, ...]:
    """The types of the modules that Sentence Transformers lists."""
    found = _json(text, file)
    listed = found if isinstance(found, list) else []
    return tuple(str(each.get("type")) for each in listed if isinstance(each, Mapping))


def _pooling(config: Mapping[str, Any]) -> str | None:
    """The way of pooling, in one word (`mean`, `cls`, `last`); None where none or several are named."""
    named = [key.removeprefix("pooling_mode_") for key, value in config.items() if value is True]
    named = [key.partition("_")[0] for key in named if f"pooling_mode_{key}" in config]
    if len(named) != 1:
        return None
    return "last" if "lasttoken" in named[0] else named[0]


def _json(text: str, file: str) -> Any:
    import json

    try:
        return json.loads(text)  # takes `Infinity`, which configs of Mamba models hold, as Transformers does
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {error}", hint="fetch it again, or mend it", file=file) from None


def _object(text: str, file: str) -> dict[str, Any]:
    found = _json(text, file)
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no JSON object", hint="give the file as the checkpoint has it", file=file)
    return found


def _path(name: str, file: str, *, whole: bool) -> str:
    return f"{name.rstrip('/')}/{file}" if whole else name
