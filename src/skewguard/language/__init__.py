"""The words every other room speaks: facts, workloads, findings, settings and their spelling.

What may enter: values and the pure functions that define what a value means.
What may not: input or output of any kind, the knowledge of one engine, a verdict.
"""
