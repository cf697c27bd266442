"""Sources of captions. SOURCES lists them all; nothing registers itself."""

from collections.abc import Iterator
from importlib import import_module
from typing import Final, Protocol

from data.errors import UsageError
from data.records import Caption, Skip
from data.texts import nearest

SOURCES: Final = {
    "scenes": "data.sources.scenes:Scenes",
    "coco": "data.sources.coco:Coco",
    "karpathy": "data.sources.karpathy:Karpathy",
    "flickr30k": "data.sources.flickr:Flickr30k",
    "flickr8k": "data.sources.flickr:Flickr8k",
    "cc3m": "data.sources.cc3m:Cc3m",
    "laion_coco": "data.sources.laion_coco:LaionCoco",
    "jsonl": "data.sources.own_tables:Jsonl",
    "csv": "data.sources.own_tables:Csv",
    "parquet": "data.sources.own_tables:Parquet",
    "webdataset": "data.sources.webdataset:Webdataset",
    "hub": "data.sources.hub:Hub",
}


class Source(Protocol):
    """A frozen keyword-only dataclass whose fields are its options.

    The first line of its docstring says what it reads, the second paragraph shows the layout. It
    opens nothing until `read` or `splits` is called.
    """

    @property
    def licence(self) -> str:
        """Return the captions' licence, an SPDX identifier if there is one, "" if unknown."""

    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits that will be read, in order.

        Raises:
            UsageError: a file or folder is missing, or has another layout.
        """

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under the source's root that are not read but may hold captions.

        Raises:
            UsageError: as for `splits`.
        """

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions of a split in a fixed order, those of one image adjacent.

        Ids are unique within the split. An unusable row is yielded as a Skip with its reason, never
        dropped. Captions are only stripped of white space at their ends.

        Raises:
            UsageError: the file cannot be read at all.
        """


def source_class(name: str) -> type[Source]:
    """Import and return the class of a source.

    Raises:
        UsageError: there is no source of this name.
    """
    if name not in SOURCES:
        raise UsageError(f"no source {name!r}; {nearest(name, SOURCES)}")
    module, _, cls = SOURCES[name].partition(":")
    source: type[Source] = getattr(import_module(module), cls)
    return source
