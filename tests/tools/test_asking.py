"""Asking a parser itself, with a made-up engine whose dependencies nobody has."""

import json
from pathlib import Path
from zipfile import ZipFile

from tools.engine_tables import asking

ENGINE = """
import argparse
import dataclasses

import torch
import triton.language as tl
from surely_not_installed.kernels import Layer, register, sizes

import sglang.srt.models.left_out

if torch.cuda.is_available() or torch.version.hip is not None:
    raise RuntimeError("there is no GPU here")


class Mine(Layer):
    limit = int(sizes.LIMIT)


@register("mine")
def function():
    return tl.arange(0, 4)


Layer.forward = lambda: None


class Loud(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, values)


@dataclasses.dataclass
class ServerArgs:
    @staticmethod
    def add_cli_args(parser):
        parser.add_argument("--model-path", "--model", required=True)
        parser.add_argument("--backend", choices={"b", "a"}, default=None)
        parser.add_argument("--loud", action=Loud, nargs="+")
"""


def test_parser_comes_up_without_what_it_imports(tmp_path: Path) -> None:
    """What is not installed is stood in for, and every argument is told as it is registered."""
    kept = tmp_path / "1.0.zip"
    with ZipFile(kept, "w") as files:
        files.writestr("sglang/__init__.py", "")
        files.writestr("sglang/srt/__init__.py", "")
        files.writestr("sglang/srt/server_args.py", ENGINE)

    assert json.loads(asking.answer(kept, "flags")) == [
        {
            "flags": ["--model", "--model-path"],
            "dest": "model_path",
            "default": "None",
            "action": "_StoreAction",
        },
        {
            "flags": ["--backend"],
            "dest": "backend",
            "default": "None",
            "action": "_StoreAction",
            "choices": ["'a'", "'b'"],
        },
        {"flags": ["--loud"], "dest": "loud", "default": "None", "action": "Loud", "nargs": "+"},
    ]
    read = json.loads(asking.answer(kept, "cases"))
    assert (read[""], read["--no-such-flag"]) == ({}, None)
