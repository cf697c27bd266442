"""The language-model gap: how often a model of language prefers the caption to its negative."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from data.manifest import Manifest
from negatives.audit.pairs import Pair

_TUNED: Final = re.compile(r"[-_](instruct|chat|base|it)$", re.IGNORECASE)
_EQUAL: Final = 1e-6  # nats; nearer ones differ by rounding alone


class Judge(Protocol):
    """A language model that reads whole texts."""

    @property
    def name(self) -> str:
        """Return the model's name, for example "SmolLM2-135M"."""

    @property
    def version(self) -> str:
        """Return what tells its weights from those of another version."""

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """Return the natural logarithm of each text's probability."""


def gap_wins(pairs: Sequence[Pair], judge: Judge) -> NDArray[np.float64]:
    """Return for each of N pairs 1 if the caption is the more probable, 0 if not, 0.5 for a tie.

    Raises:
        ValueError: the judge gave a number that is none.
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.caption, pair.text)))
    scores = dict(zip(texts, judge.log_probabilities(texts), strict=True))
    ahead = np.array([scores[pair.caption] - scores[pair.text] for pair in pairs], np.float64)
    if np.isnan(ahead).any():
        raise ValueError(f"{judge.name}: not a probability for {np.isnan(ahead).sum()} pairs")
    ahead[np.abs(ahead) < _EQUAL] = 0
    return 0.5 + 0.5 * np.sign(ahead)


def is_scorer(judge_name: str, manifest: Manifest) -> bool:
    """Tell whether a build drew by this model, or asked it, so that it cannot judge what was drawn.

    A scorer named after the model, however it is spelt, is the same, and so is one tuned from the
    same weights ("-Instruct"). Of folders that were merged or filtered, the scorers of their
    parents count too.
    """
    model = _key(_TUNED.sub("", judge_name.rpartition("/")[2]))
    parts = (manifest.config, manifest.lineage, manifest.versions, manifest.producers)
    named = [name for part in parts for name in _strings(part)]
    return bool(model) and any(model in _key(name) for name in named)


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _strings(content: object) -> Iterator[str]:
    """Yield every key and text of nested JSON."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from map(str, content)
        for value in content.values():
            yield from _strings(value)
    elif isinstance(content, Sequence):
        for value in content:
            yield from _strings(value)
