"""Features by image and text, from which all scores are computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.tasks import ImageRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Encodings:
    """Normalised features, float32, and where each image's and each text's are.

    Attributes:
        image_ID: of the images that are there.
        text_TD: of all texts.
        images: the row of each image that is neither missing nor broken.
        texts: the row of each text.
        scale: the model's factor of scores before a softmax, 1 / its temperature.
        broken: keys of images that could not be decoded.
    """

    image_ID: NDArray[np.float32]
    text_TD: NDArray[np.float32]
    images: Mapping[ImageRef, int]
    texts: Mapping[str, int]
    scale: float = 1.0
    broken: tuple[str, ...] = ()

    def rows(self, images: Iterable[ImageRef]) -> NDArray[np.int64]:
        """Return the row of each image, -1 if it has none."""
        return np.array([self.images.get(image, -1) for image in images], np.int64)
