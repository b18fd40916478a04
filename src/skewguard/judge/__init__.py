"""Verdicts: checks over one container, comparison of two sets of settings. Pure.

What may enter: values. What may not: input or output, the reading of manifests, how a verdict is shown.
"""
