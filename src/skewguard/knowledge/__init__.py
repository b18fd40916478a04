"""What skewguard knows: what the team promised (contract), what engines mean (engines), what a
model's own files say (checkpoints), the project's own words (project).

What may enter: pure functions and package data. What may not: reading files of the user, the network, a verdict.
"""
