"""Observers: what is written in manifests, and what really runs, read into the values of `language.workloads`.

What may enter: reading, with the place of everything read. What may not: what the team hopes for (`knowledge.contract`),
a verdict, a file system or a socket of its own (text and objects are handed in).
"""
