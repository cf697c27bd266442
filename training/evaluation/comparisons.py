"""Features -> the margin of each comparison of a task. Scores are float32.

Shape suffixes: N items, E elements, D embedding, Q comparisons.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.evaluation.encodings import Encodings
from training.evaluation.tasks import Layout, Task

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_ROWS_AT_ONCE: Final = 1024


class Compared(NamedTuple):
    """Comparisons in the order of their items.

    Attributes:
        ahead_Q: how much more alike the first pair is than the second.
        item_Q: the item of the comparison.
        choice_Q: equal for comparisons of one pair with others that share its image, or its
            caption: the pairs that a model chooses among.
    """

    ahead_Q: Floats
    item_Q: Integers
    choice_Q: Integers

    def margins(self, num_items: int) -> NDArray[np.float64]:
        """Return the smallest margin of each item's comparisons, N; infinite without any."""
        margin_N = np.full(num_items, np.inf)
        np.minimum.at(margin_N, self.item_Q, self.ahead_Q)
        return margin_N


def comparisons_of(task: Task, encodings: Encodings) -> Compared:
    """Return the comparisons of the items that have all their images."""
    num_images = len(encodings.image_ID)
    feature_ED = np.concatenate([encodings.image_ID, encodings.text_TD])
    known: dict[tuple[Layout, int, int], tuple[Integers, Integers]] = {}
    tables, items = [np.zeros((0, 4), np.int64)], [np.zeros(0, np.int64)]
    choices, num_choices = [np.zeros(0, np.int64)], 0
    for number, item in enumerate(task.items):
        images = encodings.rows(item.images).tolist()
        if -1 in images:
            continue
        captions = [num_images + encodings.texts[caption] for caption in item.captions]
        shape = (task.layout, len(images), len(captions))
        if shape not in known:
            known[shape] = _asked(*shape)
        places, choice = known[shape]
        tables.append(np.array(images + captions)[places])
        items.append(np.full(len(places), number))
        choices.append(num_choices + choice)
        num_choices += int(choice.max(initial=-1)) + 1
    return Compared(
        ahead_Q=_ahead(feature_ED, np.concatenate(tables)),
        item_Q=np.concatenate(items),
        choice_Q=np.concatenate(choices),
    )


def _asked(layout: Layout, num_images: int, num_captions: int) -> tuple[Integers, Integers]:
    """Return an item's comparisons as indices of its elements, Q x 4, and their choices."""
    wins = layout.comparisons(num_images, num_captions)
    chosen = [(win.more, frozenset(win.more) & frozenset(win.less)) for win in wins]
    numbers = {choice: number for number, choice in enumerate(dict.fromkeys(chosen))}
    places = np.array([[*win.more, *win.less] for win in wins], np.int64)
    return places, np.array([numbers[choice] for choice in chosen], np.int64)


def _ahead(feature_ED: Floats, table: Integers) -> Floats:
    """Return how much more alike each first pair is than the second, Q."""
    parts = [np.zeros(0, np.float32)]
    for start in range(0, len(table), _ROWS_AT_ONCE):
        a, b, c, d = (feature_ED[column] for column in table[start : start + _ROWS_AT_ONCE].T)
        parts.append(np.einsum("qd,qd->q", a, b) - np.einsum("qd,qd->q", c, d))
    return np.concatenate(parts)
