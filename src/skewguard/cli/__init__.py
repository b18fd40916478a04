"""The command line: words in, words out. Every verb is one call of `api`.

What may enter: arguments, terminal and exit codes. What may not: logic; a verb that needs some asks `api` for it.
"""

from skewguard.cli.boundary import main

__all__ = ["main"]
