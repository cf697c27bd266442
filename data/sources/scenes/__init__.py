"""The embedded default source: scenes drawn by the project, with exact ground truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.scenes.captions import captions
from data.sources.scenes.drawing import draw_scene
from data.sources.scenes.truth import truth
from data.sources.scenes.vocabulary import held_out
from data.sources.scenes.world import Scene

__all__ = ["Scene", "Scenes", "held_out", "truth"]

_FAR = 10_000_000  # indexes of one split end before those of the next begin
_OFFSETS = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenes:
    """Scenes drawn by the project: objects, colours, sizes, counts, relations; no download.

    train/000123.png is a picture of "A small brown dog chasing a white cat.", "There is a ..."

    `num_images`: scenes of the first split; every other split has a tenth of them.
    `captions_per_image`: at most; captions of a scene differ. `seed`: another seed, another world.
    `hold_out`: no scene has a tenth of the combinations of kind and colour, for example no purple
    box, so that a model can be asked about what it never saw.
    """

    num_images: int = 2000
    captions_per_image: int = 5
    seed: int = 0
    hold_out: bool = False
    names: tuple[str, ...] = ("train", "val")

    @property
    def licence(self) -> str:
        """Return the licence of captions and pictures."""
        return "CC0-1.0"

    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits.

        Raises:
            UsageError: a split is unknown, or there is nothing to draw.
        """
        unknown = [name for name in self.names if name not in _OFFSETS]
        if unknown or not self.names:
            raise UsageError(
                f"scenes has the splits {', '.join(_OFFSETS)}; found {', '.join(unknown) or 'none'}"
            )
        if self.num_images < 1 or self.captions_per_image < 1:
            raise UsageError(
                "scenes needs num_images and captions_per_image of at least 1; "
                f"found {self.num_images} and {self.captions_per_image}"
            )
        return self.names

    def left_out(self) -> tuple[Skip, ...]:
        """Return nothing: there are no files."""
        return ()

    def read(self, split: str) -> Iterator[Caption]:
        """Yield the captions of a split, those of one scene one after another."""
        for number in range(self.num_scenes(split)):
            scene = self.scene(number, split=split)
            image = f"{split}/{number:06d}.png"
            texts = captions(scene, count=self.captions_per_image, seed=self.seed)
            for n, text in enumerate(texts):
                yield Caption(f"scenes:{split}:{number}:{n}", image, text)

    def num_scenes(self, split: str) -> int:
        """Return the number of scenes of a split."""
        return self.num_images if split == self.names[0] else max(1, self.num_images // 10)

    def scene(self, number: int, *, split: str = "train") -> Scene:
        """Return a scene of a split."""
        for attempt in count():
            index = (len(_OFFSETS) * attempt + _OFFSETS[split]) * _FAR + number
            scene = draw_scene(self.seed, index)
            if not (self.hold_out and any(held_out(t.kind, t.colour) for t in scene.things)):
                return scene
        raise AssertionError("unreachable")

    def scene_of(self, image: str) -> Scene:
        """Return the scene of an image key such as "train/000123.png".

        Raises:
            UsageError: it is no key of this source.
        """
        split, _, name = image.partition("/")
        number = name.removesuffix(".png")
        if split not in _OFFSETS or not number.isdecimal() or name == number:
            raise UsageError(f"{image!r} is no image of scenes: expected one like train/000123.png")
        return self.scene(int(number), split=split)
