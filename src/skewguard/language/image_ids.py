"""The `imageID` of a running container: its forms, and when two of them are the same image.

Kubelets hand on what the container runtime calls the image (CRI `ImageRef`). containerd gives `repository@sha256:…`:
the digest it was pulled by, which for a multi-platform image is that of the index. cri-dockerd puts a scheme before
it. CRI-O, and any runtime for an image that was loaded instead of pulled, gives the digest of the image's config,
which no registry can be asked for. Repositories may be mirrors, so that digests alone are compared.
"""

import re
from collections.abc import Collection
from functools import lru_cache

from skewguard.language.running import ImageId

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@lru_cache(maxsize=4096)  # a fleet has thousands of pods and few images
def parse(text: str) -> ImageId | None:
    """An `imageID` taken apart; None for the empty text of a container that has not started."""
    if not text:
        return None
    bare = text.partition("://")[2] or text
    repository, at, digest = bare.rpartition("@")
    match = _DIGEST.fullmatch(digest)
    if match is None:
        return ImageId(text)
    if at:
        return ImageId(text, digest=f"sha256:{match[1]}", repository=repository or None)
    return ImageId(text, config=f"sha256:{match[1]}")


def same(
    a: ImageId | None, b: ImageId | None, aliases: Collection[frozenset[str]] = (), *, alike: bool = False
) -> bool | None:
    """Whether two containers run the same image; None where it cannot be told.

    `aliases` are digests that a node lists as names of one image (an index and the manifest of its platform).
    `alike`: both were asked for by the same reference, so that two digests are two images. Without it one of them may be
    the index that holds the other, and nobody knows. A config and a digest are never comparable.
    """
    if a is None or b is None:
        return None
    if a.config and b.config:
        return a.config == b.config
    if not a.digest or not b.digest:
        return None
    if a.digest == b.digest or any(a.digest in each and b.digest in each for each in aliases):
        return True
    return False if alike else None
