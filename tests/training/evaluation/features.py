"""Encodings of small whole numbers, so that scores are exact and ties are frequent."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from training.evaluation.encodings import Encodings
from training.evaluation.tasks import ImageRef


def encodings_of(
    images: Mapping[str, Iterable[float]], texts: Mapping[str, Iterable[float]]
) -> Encodings:
    """Return encodings with these features, not normalised; there is at least one text."""
    text_TD = np.array([list(row) for row in texts.values()], np.float32)
    rows = [list(row) for row in images.values()]
    return Encodings(
        image_ID=np.array(rows, np.float32).reshape(len(rows), text_TD.shape[1]),
        text_TD=text_TD,
        images={ImageRef(key): row for row, key in enumerate(images)},
        texts={text: row for row, text in enumerate(texts)},
    )


def scored(score_IT: NDArray[np.float32]) -> Encodings:
    """Return encodings of images "0", "1", ... and texts "0", "1", ... with these scores."""
    return encodings_of(
        {str(n): row for n, row in enumerate(score_IT.tolist())},
        {str(n): row for n, row in enumerate(np.eye(score_IT.shape[1]).tolist())},
    )
