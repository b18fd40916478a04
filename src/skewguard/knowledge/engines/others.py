"""Engines that are recognised by name and have no grammar here yet.

Their containers are counted, and judged by what does not need the engine's own grammar: image, hardware, probes,
timeouts. Their settings are gaps. An engine that gets a module of its own leaves this list.
"""

from msgspec import Struct


class Signs(Struct, frozen=True):
    """By what an engine is recognised.

    `programs` are executable names, each with the sub-commands that start a server (none: the program alone does).
    `modules` are what follows `python -m`. `repositories` are ends of a repository's path (see
    `images.ends`); those of `entrypoints` start the server when the container gives no command, and where
    `runs_arguments`, their entrypoint runs the program that the arguments name instead; those of `bare` start nothing
    by themselves, and run what the arguments name. `words` are the parts of a repository name that suggest the engine.
    `attaches`: a flag may have its value behind an equals sign. `holds_model`: its image is built for one model, and
    serves that where nobody names one.
    """

    name: str
    title: str
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    modules: tuple[str, ...] = ()
    entrypoints: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    runs_arguments: bool = False
    attaches: bool = True
    holds_model: bool = False


ROWS: tuple[Signs, ...] = (
    Signs(
        name="tgi",
        title="Text Generation Inference",
        programs=(("text-generation-launcher", ()), ("text-generation-server", ("serve",)), ("tgi-entrypoint.sh", ())),
        modules=("text_generation_server.cli",),
        entrypoints=(
            "huggingface/text-generation-inference",
            "huggingface-pytorch-tgi-inference",
            "huggingface-text-generation-inference*",
        ),
        words=("tgi",),
    ),
    Signs(
        name="trtllm",
        title="TensorRT-LLM",
        programs=(("trtllm-serve", ()), ("trtllm-llmapi-launch", ())),
        modules=("tensorrt_llm.commands.serve",),
        repositories=("nvidia/tensorrt-llm/*",),
        words=("trtllm",),
    ),
    Signs(
        name="triton",
        title="Triton Inference Server",
        programs=(("tritonserver", ()), ("launch_triton_server.py", ())),
        repositories=("nvidia/tritonserver",),
        words=("tritonserver",),
    ),
    Signs(
        name="nim",
        title="NVIDIA NIM",
        programs=(("nim-serve", ()), ("start-server.sh", ())),
        modules=("vllm_nvext.entrypoints.openai.api_server", "nim_llm_sdk.entrypoints.launch"),
        entrypoints=(
            "nvcr.io/nim/*/*",
            "nim/meta/*",
            "nim/mistralai/*",
            "nim/nvidia/*",
            "nim/deepseek-ai/*",
            "nim/qwen/*",
        ),
        runs_arguments=True,
        holds_model=True,
    ),
    Signs(
        name="llamacpp",
        title="llama.cpp",
        programs=(("llama-server", ()), ("llamafile", ())),
        modules=("llama_cpp.server",),
        entrypoints=("ggml-org/llama.cpp", "ggerganov/llama.cpp"),
        repositories=("llama-cpp-python",),
        words=("llamacpp", "llama.cpp", "llama-cpp", "llama-server"),
        attaches=False,
    ),
    Signs(
        name="ollama",
        title="Ollama",
        programs=(("ollama", ("serve", "start")),),
        entrypoints=("ollama/ollama",),
        words=("ollama",),
    ),
    Signs(
        name="lmdeploy",
        title="LMDeploy",
        programs=(("lmdeploy", ("serve",)),),
        modules=("lmdeploy.serve.openai.api_server",),
        repositories=("openmmlab/lmdeploy",),
        words=("lmdeploy",),
    ),
)
