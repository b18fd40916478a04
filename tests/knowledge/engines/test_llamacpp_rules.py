"""What the llama.cpp server decides at its start, on both sides of every build that changed it."""

import pytest

from skewguard.knowledge.engines import llamacpp
from skewguard.knowledge.engines.interface import Release
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.workloads import TextFile
from tests.knowledge.engines.cases import tokens
from tests.knowledge.engines.llamacpp_cases import GPU_KEY, HERE, SERVER, anything, derive, exactly, gap, value

M = ("-m", "/models/x.gguf")
FILE = "gguf@/models/x.gguf"


# ---- context and slots ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "expected"), [("b4013", None), ("b4014", 4096), ("b7406", 4096), ("b7416", None), ("b10573", None)]
)
def test_context_that_nobody_wrote(build: str, expected: int | None) -> None:
    """What the model was trained with, or 4096; from b7416 on the memory has a say."""
    found = derive("llamacpp.n_ctx", build, *M)

    if expected is None:
        assert isinstance(found, Gap)
        assert found.inputs == ((FILE, GPU_KEY) if build != "b4013" else (FILE,))
    else:
        assert isinstance(found, Fact)
        assert found.value == expected


def test_context_is_not_shrunk_where_that_is_off() -> None:
    """Switched off, or asked for in full."""
    assert gap("llamacpp.n_ctx", "b7416", *M, "--fit", "off").inputs == (FILE,)
    assert gap("llamacpp.n_ctx", "b7416", *M, "-c", "0").inputs == (FILE,)
    assert gap("llamacpp.n_ctx", "b7416", *M, env={"LLAMA_ARG_FIT": None}).rule == "llamacpp.unknown-argument"


@pytest.mark.parametrize(
    ("build", "words", "expected"),
    [
        ("b7416", ("-c", "8192", "-np", "4"), 2048),
        ("b7416", ("-c", "8192"), 8192),
        ("b7444", ("-c", "8192"), 8192),  # four slots share it
        ("b7444", ("-c", "8192", "-np", "-1"), 8192),
        ("b7444", ("-c", "8192", "-np", "4"), 2048),
        ("b7444", ("-c", "8192", "-np", "4", "--kv-unified"), 8192),
        ("b10573", ("-c", "8192", "-np", "3"), 2816),  # rounded up to 256
        ("b10573", ("-c", "1000"), 1024),
        ("b6922", ("-c", "8192", "-np", "3"), 2730),
        ("b5345", (), 4096),
        ("b5345", ("-np", "2"), 2048),
    ],
)
def test_context_of_one_request(build: str, words: tuple[str, ...], expected: int) -> None:
    """The context is divided by the slots, unless they share it."""
    assert value("limits.max_model_len", build, *M, *words) == expected


def test_context_of_one_request_rests_on_the_model() -> None:
    """The server caps it at what the model was trained with; older builds do not, and round otherwise."""
    found = derive("limits.max_model_len", "b10573", *M, "-c", "8192")

    assert isinstance(found, Fact)
    assert found.assumes == ("the context the model was trained with",)
    assert gap("limits.max_model_len", "b6922", *M, "-c", "1000").rule == "llamacpp.slot-context"
    assert gap("limits.max_model_len", "b10573", *M).inputs == (FILE, GPU_KEY)


@pytest.mark.parametrize(("build", "expected"), [("b7416", 1), ("b7444", 4)])
def test_slots_that_nobody_wrote(build: str, expected: int) -> None:
    """One, later four."""
    assert value("limits.max_num_seqs", build, *M) == expected


def test_no_limit_of_output() -> None:
    """-1 is none."""
    assert value("limits.max_output_tokens", "b10573", *M) is None


# ---- layers and GPUs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words", "expected"),
    [("b6324", (), 0), ("b6325", (), "all"), ("b7406", (), "all"), ("b7416", ("--fit", "off"), "all")],
)
def test_layers_on_the_gpu(build: str, words: tuple[str, ...], expected: object) -> None:
    """None, later all; then as many as fit."""
    assert value("llamacpp.n_gpu_layers", build, *M, *words) == expected
    assert gap("llamacpp.n_gpu_layers", "b7416", *M).inputs == (FILE, GPU_KEY)


