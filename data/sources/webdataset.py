"""Captions in webdataset tars."""

from collections.abc import Iterator
from dataclasses import dataclass

from data.records import Caption, Skip
from data.sources.caption_cells import Several
from data.sources.files import Files, FileSource, files_of
from data.sources.raw_captions import captions_of
from data.sources.tars import tar_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Webdataset(FileSource):
    """Your own images and captions in webdataset tars (.tar).

    ROOT/00000.tar: 000000001.jpg, 000000001.txt, 000000002.jpg, 000000002.txt, ...

    The caption is the .txt, or `caption` of the .json; `json_keys` names other keys (each a text or
    a list of texts). The image key is `00000.tar/000000001.jpg`, the id
    `webdataset:00000.tar/000000001.jpg:0`. A text that is a list in JSON's or Python's notation
    holds several captions; with `several: lines`, the default if CLIP_benchmark's dataset_type.txt
    says "retrieval", so does a text of several lines; `several: never` turns both off.
    """

    json_keys: tuple[str, ...] = ()
    several: Several = "auto"
    licence: str = ""

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the tars and of their members."""
        paths = files_of(split, self.files().splits)
        rows = tar_rows(paths, root=self.root, json_keys=self.json_keys, several=self.several)
        return captions_of(rows, source="webdataset")

    def files(self) -> Files:
        """Return the tars."""
        return self.files_with(".tar")
