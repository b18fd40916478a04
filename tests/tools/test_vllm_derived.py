"""vLLM's layout from 0.9 on: arguments are made from the fields of config classes by the engine's own function."""

import pytest

from tests.tools import derived
from tests.tools.trees import flag, of_vllm
from tools.engine_tables.release import Extract

OLD_PARSER = derived.PARSER.partition("    class EnableDisableAction")[0]


@pytest.fixture(scope="module")
def release() -> Extract:
    """A release of this layout."""
    return of_vllm("0.20.0", {**derived.RELEASE, "vllm/utils/argparse_utils.py": OLD_PARSER})


def test_types_come_from_annotations_by_the_releases_own_function(release: Extract) -> None:
    """Human numbers by name, literals with a foreign type beside them, lists, dictionaries and three-way fields."""
    assert (release.strange, release.undecided) == ((), ())
    assert flag(release, "--max-len") == {"dest": "max_len", "type": "human-int-or-auto", "nullable": True}
    assert flag(release, "--max-tokens") == {"dest": "max_tokens", "type": "human-int", "default": 2048}
    assert flag(release, "--dtype") == {
        "dest": "dtype",
        "type": "str",
        "default": "auto",
        "choices": ["auto", "bfloat16", "float16"],
    }
    assert flag(release, "--token") == {"dest": "token", "type": "str", "nargs": "?", "const": True}
    assert flag(release, "--names") == {"dest": "names", "type": "str", "nargs": "+", "nullable": True}
    assert flag(release, "--overrides") == {"dest": "overrides", "type": "json", "default": {}}


def test_changed_keyword_arguments_are_what_is_registered(release: Extract) -> None:
    """A default put over the field's, a description that speaks of deprecation, a text `None` nobody can reach."""
    assert flag(release, "--pooling") == {
        "dest": "pooling",
        "type": "str",
        "nullable": True,
        "default": "mean",
        "choices": ["last", "mean"],
        "deprecated": True,
    }


def test_config_objects_and_toggles_are_told_from_plain_values(release: Extract) -> None:
    """An object says its class; a toggle has its negative spelling."""
    assert release.flags["--compilation"] == {
        "dest": "compilation",
        "flags": ["--compilation", "-cc"],
        "type": "object",
        "config": "CompilationConfig",
        "default": {"$object": "CompilationConfig"},
    }
    assert release.flags["--enable-caching"] == {
        "dest": "enable_caching",
        "flags": ["--enable-caching", "--no-enable-caching"],
        "action": "toggle",
    }


def test_front_end_classes_change_what_their_bases_made(release: Extract) -> None:
    """Class methods, `super()` and a loop over the fields of both classes."""
    assert flag(release, "--host") == {"dest": "host", "type": "str", "nullable": True, "default": "::"}
    assert flag(release, "--headers") == {"dest": "headers", "type": "str", "default": ["*"]}
    assert flag(release, "--port") == {"dest": "port", "type": "int", "default": 8000}
    assert flag(release, "--headless") == {
        "dest": "headless",
        "action": "true",
        "default": False,
        "serve_only": True,
    }


def test_config_fields_stand_with_their_defaults(release: Extract) -> None:
    """Required ones, those that read the environment, and those that only the running engine knows say so."""
    assert release.configs["CacheConfig.size"] == {"$required": True}
    assert release.configs["CompilationConfig.passes"] == []
    assert release.configs["ModelConfig.log_level"] == {"$env": "VLLM_LOGGING_LEVEL", "else": "INFO"}
    assert release.configs["ModelConfig.device"] == {"$expr": "torch.device_of()"}


def test_parser_with_inverse_names_gives_each_toggle_both() -> None:
    """0.33: `--enable-x` takes `--disable-x` where the parser registers such an action."""
    found = of_vllm("0.33.0", {**derived.RELEASE, "vllm/utils/argparse_utils.py": derived.PARSER})

    assert (found.flags["--enable-caching"]["action"], found.flags["--enable-caching"]["flags"][2:]) == (
        "enable-disable",
        ["--disable-caching"],
    )


def test_flag_that_one_program_leaves_out_is_kept_for_the_other() -> None:
    """0.9.0: `vllm serve` had no `--model`, which the API server still took."""
    arguments = derived.ARGUMENTS.replace(
        'if not ("serve" in sys.argv[1:] and "--help" in sys.argv[1:]):', 'if "serve" not in sys.argv[1:]:'
    )
    files = {**derived.RELEASE, "vllm/engine/arg_utils.py": arguments, "vllm/utils/argparse_utils.py": OLD_PARSER}

    assert flag(of_vllm("0.9.0", files), "--model") == {"dest": "model", "type": "str", "default": "a/small-model"}


def test_conversion_nobody_has_read_is_noted_and_taken_for_text() -> None:
    """So that a refresh tells a person, and the product refuses nothing it does not know."""
    cli = """
        def reversed_text(value):
            return value[::-1]

        def make_arg_parser(parser):
            parser.add_argument("--odd", type=reversed_text, default="x")
            return parser
        """
    found = of_vllm("9.9.9", {"vllm/entrypoints/new/place/cli_args.py": cli})

    assert flag(found, "--odd") == {"dest": "odd", "type": "str", "default": "x"}
    assert [text.partition("(")[0] for text in found.strange] == ["def reversed_text"]


def test_condition_that_cannot_be_told_reads_both_branches_and_says_so() -> None:
    """A default that hangs on the hardware is an expression, not a guess."""
    cli = """
        from vllm.platforms import current_platform

        def make_arg_parser(parser):
            if current_platform.is_tpu():
                parser.add_argument("--tpu-only", type=int, default=1)
            parser.add_argument("--block-size", type=int, default=16 if current_platform.is_cuda() else 128)
            return parser
        """
    files = {"vllm/entrypoints/openai/cli_args.py": cli, "vllm/platforms.py": "current_platform = None"}
    found = of_vllm("0.6.4", files)

    assert found.undecided == ("current_platform.is_tpu()",)
    assert "--tpu-only" in found.flags
    assert flag(found, "--block-size")["default"] == {"$expr": "16 if current_platform.is_cuda() else 128"}
