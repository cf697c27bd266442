"""The argument of --benchmark: NAME, NAME=DIR or NAME=DIR:IMAGES, with colons in paths."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data.errors import UsageError
from data.storage import AnyPath, is_remote, local, path_of


class Wanted(NamedTuple):
    """A benchmark on the command line: NAME=DIR[:IMAGES]."""

    name: str
    root: Path | None
    images: AnyPath | None


class _Cut(NamedTuple):
    """DIR and IMAGES, which may be ""."""

    root: str
    images: str

    def is_there(self) -> bool:
        """Tell whether both exist; a URL counts as existing."""
        images = path_of(self.images) if self.images else None
        return Path(self.root).exists() and (images is None or is_remote(images) or images.exists())


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]" if os.name == "nt" else r"[A-Za-z]:\\")


def wanted(text: str, *, images: AnyPath | None) -> Wanted:
    r"""Parse NAME, NAME=DIR or NAME=DIR:IMAGES; `images` is the default for IMAGES.

    Paths may contain colons ("C:\data", "s3://bucket"): if there are several places to split,
    existing files decide.

    Raises:
        UsageError: DIR is a URL, or several ways to split it lead to existing files.
    """
    name, _, where = text.partition("=")
    if _URL.match(where):
        raise UsageError(f"{text}: expected annotations on this machine, found a URL")
    cuts = list(_cuts(where))
    there = [cut for cut in cuts if cut.is_there()]
    if len(there) > 1:
        ways = " or ".join(f"{cut.root!r} with {cut.images or 'nothing'!r}" for cut in there)
        raise UsageError(
            f"--benchmark {text}: may be {ways}; choose one in a pipeline.yaml (--config): "
            f"training: {{evaluation: {{benchmarks: {{{name}: {{root: DIR, images: DIR}}}}}}}}"
        )
    begun = [cut for cut in cuts if Path(cut.root).exists()]
    root, own = next(iter([*there, *begun, *cuts[1:], *cuts]))
    return Wanted(name, Path(root) if root else None, path_of(own) if own else images)


def with_shards(place: Wanted, trained_on: AnyPath | None, images: AnyPath | None) -> Wanted:
    """Return the place of one's own negatives: by default shards and images of the training.

    Raises:
        UsageError: the shards are at a URL.
    """
    root = place.root
    if root is None and trained_on is not None:
        root = local(str(trained_on), where="--trained-on")
    return Wanted(place.name, root, place.images or images)


def _cuts(where: str) -> Iterator[_Cut]:
    """Yield the whole text as DIR, then DIR and IMAGES for each colon that may separate them."""
    yield _Cut(where.removesuffix(":"), "")
    start = 0
    for found in re.finditer(":", where):
        at = found.start()
        is_drive = _DRIVE.match(where, start) is not None and at == start + 1
        is_scheme = where.startswith("://", at)
        if is_drive or is_scheme or not where[start:at] or at + 1 == len(where):
            continue
        start = at + 1
        yield _Cut(where[:at], where[at + 1 :])
