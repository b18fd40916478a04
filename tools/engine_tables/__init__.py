"""Makes the tables of engine versions from the engines' published sources. For maintainers; no part of the wheel.

What may enter: reading releases from the package index, and reading Python as text. What may not: importing or
running an engine, and anything that the product needs at run time. The way of a release: `index` finds it, `fetching`
keeps its Python files in a cache outside the repository, `reading` looks names up in them, `interpreting` walks
the code that registers arguments, `vllm` and `sglang` know where each engine keeps what, `packing` turns all releases
into one table.
"""
