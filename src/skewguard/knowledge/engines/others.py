"""Engines that are recognised by name and have no grammar here yet.

Their containers are counted, and judged by what does not need the engine's own grammar: image, hardware, probes,
timeouts. Their settings are gaps. An engine that gets a module of its own leaves this list.
"""

from msgspec import Struct


class Signs(Struct, frozen=True):
    """By what an engine is recognised.

    `programs` are executable names, each with the sub-commands that start a server (none: the program alone does).
    `modules` are what follows `python -m`. `repositories` are regular expressions searched in
    "registry/repository"; those of `entrypoints` start the server when the container gives no command. `word` is the
    part of a repository name that suggests the engine.
    """

    name: str
    title: str
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    modules: tuple[str, ...] = ()
    entrypoints: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


ROWS: tuple[Signs, ...] = (
    Signs(
        name="tgi",
        title="Text Generation Inference",
        programs=(("text-generation-launcher", ()), ("text-generation-server", ("serve",)), ("tgi-entrypoint.sh", ())),
        modules=("text_generation_server.cli",),
        entrypoints=(
            r"(?:^|/)huggingface/text-generation-inference$",
            r"(?:^|/)huggingface-pytorch-tgi-inference$",
            r"(?:^|/)huggingface-text-generation-inference(?:-[\w.-]+)?$",
        ),
        words=("tgi",),
    ),
    Signs(
        name="trtllm",
        title="TensorRT-LLM",
        programs=(("trtllm-serve", ()), ("trtllm-llmapi-launch", ())),
        modules=("tensorrt_llm.commands.serve",),
        repositories=(r"(?:^|/)nvidia/tensorrt-llm/", r"(?:^|/)ai-dynamo/tensorrtllm-runtime$"),
        words=("trtllm",),
    ),
    Signs(
        name="triton",
        title="Triton Inference Server",
        programs=(("tritonserver", ()), ("launch_triton_server.py", ())),
        repositories=(r"(?:^|/)nvidia/tritonserver$",),
        words=("tritonserver",),
    ),
    Signs(
        name="nim",
        title="NVIDIA NIM",
        programs=(("nim-serve", ()), ("start-server.sh", ())),
        modules=("vllm_nvext.entrypoints.openai.api_server", "nim_llm_sdk.entrypoints.launch"),
        entrypoints=(r"(?:^|/)nvcr\.io/nim/", r"(?:^|/)nim/(?:meta|mistralai|nvidia|deepseek-ai|qwen|google|openai)/"),
    ),
    Signs(
        name="llamacpp",
        title="llama.cpp",
        programs=(("llama-server", ()), ("llamafile", ())),
        modules=("llama_cpp.server",),
        repositories=(r"(?:^|/)(?:ggml-org|ggerganov)/llama\.cpp$", r"(?:^|/)llama-cpp-python$"),
        words=("llamacpp", "llama.cpp", "llama-cpp", "llama-server"),
    ),
    Signs(
        name="ollama",
        title="Ollama",
        programs=(("ollama", ("serve", "start")),),
        entrypoints=(r"(?:^|/)ollama/ollama$",),
        words=("ollama",),
    ),
    Signs(
        name="lmdeploy",
        title="LMDeploy",
        programs=(("lmdeploy", ("serve",)),),
        modules=("lmdeploy.serve.openai.api_server",),
        repositories=(r"(?:^|/)openmmlab/lmdeploy$",),
        words=("lmdeploy",),
    ),
)
