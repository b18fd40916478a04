"""What kind of model a checkpoint holds, as vLLM's registry and its configs tell kinds apart.

Sources: `vllm/model_executor/models/registry.py` and the base classes of the models of every release of the table
(`IsHybrid`, `IsAttentionFree`, `SupportsV0Only`), `vllm/config/model.py` (`_get_default_runner_type`,
`try_match_architecture_defaults`). Each answer is None where the checkpoint is not known.
"""

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.vllm_ground import Ground, known

HYBRID = frozenset((
    "AliceAIForCausalLM", "BailingMoeV2_5ForCausalLM", "BailingMoeV3ForCausalLM", "BailingMoeV3VLForConditionalGeneration",
    "BambaForCausalLM", "ClefFlashForJointSchema", "FalconH1ForCausalLM", "GraniteMoeHybridForCausalLM",
    "InternS2MobiusForConditionalGeneration", "InternS2PreviewForConditionalGeneration", "JambaForCausalLM",
    "JambaForSequenceClassification", "KimiLinearForCausalLM", "Lfm2ForCausalLM", "Lfm2MoeForCausalLM",
    "Lfm2VlForConditionalGeneration", "MiniCPMOcrForConditionalGeneration", "MiniCPMV4_6ForConditionalGeneration",
    "MiniCPMV4_7ForConditionalGeneration", "MiniMaxForCausalLM", "MiniMaxM1ForCausalLM", "MiniMaxText01ForCausalLM",
    "NemotronHForCausalLM", "NemotronHPuzzleForCausalLM", "NemotronH_Nano_Omni_Reasoning_V3", "NemotronH_Nano_VL",
    "NemotronH_Nano_VL_V2", "NemotronH_Omni_Reasoning_V3", "NemotronH_Super_Omni_Reasoning_V3", "OlmoHybridForCausalLM",
    "Phi4FlashForCausalLM", "Plamo2ForCausalLM", "Qwen3NextForCausalLM", "Qwen3_5ForCausalLM",
    "Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForCausalLM", "Qwen3_5MoeForConditionalGeneration", "Zamba2ForCausalLM",
))  # fmt: skip
"""Architectures that mix attention with Mamba, convolution or linear-attention layers."""

ATTENTION_FREE = frozenset(("FalconMambaForCausalLM", "Mamba2ForCausalLM", "MambaForCausalLM"))

ENCODER_DECODER = frozenset((
    "BartForConditionalGeneration", "CohereAsrForConditionalGeneration", "DonutForConditionalGeneration",
    "Florence2ForConditionalGeneration", "MBartForConditionalGeneration", "MllamaForConditionalGeneration",
    "NemotronParseForConditionalGeneration", "T5ForConditionalGeneration", "WhisperForConditionalGeneration",
))  # fmt: skip

V0_UNTIL = {
    "BambaForCausalLM": "0.9.1", "BartForConditionalGeneration": "0.10.2", "BertForSequenceClassification": "0.10.0",
    "BertModel": "0.10.0", "BloomForCausalLM": "0.10.1", "DonutForConditionalGeneration": "0.10.2",
    "FalconH1ForCausalLM": "0.9.1", "FalconMambaForCausalLM": "0.10.0", "Florence2ForConditionalGeneration": "0.10.2",
    "Gemma3ForConditionalGeneration": "0.8.0", "GlmForCausalLM": "0.8.4", "GraniteMoeHybridForCausalLM": "0.9.1",
    "GritLM": "0.10.1", "GteModel": "0.10.0", "GteNewModel": "0.10.0", "JambaForCausalLM": "0.10.0",
    "JambaForSequenceClassification": "0.10.0", "MBartForConditionalGeneration": "0.10.2", "Mamba2ForCausalLM": "0.9.1",
    "MambaForCausalLM": "0.10.0", "MiniCPMO": "0.8.2", "MiniCPMV": "0.8.2", "MiniMaxForCausalLM": "0.10.0",
    "MiniMaxM1ForCausalLM": "0.10.0", "MiniMaxText01ForCausalLM": "0.10.0", "MllamaForConditionalGeneration": "0.10.2",
    "ModernBertForSequenceClassification": "0.10.0", "MotifForCausalLM": "0.10.2", "NemotronHForCausalLM": "0.9.1",
    "NomicBertModel": "0.10.0", "Phi4FlashForCausalLM": "0.10.2", "Phi4MMForCausalLM": "0.8.4",
    "Plamo2ForCausalLM": "0.10.1", "Qwen2ForProcessRewardModel": "0.9.1", "Qwen2ForRewardModel": "0.9.1",
    "RobertaForMaskedLM": "0.10.0", "RobertaForSequenceClassification": "0.10.0", "RobertaModel": "0.10.0",
    "WhisperForConditionalGeneration": "0.10.1", "XLMRobertaForSequenceClassification": "0.10.0",
    "XLMRobertaModel": "0.10.0", "Zamba2ForCausalLM": "0.9.1",
}  # fmt: skip
"""Architectures that only the old engine ran, with the last release of which that is true."""

