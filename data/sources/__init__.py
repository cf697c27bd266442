"""Sources: where captions come from. SOURCES is the whole list; nothing registers itself."""

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

    The first line of its docstring says what it reads, the second paragraph gives an example of
    the layout. It opens nothing before `read` or `splits` is called.
    """

    @property
    def licence(self) -> str:
        """Return the licence of the captions, an SPDX identifier where there is one; "" unknown."""

    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits that will be read, in order.

        Raises:
            UsageError: a file or folder is missing, or has another layout.
        """

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under the source's root that are not read but may hold captions.

        Raises:
            UsageError: as `splits`.
        """

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions of a split; those of one image one after another; the same each time.

        Ids are unique within the split. A row that cannot be used is yielded as a Skip with its
        reason, never dropped. Nothing of a caption is changed but white space at its ends.

        Raises:
            UsageError: the file cannot be read at all.
        """


def source_class(name: str) -> type[Source]:
    """Return the class of a source, imported only now.

    Raises:
        UsageError: there is no source of this name.
    """
    if name not in SOURCES:
        raise UsageError(f"no source {name!r}; {nearest(name, SOURCES)}")
    module, _, cls = SOURCES[name].partition(":")
    source: type[Source] = getattr(import_module(module), cls)
    return source
