"""The default source: captions of scenes drawn by `data.scenes`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from data.errors import UsageError
from data.records import Caption, Skip
from data.scenes import Scene, captions, scene_at, truth
from data.scenes.questions import statements
from data.scenes.splits import SPLITS, image_key, parse_image_key
from data.scenes.vocabulary import kinds
from data.sources.objects import Objects


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenes:
    """Scenes drawn by the project: objects, colours, sizes, counts, relations; no download.

    train/000123.png is an image of "A small brown dog chasing a white cat.", "There is a ..."

    `num_images`: number of scenes in the first split; every other split has a tenth of it.
    `captions_per_image`: the maximum; captions of a scene are distinct. `seed`: chooses the world.
    `hold_out`: leave out a tenth of the combinations of kind and colour, for example purple boxes,
    so that a model can be tested on what it never saw. `style`: varied, or statements, plain
    sentences on how two things look or relate, up to three a scene: most of them become false if
    words change places, so a small model learns from them what it takes many varied captions for.
    """

    num_images: int = 2000
    captions_per_image: int = 5
    seed: int = 0
    hold_out: bool = False
    names: tuple[str, ...] = ("train", "val")
    style: Literal["varied", "statements"] = "varied"

    @property
    def licence(self) -> str:
        """Return the licence of captions and images."""
        return "CC0-1.0"

    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits.

        Raises:
            UsageError: a split is unknown, or there is nothing to draw.
        """
        unknown = [name for name in self.names if name not in SPLITS]
        if unknown or not self.names:
            raise UsageError(
                f"scenes has the splits {', '.join(SPLITS)}; found {', '.join(unknown) or 'none'}"
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
            image = image_key(number, split=split)
            scene = self.scene(number, split=split)
            if self.style == "statements":
                texts = statements(scene, count=self.captions_per_image)
            else:
                texts = captions(scene, count=self.captions_per_image, seed=self.seed)
            for n, text in enumerate(texts):
                yield Caption(f"scenes:{split}:{number}:{n}", image, text)

    def num_scenes(self, split: str) -> int:
        """Return the number of scenes of a split."""
        return self.num_images if split == self.names[0] else max(1, self.num_images // 10)

    def scene(self, number: int, *, split: str = "train") -> Scene:
        """Return a scene of a split."""
        return scene_at(number, split=split, seed=self.seed, hold_out=self.hold_out)

    def why_no_objects(self) -> str:
        """Return "": scenes are known."""
        return ""

    def objects(self, image: str) -> Objects:
        """Return the kinds of things that are in the scene of an image key, and those that are not.

        Raises:
            UsageError: the key is not one of this source.
        """
        scene = self.scene_of(image)
        present, absent = (
            tuple(kind for kind in kinds() if truth(scene, text.format(kind)) is True)
            for text in ("There is a {}.", "There is no {}.")
        )
        return Objects(present, absent)

    def scene_of(self, image: str) -> Scene:
        """Return the scene of an image key such as "train/000123.png".

        Raises:
            UsageError: the key is not one of this source.
        """
        split, number = parse_image_key(image)
        return self.scene(number, split=split)
