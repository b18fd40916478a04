"""The checks: one function each, with its row; `registry` lists them.

What may enter: functions from a `Case` to answers, at most 30 lines, with their row. What may not: input or output,
the grammar of an engine, a second way to register.
"""
