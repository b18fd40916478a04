"""Sources of facts about workloads: one module for each thing that has to be read, `manifests` is the door.

What may enter: the rules by which Kubernetes, its controllers and the shell turn a manifest into program starts.
What may not: an engine's argument grammar (`knowledge.engines`), or a judgement on what was read.
"""
