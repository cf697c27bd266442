"""The study's two worlds: scenes to pre-train on, and fresh ones to fine-tune on in many ways."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from data.commit import write_atomically
from data.scenes.questions import ON_BINDING, QUESTIONS, balance, make_question
from data.scenes.render import write_images
from data.scenes.splits import image_key
from data.sources.scenes import Scenes
from negatives.building import build
from negatives.composing.options import ComposeOptions
from negatives.composing.run import compose
from negatives.config import build_config
from negatives.folders.filtering import FilterOptions, filter_folder
from negatives.folders.importing import ImportOptions, import_published
from negatives.folders.merging import merge_folders

_BINDING_TYPES: Final = ("swap", "replace/rel")


class World:
    """Scenes with their pictures, and folders of shards of their captions."""

    def __init__(self, folder: Path, scenes: Scenes) -> None:
        self._folder, self._scenes = folder, scenes
        self.pictures = folder / "pictures"

    def draw(self, *, size: int) -> None:
        """Draw the pictures, `size` pixels wide and high."""
        if not self.pictures.exists():
            draft = self._folder / "pictures.tmp"
            every = (
                (image_key(number, split=split), self._scenes.scene(number, split=split))
                for split in self._scenes.splits()
                for number in range(self._scenes.num_scenes(split))
            )
            write_images(draft, every, size=size)
            draft.rename(self.pictures)

    def shards(self, data: str, *, workers: int = 2) -> Path:
        """Return the folder of shards of a name, made if it is not there."""
        folder = self._folder / data
        if (folder / "manifest.json").exists():
            return folder
        if data == "composed":
            parts = self.shards("natural"), self._folder / "composites"
            if not (parts[1] / "manifest.json").exists():
                compose(*parts, options=ComposeOptions(), workers=workers)
            merge_folders(parts, folder)
        elif data == "binding":
            kept = FilterOptions(types=_BINDING_TYPES, drop_empty=True)
            filter_folder(self.shards("natural"), folder, options=kept)
        elif data == "statements":
            options = ImportOptions(format="jsonl", split="train")
            import_published(self._statements(), folder, options=options)
        elif data == "statements by natural":
            every = self._folder / "all of natural on statements"
            self._build("natural", self._from_statements(), every, workers=workers)
            filter_folder(every, folder, options=FilterOptions(types=_BINDING_TYPES))
        elif data == "statements by fsc-clip":
            self._build("fsc-clip", self._from_statements(), folder, workers=workers)
        else:
            source = {"name": "scenes", **_options(self._scenes)}
            self._build(data, source, folder, workers=workers)
        return folder

    def _build(self, preset: str, source: dict[str, Any], folder: Path, *, workers: int) -> None:
        asked = {"preset": preset, "positives": preset == "natural"}
        sections = {"data": {"source": source}, "negatives": asked}
        build(build_config(sections), out=folder, workers=workers)

    def _from_statements(self) -> dict[str, Any]:
        return {"name": "jsonl", "root": str(self._statements())}

    def _statements(self) -> Path:
        """Write true statements on order and relation, each with a false one, if they are not."""
        file = self._folder / "statements.jsonl"
        if not file.exists():
            text = "".join(json.dumps(line) + "\n" for line in self._lines())
            write_atomically(file, text)
        return file

    def _lines(self) -> Iterator[dict[str, Any]]:
        count = self._scenes.num_scenes("train")
        scenes = [self._scenes.scene(number) for number in range(count)]
        for name in ON_BINDING:
            kind, subtype = name.split("_")
            found = (make_question(QUESTIONS[name], scene, name=name) for scene in scenes)
            asked = [(number, texts) for number, texts in enumerate(found) if texts]
            for number, texts in balance(asked, lambda pair: pair[1].change):
                yield {
                    "id": f"{name}/{number}",
                    "image": image_key(number, split="train"),
                    "caption": texts.true,
                    "negatives": [{"text": texts.false, "type": kind, "subtype": subtype}],
                    "positives": [{"text": text} for text in (texts.also_true,) if text],
                }


def _options(scenes: Scenes) -> dict[str, Any]:
    return {
        "num_images": scenes.num_images,
        "captions_per_image": scenes.captions_per_image,
        "seed": scenes.seed,
        "hold_out": scenes.hold_out,
    }
