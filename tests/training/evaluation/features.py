"""Encodings of small whole numbers, so that scores are exact and ties are frequent."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from training.evaluation.encodings import Encodings
from training.evaluation.tasks import Picture


def encodings_of(
    pictures: Mapping[str, Iterable[float]], texts: Mapping[str, Iterable[float]]
) -> Encodings:
    """Return encodings with these features, not normalised; there is at least one text."""
    text_TD = np.array([list(row) for row in texts.values()], np.float32)
    rows = [list(row) for row in pictures.values()]
    return Encodings(
        picture_ID=np.array(rows, np.float32).reshape(len(rows), text_TD.shape[1]),
        text_TD=text_TD,
        pictures={Picture(key): row for row, key in enumerate(pictures)},
        texts={text: row for row, text in enumerate(texts)},
    )


def scored(score_IT: NDArray[np.float32]) -> Encodings:
    """Return encodings of pictures "0", "1", ... and texts "0", "1", ... with these scores."""
    return encodings_of(
        {str(n): row for n, row in enumerate(score_IT.tolist())},
        {str(n): row for n, row in enumerate(np.eye(score_IT.shape[1]).tolist())},
    )
