"""One subject at a time: sources → facts → effective settings → findings.

What may enter: the joining of what `observe` read with what `judge` decides. What may not: a check, a rule of an
engine, the way a result is shown.
"""
