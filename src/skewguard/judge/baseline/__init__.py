"""What was measured, judged: metrics of rows and windows, whether they can be trusted, and what two of them say. Pure.

What may enter: values, and numpy for arithmetic (imported where it is needed). What may not: a clock, a socket, a store.
"""
