"""Captions in webdataset tars."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.records import Caption, Skip
from data.sources.files import Splits, chosen, files_of, find_splits
from data.sources.found import captions_of
from data.sources.tars import tar_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Webdataset:
    """Your own pictures and captions in webdataset tars (.tar).

    ROOT/00000.tar: 000000001.jpg, 000000001.txt, 000000002.jpg, 000000002.txt, ...

    The caption is the .txt, or `caption` of the .json; `json_keys` names other keys (each a text
    or a list of texts). The image key is `00000.tar/000000001.jpg`, the id
    `webdataset:00000.tar/000000001.jpg:0`.
    """

    root: Path
    json_keys: tuple[str, ...] = ()
    split: str | None = None
    only_splits: tuple[str, ...] | None = None
    licence: str = ""

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the tars and of their members."""
        paths = files_of(split, self._files())
        rows = tar_rows(paths, root=self.root, json_keys=self.json_keys)
        return captions_of(rows, source="webdataset")

    def _files(self) -> Splits:
        found = find_splits(self.root, suffixes=(".tar",), split=self.split)
        return chosen(found, self.only_splits)