_GENERATES = ("ForCausalLM", "ForConditionalGeneration", "ChatModel", "LMHeadModel")
_POOLS = (
    "ForTextEncoding", "EmbeddingModel", "ForSequenceClassification", "ForTokenClassification", "ForAudioClassification",
    "ForImageClassification", "ForVideoClassification", "ClassificationModel", "ForRewardModeling", "ForRewardModel",
    "RewardModel", "ForProcessRewardModel", "ForMaskedLM", "ForRetrieval", "ForRanking", "Model",
)  # fmt: skip
_GENERATE_TASKS = ("generate", "transcription", "draft")
_OF_OTHER_SENSES = (
    "vision_config",
    "audio_config",
    "visual",
    "vit_config",
    "mm_vision_tower",
    "thinker_config",
    "vision_n_layers",
)


def pooling(ground: Ground) -> bool | None:
    """Whether the model embeds, ranks or classifies instead of generating: as asked, else as its architecture says."""
    for dest in ("runner", "task"):
        asked = ground.declared(dest)
        if asked not in (None, "auto"):
            return None if not known(asked) else asked not in _GENERATE_TASKS
    found = ground.checkpoint
    if found is None:
        return None
    if any(kind.endswith(".Pooling") for kind in found.modules or ()):
        return True
    return _pools(found)


_DECODERS = ("Gemma2Model", "GemmaModel", "LlamaModel", "MistralModel", "Phi3Model", "Qwen2Model", "Qwen3Model")
"""Architectures that pool, and attend to what stands before alone unless their config says otherwise."""


def piecewise(ground: Ground) -> bool | None:
    """Whether a model that pools can be computed in pieces, and kept: it takes the last token, and attends backwards.

    Read in `_set_default_args_v1` of 0.9.2 to 0.11.0, `_set_default_chunked_prefill_and_prefix_caching_args` of 0.11.1,
    and `ModelConfig.attn_type`, `is_chunked_prefill_supported` and `is_prefix_caching_supported` from 0.12.0 on.
    """
    found = ground.checkpoint
    asked = ("pooler_config", "override_pooler_config")
    if found is None or found.pooling is None or any(ground.declared(dest) is not None for dest in asked):
        return None
    odd = (hybrid(ground), attention_free(ground), encoder_decoder(ground))
    if any(answer is not False for answer in odd):
        return None
    if found.pooling in ("cls", "mean"):
        return False
    if found.pooling != "last":
        return None
    backwards = found.config.get("is_causal") is not False
    if not backwards:
        return False if ground.since("0.10.1") else None
    known_ones = [name in _DECODERS or name.endswith("ForCausalLM") for name in found.architectures]
    return True if known_ones and all(known_ones) else None


def _pools(found: Checkpoint) -> bool | None:
    for name in found.architectures:
        if name.endswith(_GENERATES):
            return False
        if name.endswith(_POOLS):
            return True
    return None


def hybrid(ground: Ground) -> bool | None:
    """Whether some layers attend and others keep a state."""
    found = ground.checkpoint
    if found is None:
        return None
    kinds = set(found.decoder.layer_kinds)
    if kinds and not kinds & {"mamba", "linear"}:
        return False  # the same architecture without such layers is served as a plain one (`ModelConfig.is_hybrid`)
    return bool(HYBRID & set(found.architectures)) or ("full" in kinds and bool(kinds & {"mamba", "linear"}))


def attention_free(ground: Ground) -> bool | None:
    """Whether no layer attends."""
    found = ground.checkpoint
    return None if found is None else bool(ATTENTION_FREE & set(found.architectures))


def encoder_decoder(ground: Ground) -> bool | None:
    """Whether an encoder reads the prompt."""
    found = ground.checkpoint
    if found is None:
        return None
    return bool(ENCODER_DECODER & set(found.architectures)) or found.config.get("is_encoder_decoder") is True


def multimodal(ground: Ground) -> bool | None:
    """Whether the model sees or hears."""
    found = ground.checkpoint
    return None if found is None else any(found.config.get(key) for key in _OF_OTHER_SENSES)


def plain(ground: Ground) -> bool | None:
    """Whether the model generates text with attention alone, as most do; None where that cannot be told."""
    answers = (pooling(ground), hybrid(ground), attention_free(ground), encoder_decoder(ground))
    if any(answers):
        return False
    return None if any(answer is None for answer in answers) else True
