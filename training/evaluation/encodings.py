"""Features of images and texts by what they are of: what every score is made of."""

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
        images: an image's row; there is none for missing and broken ones.
        texts: a text's row.
        scale: what the model multiplies scores by before a softmax: 1 / its temperature.
        broken: keys of images that could not be decoded.
    """

    image_ID: NDArray[np.float32]
    text_TD: NDArray[np.float32]
    images: Mapping[ImageRef, int]
    texts: Mapping[str, int]
    scale: float = 1.0
    broken: tuple[str, ...] = ()

    def rows(self, images: Iterable[ImageRef]) -> NDArray[np.int64]:
        """Return the row of each image, -1 where there is none."""
        return np.array([self.images.get(image, -1) for image in images], np.int64)
