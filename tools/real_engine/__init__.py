"""A real vLLM on this machine's CPU, for the tests that ask a running engine. For maintainers; no part of the wheel.

What may enter: setting the engine up once outside the repository, making a small checkpoint, starting and ending one
server. What may not: anything that the product needs at run time, and what any answer of the server means. `installing`
makes the environment, `checkpoint` writes a model from a seed, `serving` starts a server below a `keeping` process,
which ends it whatever becomes of the test.
"""
