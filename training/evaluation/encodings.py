"""Features of pictures and texts by what they are of: what every score is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.tasks import Picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Encodings:
    """Normalised features, float32, and where each picture's and each text's are.

    Attributes:
        picture_ID: of the pictures that are there.
        text_TD: of all texts.
        pictures: a picture's row; there is none for missing and broken ones.
        texts: a text's row.
        broken: keys of pictures that could not be decoded.
    """

    picture_ID: NDArray[np.float32]
    text_TD: NDArray[np.float32]
    pictures: Mapping[Picture, int]
    texts: Mapping[str, int]
    broken: tuple[str, ...] = ()

    def rows(self, pictures: Iterable[Picture]) -> NDArray[np.int64]:
        """Return the row of each picture, -1 where there is none."""
        return np.array([self.pictures.get(picture, -1) for picture in pictures], np.int64)
