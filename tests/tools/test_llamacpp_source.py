"""The reader of llama.cpp's options: calls of `add_opt` and the structs of defaults become records of the table."""

import pytest

from tools.engine_tables import cpp, llamacpp

ARGUMENTS = r"""
std::initializer_list<enum llama_example> seeing = { LLAMA_EXAMPLE_CLI, LLAMA_EXAMPLE_SERVER };
const std::vector<ggml_type> kv_cache_types = { GGML_TYPE_F16, GGML_TYPE_Q8_0 };

context init(common_params & params, llama_example ex) {
    if (ex == LLAMA_EXAMPLE_SERVER) {
        params.n_parallel = -1; // auto
    }
    add_opt(common_arg({"-h", "--help"}, "print, and end", [](common_params & params) { params.usage = true; }));
    add_opt(common_arg(
        {"-c", "--ctx-size"}, "N",
        string_format("context, \"tokens\" (default: %d)", params.n_ctx),
        [](common_params & params, int value) { params.n_ctx = value; if (value == 0) { params.floor = 1; } }
    ).set_env("LLAMA_ARG_CTX_SIZE"));
    add_opt(common_arg(
        {"-np", "--parallel"}, "N", "slots", [](common_params & params, int value) { params.n_parallel = value; }
    ).set_examples({LLAMA_EXAMPLE_SERVER}));
    add_opt(common_arg(
        {"-np", "--parallel"}, "N", "others", [](common_params & params, int value) { params.n_other = value; }
    ));
    add_opt(common_arg(
        {"--jinja"}, {"--no-jinja"}, "templates", [](common_params & params, bool value) { params.jinja = value; }
    ).set_env("LLAMA_ARG_JINJA"));
    add_opt(common_arg(
        {"--perf"}, {"--no-perf"}, "times", [](common_params & params, bool value) { params.no_perf = !value; }
    ));
    add_opt(common_arg({"--no-mmap"}, "DEPRECATED", [](common_params & params) { params.use_mmap = false; }));
    add_opt(common_arg({"-nkvo"}, "no cache there", [](common_params & params) { params.no_offload = true; }));
    add_opt(common_arg({"--preset"}, "a preset", [](common_params & params) { params.n_ctx = 8; params.port = 1; }));
    add_opt(common_arg(
        {"--temp"}, "T", "heat", [](common_params & params, const std::string & value) {
            params.sampling.temp = std::stof(value);
        }
    ).set_examples(seeing));
    add_opt(common_arg(
        {"-ctk"}, "TYPE", "type", [](common_params & params, const std::string & value) {
            params.cache_type_k = kv_cache_type_from_str(value);
        }
    ));
    add_opt(common_arg(
        {"--fit"}, "[on|off]", "fit", [](common_params & params, const std::string & value) {
            if (is_truthy(value)) { params.fit = true; } else if (is_falsey(value)) { params.fit = false; }
            else { throw std::runtime_error("no"); }
        }
    ));
    add_opt(common_arg(
        {"--split"}, "MODE", "mode", [](common_params & params, const std::string & value) {
            if (value == "row") { params.split = LLAMA_SPLIT_MODE_ROW; }
            else if (value == "layer") { params.split = LLAMA_SPLIT_MODE_LAYER; }
            else { throw std::invalid_argument(string_format("no %s", value)); }
        }
    ));
    add_opt(common_arg(
        {"--spread"}, "MODE", "mode", [](common_params & params, const std::string & value) {
            std::string given = value;
            if (given == "row") { params.split = LLAMA_SPLIT_MODE_ROW; }
            else if (given == "layer") { params.split = LLAMA_SPLIT_MODE_LAYER; }
            else { throw std::invalid_argument("no"); }
        }
    ));
    add_opt(common_arg(
        {"--pool"}, "TYPE", "pool", [](common_params & params, const std::string & value) {
            /**/ if (value == "none") { params.pool = LLAMA_POOLING_TYPE_NONE; }
            else { throw std::invalid_argument("no"); }
        }
    ));
    add_opt(common_arg(
        {"--margins"}, "MiB", "margins, default: 1024", [](common_params & params, const std::string & value) {
            for (auto each : split(value)) { params.margins[0] = std::stoul(each); }
        }
    ));
    add_opt(common_arg(
        {"--lora"}, "FILE", "adapter", [](common_params & params, const std::string & value) {
            params.adapters.push_back({ value, 1.0f });
        }
    ));
    add_opt(common_arg(
        {"--old"}, "N", "gone", [](common_params & params, int value) { arg_removed("write --new"); }
    ));
    add_opt(common_arg(
        {"--range"}, "A", "B", "both", [](common_params & params, const std::string & a, const std::string & b) {
            params.first = std::stoi(a); params.last = std::stoi(b);
        }
    ));
    add_opt(common_arg(
        {"--prompt"}, "P", "not the server's", [](common_params & params, const std::string & value) {
            params.prompt = value;
        }
    ).set_excludes({LLAMA_EXAMPLE_SERVER}));
    add_opt(common_arg(
        {"--chat"}, "not the server's", [](common_params & params) { params.chat = true; }
    ).set_examples({LLAMA_EXAMPLE_CLI}));
}
"""
DEFAULTS = """
struct sampling_params { float temp = 0.80f; };
struct common_params {
    int32_t n_ctx = 4096; // size; of the context
    int32_t n_parallel = 1;
    bool jinja = true;
    bool no_perf = false;
    bool use_mmap = true;
    bool no_offload = false;
    bool fit = true;
    enum llama_split_mode split = LLAMA_SPLIT_MODE_LAYER;
    enum llama_pooling_type pool = LLAMA_POOLING_TYPE_UNSPECIFIED;
    ggml_type cache_type_k = GGML_TYPE_F16;
    struct sampling_params sampling;
    std::vector<adapter> adapters;
};
"""
EXPECTED = {
    "--help": {"dest": "usage", "action": "help"},
    "--ctx-size": {"dest": "n_ctx", "type": "leading-int", "default": 4096, "env": "LLAMA_ARG_CTX_SIZE"},
    "--parallel": {"dest": "n_parallel", "type": "leading-int", "default": -1},
    "--jinja": {"dest": "jinja", "action": "toggle", "off": ["--no-jinja"], "default": True, "env": "LLAMA_ARG_JINJA"},
    "--perf": {"dest": "perf", "action": "toggle", "off": ["--no-perf"], "default": True},
    "--no-mmap": {"dest": "use_mmap", "action": "const", "const": False, "default": True, "deprecated": True},
    "-nkvo": {"dest": "offload", "action": "const", "const": False, "default": True},
    "--preset": {"dest": "preset", "action": "true", "default": False},
    "--temp": {"dest": "sampling_temp", "type": "leading-float", "default": 0.8},
    "-ctk": {"dest": "cache_type_k", "type": "str", "choices": ["f16", "q8_0"], "default": "f16"},
    "--fit": {"dest": "fit", "type": "on-off", "default": True},
    "--split": {"dest": "split", "type": "str", "choices": ["layer", "row"], "default": "layer"},
    "--spread": {"dest": "split", "type": "str", "choices": ["layer", "row"], "default": "layer"},
    "--pool": {
        "dest": "pool",
        "type": "str",
        "choices": ["none"],
        "default": {"$expression": "LLAMA_POOLING_TYPE_UNSPECIFIED"},
    },
    "--margins": {"dest": "margins", "type": "str", "default": {"$expression": "common/arg.cpp"}},
    "--lora": {"dest": "adapters", "type": "str", "action": "append"},
    "--old": {"dest": "old", "action": "refused", "nargs": "1"},
    "--range": {"dest": "range", "type": "str", "nargs": "2"},
}


