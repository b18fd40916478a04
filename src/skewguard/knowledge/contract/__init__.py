"""The serving contract: what a team promised about a deployment, read, bound, compared and written.

What may enter: the contract's values, the reading of its text, its targets and waivers, whether one value keeps one
promise, and the text of a new contract. What may not: what an engine does (`knowledge.engines` knows), the wording
and severity of findings (`judge.checks` decides), and files (texts come in, texts go out).
"""
