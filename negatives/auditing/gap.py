"""The language-model gap: how often a language model prefers the caption to its negative."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.manifest import Manifest
from data.measures.adversary import wins_of
from negatives.auditing.pairs import Pair

_SAME_WEIGHTS: Final = re.compile(
    r"[-_.:](?:"
    r"instruct|chat|base|it|"  # tuned from them
    r"gguf|ggml|gptq|awq|exl[23]|mlx|onnx|bnb|hf|latest|"  # in another format
    r"i?q\d(?:_(?:[01k]|nl|x{0,2}s|m|l))*|(?:int|fp|bf|f)(?:4|8|16|32)|w\d+a\d+|\d-?bit"
    r")(?=[-_.:]|$)"
)
_VERSION: Final = re.compile(  # as `causal_versions` appends it to the name
    r"\s(?:\S+ of \S|sha256 |unknown revision|[0-9a-f]{40}\b).*"
)
_EQUAL: Final = 1e-6  # nats; smaller differences are rounding errors


class ReferenceModel(Protocol):
    """A language model that reads whole texts."""

    @property
    def name(self) -> str:
        """Return the model's name, for example "SmolLM2-135M"."""

    @property
    def version(self) -> str:
        """Return what distinguishes its weights from those of another version."""

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """Return the natural logarithm of each text's probability."""


def gap_wins(pairs: Sequence[Pair], reference: ReferenceModel) -> NDArray[np.float64]:
    """Return for each of N pairs 1 if the caption is the more probable, 0 if not, 0.5 for a tie.

    Raises:
        UsageError: the model gave no number for a text.
    """
    return wins_of(gap_margins(pairs, reference))


def gap_margins(pairs: Sequence[Pair], reference: ReferenceModel) -> NDArray[np.float64]:
    """Return by how many nats each of N captions is the more probable; 0 for a tie.

    Raises:
        UsageError: as `gap_wins`.
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.caption, pair.text)))
    scores = dict(zip(texts, reference.log_probabilities(texts), strict=True))
    ahead = np.array([scores[pair.caption] - scores[pair.text] for pair in pairs], np.float64)
    if np.isnan(ahead).any():
        raise UsageError(
            f"{reference.name}: expected log probabilities, "
            f"found none for {np.isnan(ahead).sum()} of "
            f"{len(pairs)} pairs; use another reference model"
        )
    ahead[np.abs(ahead) < _EQUAL] = 0
    return ahead


def is_scorer(reference_name: str, manifest: Manifest) -> bool:
    """Tell whether a build used this model, so that it is not an independent reference.

    Whole names are compared, regardless of spelling. A model tuned from the same weights
    ("-Instruct") counts as the same, and so do its other formats ("-GGUF", ".Q4_1"). For merged or
    filtered folders the models of their parents count too, and so does the model of a repair.
    """
    model = _key(reference_name)
    fields = ("versions", "config", "producers", "lineage")
    content = {field: getattr(manifest, field) for field in fields}
    return bool(model) and any(_key(name) == model for name in _models(content))


def _models(content: object) -> Iterator[str]:
    """Yield the names of language models in a manifest or in an entry of its lineage."""
    versions = _at(content, "versions")
    for role, scorer in versions.items() if isinstance(versions, Mapping) else ():
        if isinstance(scorer, str) and role.partition(" ")[0] == "scorer":
            before_version = _VERSION.sub("", scorer)
            yield before_version if before_version != scorer else scorer.partition(" ")[0]
    negatives = _at(content, "config", "negatives")  # `scorer`: before 2026-11-30
    makers = [_at(negatives, "scorer"), _at(negatives, "llm")]
    makers += _items(_at(negatives, "choice", "scorers"))
    for maker in (*makers, *_items(_at(content, "producers"))):
        name = _at(maker, "model")
        if isinstance(name, str):
            yield name
    for entry in _items(_at(content, "lineage")):
        repaired_by = _at(entry, "reference", "model")
        if isinstance(repaired_by, str):
            yield repaired_by
        for parent in (_at(entry, "parent"), *_items(_at(entry, "parents"))):
            yield from _models(parent)


def _key(name: str) -> str:
    """Return the name of weights without owner and format, in one spelling."""
    last = name.rstrip("/").rpartition("/")[2]
    return re.sub(r"[\W_]+", "", _SAME_WEIGHTS.sub("", last.casefold()))


def _at(content: object, *keys: str) -> object:
    """Return the value under keys of nested JSON, None if there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def _items(content: object) -> Sequence[object]:
    return content if isinstance(content, list | tuple) else ()
