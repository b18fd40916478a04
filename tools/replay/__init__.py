"""Plays back what real servers answered, byte for byte: for tests, and for whoever has no GPU to try the product on.

A recording is a folder with `manifest.json` (the command it was started with, and each request with the status, headers
and file of its answer), the bodies as they came, and `server.log`.
"""

from tools.replay.recordings import Answer, Recording, read
from tools.replay.serving import Served, serving

__all__ = ["Answer", "Recording", "Served", "read", "serving"]