def test_options_become_flags() -> None:
    """Of the server alone: types by what the function gets, destinations and defaults by the field it sets."""
    found = llamacpp.extract("b1", {llamacpp.ARGUMENTS: ARGUMENTS, llamacpp.DEFAULTS: DEFAULTS}).flags

    assert {
        name: {part: value for part, value in row.items() if part != "flags"} for name, row in found.items()
    } == EXPECTED
    assert found["--ctx-size"]["flags"] == ["--ctx-size", "-c"]
    assert found["--jinja"]["flags"] == ["--jinja", "--no-jinja"]


def test_pairs_have_a_second_variable_where_the_build_reads_it() -> None:
    """`LLAMA_ARG_NO_…`, from the build on that names it."""
    later = ARGUMENTS + '\n// "LLAMA_ARG_NO_"\nauto name = "LLAMA_ARG_NO_";'
    found = [
        llamacpp.extract("b1", {llamacpp.ARGUMENTS: text, llamacpp.DEFAULTS: DEFAULTS}).variables
        for text in (ARGUMENTS, later)
    ]

    assert found == [{}, {"LLAMA_ARG_NO_JINJA": (None, "text")}]


@pytest.mark.parametrize(
    "text",
    ["add_opt(other_arg({}))", 'add_opt(common_arg({"-x"}, "x", [](common_params & params) {}).set_examples(who))'],
)
def test_what_is_not_understood_is_an_error(text: str) -> None:
    """A person teaches it, rather than a flag going missing."""
    with pytest.raises(ValueError, match="not understood"):
        llamacpp.extract("b1", {llamacpp.ARGUMENTS: text, llamacpp.DEFAULTS: DEFAULTS})


def test_brackets_in_strings_and_comments_are_no_brackets() -> None:
    """Nor are the separators in them."""
    text = cpp.uncommented('f("a)b, \\"c", {1, 2}, \')\') /* ( */ // )')

    assert cpp.parts(cpp.inside(text, 1)) == ['"a)b, \\"c"', "{1, 2}", "')'"]
    with pytest.raises(ValueError, match="never closed"):
        cpp.inside("f(", 1)
