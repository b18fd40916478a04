"""The reader of TGI's clap struct: fields, attributes and value enums become records of the table."""

import pytest

from tools.engine_tables import tgi

SOURCE = """
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// words
    Awq,
    #[clap(name = "fp8_e5m2")]
    Small,
    BitsandbytesNF4,
    CompressedTensors,
}

struct Args {
    /// The model.
    #[clap(default_value = "a/b", long, env)]
    model_id: String,
    #[clap(long, env, value_enum)]
    method: Option<Method>,
    #[clap(long, env)]
    sharded: Option<bool>,
    #[clap(long, env)]
    json_output: bool,
    #[clap(default_value = "80", long, short, env)]
    port: u16,
    #[clap(default_value = "9000", long, short, env = "METRICS")]
    prometheus_port: u16,
    #[clap(long, env, value_delimiter = ',')]
    cuda_graphs: Option<Vec<usize>>,
    #[clap(long, env)]
    cors_allow_origin: Vec<String>,
    /// Legacy version of [`Args::max_input_tokens`].
    #[clap(long, env)]
    max_input_length: Option<usize>,
    #[clap(default_value = "1.2", long, env)]
    ratio: f32,
    #[clap(long, short, action)]
    env: bool,
}
"""


def test_fields_become_flags() -> None:
    """Type, default, variable, choices and short form; the first of two with one short form keeps it."""
    flags = tgi.extract("3.3.4", {"launcher/src/main.rs": SOURCE}).flags

    assert flags == {
        "--model-id": {"dest": "model_id", "flags": ["--model-id"], "type": "str", "default": "a/b", "env": "MODEL_ID"},
        "--method": {
            "dest": "method",
            "flags": ["--method"],
            "type": "str",
            "choices": ["awq", "bitsandbytes-nf4", "compressed-tensors", "fp8_e5m2"],
            "env": "METHOD",
        },
        "--sharded": {"dest": "sharded", "flags": ["--sharded"], "type": "bool", "env": "SHARDED"},
        "--json-output": {
            "dest": "json_output",
            "flags": ["--json-output"],
            "action": "true",
            "default": False,
            "env": "JSON_OUTPUT",
        },
        "--port": {"dest": "port", "flags": ["--port", "-p"], "type": "u16", "default": 80, "env": "PORT"},
        "--prometheus-port": {
            "dest": "prometheus_port",
            "flags": ["--prometheus-port"],
            "type": "u16",
            "default": 9000,
            "env": "METRICS",
        },
        "--cuda-graphs": {
            "dest": "cuda_graphs",
            "flags": ["--cuda-graphs"],
            "type": "uints",
            "action": "extend",
            "env": "CUDA_GRAPHS",
        },
        "--cors-allow-origin": {
            "dest": "cors_allow_origin",
            "flags": ["--cors-allow-origin"],
            "type": "str",
            "action": "append",
            "env": "CORS_ALLOW_ORIGIN",
        },
        "--max-input-length": {
            "dest": "max_input_tokens",
            "flags": ["--max-input-length"],
            "type": "uint",
            "deprecated": True,
            "env": "MAX_INPUT_LENGTH",
        },
        "--ratio": {"dest": "ratio", "flags": ["--ratio"], "type": "plain-float", "default": 1.2, "env": "RATIO"},
        "--env": {"dest": "env", "flags": ["--env", "-e"], "action": "true", "default": False},
    }


@pytest.mark.parametrize(
    "text",
    [
        "no struct",
        SOURCE.replace("model_id: String", "model_id: Box<str>"),
        SOURCE.replace("long, short, action", "long, global = true"),
        SOURCE.replace("    port: u16,", "    port: u16"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str) -> None:
    """A person teaches it, rather than a flag going missing."""
    with pytest.raises(ValueError, match=r"not understood|no struct"):
        tgi.extract("3.3.4", {"launcher/src/main.rs": text})


def test_variables_have_their_releases() -> None:
    """Read in the launcher and the server, by hand."""
    found = {
        version: tgi.extract(version, {"launcher/src/main.rs": SOURCE}).variables for version in ("2.3.1", "2.4.0")
    }

    assert "USE_PREFIX_CACHING" in found["2.3.1"]
    assert "USE_PREFIX_CACHING" not in found["2.4.0"]
    assert found["2.4.0"]["PREFIX_CACHING"] == (None, "text")
