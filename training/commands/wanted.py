"""What --benchmark names: NAME, NAME=DIR or NAME=DIR:IMAGES, whatever colons the two have."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data.errors import UsageError
from data.storage import AnyPath, is_remote, path_of


class Wanted(NamedTuple):
    """A benchmark as a command line names it: NAME=DIR[:IMAGES]."""

    name: str
    root: Path | None
    images: AnyPath | None


class _Cut(NamedTuple):
    """DIR and IMAGES, which is "" if there is none."""

    root: str
    images: str

    def is_there(self) -> bool:
        """Tell whether both are to be found, a URL as far as it is one."""
        images = path_of(self.images) if self.images else None
        return Path(self.root).exists() and (images is None or is_remote(images) or images.exists())


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]" if os.name == "nt" else r"[A-Za-z]:\\")


def wanted(text: str, *, images: AnyPath | None) -> Wanted:
    r"""Return what NAME, NAME=DIR or NAME=DIR:IMAGES names; `images` is for those without.

    A path may have colons of its own ("C:\data", "s3://bucket"): where it could be cut at several,
    what is there decides.

    Raises:
        UsageError: DIR is a URL, or several ways to cut it lead to what is there.
    """
    name, _, where = text.partition("=")
    if _URL.match(where):
        raise UsageError(f"{text}: expected annotations on this machine, found a URL")
    cuts = list(_cuts(where))
    there = [cut for cut in cuts if cut.is_there()]
    if len(there) > 1:
        ways = " or ".join(f"{cut.root!r} with {cut.images or 'nothing'!r}" for cut in there)
        raise UsageError(
            f"--benchmark {text}: may be {ways}; say which in a pipeline.yaml (--config): "
            f"training: {{evaluation: {{benchmarks: {{{name}: {{root: DIR, images: DIR}}}}}}}}"
        )
    begun = [cut for cut in cuts if Path(cut.root).exists()]
    root, own = next(iter([*there, *begun, *cuts[1:], *cuts]))
    return Wanted(name, Path(root) if root else None, path_of(own) if own else images)


def _cuts(where: str) -> Iterator[_Cut]:
    """Yield the whole as DIR, then DIR and IMAGES at each colon that may stand between them."""
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
