"""What runs, from the API of a cluster alone: each wanted workload with its owners, revisions, pods and machines.

What may enter: how Kubernetes and the controllers on it tie objects together. What may not: an engine's settings, or
a judgement on what was read. Nothing here changes anything in the cluster.
"""

from skewguard.observe.sources.live.asking import Progress
from skewguard.observe.sources.live.reading import Seen, read
from skewguard.observe.sources.live.wanted import Named, Wanted

__all__ = ["Named", "Progress", "Seen", "Wanted", "read"]