def test_gpus_of_a_layer_and_of_a_pipeline() -> None:
    """Layers are dealt out to the GPUs, or split over them."""
    both = ("parallelism.tensor", "parallelism.pipeline")

    def split(build: str, *words: str, count: int | None = 4) -> list[object]:
        return [value(setting, build, *M, *words, count=count) for setting in both]

    assert split("b10573") == [1, 4]
    assert split("b10573", "-sm", "row") == [4, 1]
    assert split("b10573", "-sm", "none") == [1, 1]
    assert split("b10573", "-ngl", "0") == [1, 1]
    assert split("b10573", "-dev", "CUDA0,CUDA1") == [1, 2]
    assert split("b6324") == [1, 1]
    assert split("b6324", "-ngl", "-1") == [1, 1]  # the default, and no layer
    assert split("b6324", "-ngl", "99") == [1, 4]
    assert split("b10573", count=1) == [1, 1]
    assert gap("parallelism.pipeline", "b10573", *M).inputs == (GPU_KEY,)
    assert gap("parallelism.pipeline", "b10573", *M, "-ts", "3,1", count=2).inputs == (GPU_KEY,)
    assert gap("parallelism.pipeline", "b10573", *M, platform="cpu", count=None).inputs == (GPU_KEY,)


# ---- the model's file -----------------------------------------------------------------------------------------------------


def test_quantization_is_in_the_name_or_in_the_file() -> None:
    """Behind the colon; Q4_K_M where nothing stands there and the repository has it."""
    setting = "runtime.quantization"
    plain = derive(setting, "b10573", "-hf", "org/repo")

    assert value(setting, "b10573", "-hf", "org/repo:Q8_0") == "Q8_0"
    assert isinstance(plain, Fact)
    assert (plain.value, plain.assumes) == ("Q4_K_M", ("the files of the repository",))
    assert gap(setting, "b10573", "-hf", "org/repo", "-hff", "x.gguf").inputs == ("gguf@org/repo",)
    assert gap(setting, "b10573", *M).inputs == (FILE,)
    assert gap(setting, "b4424", "--hf-repo", "org/repo").rule == "llamacpp.gguf"
    assert value(setting, "b4620", "-hf", "org/repo:q8_0") == "q8_0"
    assert gap("runtime.dtype", "b10573", *M).inputs == (FILE,)
    assert value("runtime.kv_cache_dtype", "b10573", *M) == "f16"


def test_revision_is_main() -> None:
    """No argument pins another; a file has none."""
    assert value("model.revision", "b10573", "-hf", "org/repo") == "main"
    assert value("model.revision", "b10573", *M) is None


def test_name_of_the_model_follows_its_file() -> None:
    """Builds form it in different ways, where no alias says it."""
    assert gap("model.served_name", "b10573", "-m", "/x.gguf").inputs == ("gguf@/x.gguf",)


@pytest.mark.parametrize(
    ("build", "path", "open_"),
    [
        ("b10400", "/etc/llama.cpp/config.ini", True),
        ("b10400", "/root/.config/llama.cpp/config.ini", True),
        ("b10400", "/etc/other/config.ini", False),
        ("b10385", "/etc/llama.cpp/config.ini", False),
    ],
)
def test_mounted_file_of_settings_leaves_the_rest_open(build: str, path: str, open_: bool) -> None:
    """Newer builds read one before variables and flags, which still count."""
    file = TextFile(path, "ctx-size = 5\n", "ConfigMap cm key config.ini", HERE)
    parsed = llamacpp.parse(tokens(SERVER, "-m", "/x.gguf"), exactly(build), (file,))

    assert (parsed.blind is not None, "model" in parsed.values) == (open_, True)


def test_seed_is_drawn_for_each_request() -> None:
    """Two replicas never share it."""
    assert gap("runtime.seed", "b10573", *M).inputs == ("random@each request",)


# ---- image, several builds -------------------------------------------------------------------------------------------------


def test_address_is_the_images() -> None:
    """llama.cpp's own images listen everywhere; the program alone does not."""
    command = Release("llamacpp", "b10573", ("b10573",), "exact", "asked for", "version@b10573")

    assert value("llamacpp.host", "b10573", *M) == "0.0.0.0"  # noqa: S104 - what the image says
    assert value("llamacpp.host", command, *M) == "127.0.0.1"
    assert gap("llamacpp.host", exactly("b10573", "registry.example/llm"), *M).rule == "llamacpp.image-environment"


def test_several_builds_are_a_choice() -> None:
    """What differs is told with the builds."""
    found = derive("limits.max_num_seqs", anything(), *M)

    assert isinstance(found, Choice)
    assert found.values() == [1, 4]
    assert value("llamacpp.port", anything(), *M) == 8080


def test_build_between_two_known_ones_has_what_both_have() -> None:
    """Where they differ it is a choice between them."""
    between = Release("llamacpp", "b7420", ("b7416", "b7444"), "between", "the tag", "version@image:b7420")

    assert value("llamacpp.port", between, *M) == 8080
    assert isinstance(derive("limits.max_num_seqs", between, *M), Choice)


def test_every_setting_of_some_builds_has_an_answer() -> None:
    """A value, a choice or a gap."""
    for build in ("b3716", "b5345", "b7416", "b10573"):
        for setting in llamacpp.settings(exactly(build)):
            found = derive(setting, build, *M, count=2)
            assert found is not None
            assert not isinstance(found, Fact) or found.setting == setting
