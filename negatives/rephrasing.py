"""Positives for captions in memory: `negatives.rephrase`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, overload

from data.errors import UsageError
from data.records import Caption, Positive
from data.texts import is_unicode
from negatives.api import id_of, texts_in
from negatives.choose import Chosen
from negatives.config import build_config
from negatives.models import model_name
from negatives.policy import PairPolicy
from negatives.positives import DEFAULTS, POSITIVE_RULES
from negatives.positives.choosing import (
    FoundPositives,
    PositiveChooser,
    choose_positives,
    positive_chooser,
)
from negatives.spacy_parse import parse_texts

_BATCH = 256
_NO_NEGATIVES = Chosen((), (), Counter())


@overload
def rephrase(  # type: ignore[overload-overlap]  # a text is an iterable of texts too
    captions: str,
    *,
    rules: Sequence[str | Mapping[str, Any]] | None = None,
    seed: int | None = None,
) -> list[Positive]: ...
@overload
def rephrase(
    captions: Iterable[str],
    *,
    rules: Sequence[str | Mapping[str, Any]] | None = None,
    seed: int | None = None,
) -> Iterator[tuple[str, list[Positive]]]: ...
def rephrase(
    captions: str | Iterable[str],
    *,
    rules: Sequence[str | Mapping[str, Any]] | None = None,
    seed: int | None = None,
) -> list[Positive] | Iterator[tuple[str, list[Positive]]]:
    """Return the positives of one caption, or an iterator over many captions and their positives.

    A positive is an edit that leaves the caption true. All positives that the rules find are
    returned; a build writes fewer, so that changes in both directions are equally frequent.

    Args:
        captions: one caption, or an iterable of captions.
        rules: names of the rules, or `{"rule": NAME, ...}`; if None all that need nothing but
            the caption.
        seed: the seed of the draw among a slot's alternatives; 0 if None.

    Returns:
        A list of `Positive`; empty where no rule applies, and for a caption that is not valid
        Unicode or too long.

    Raises:
        UsageError: a rule is unknown or needs more than the caption, or `captions` is neither a
            text nor an iterable of texts.
    """
    config = build_config({"negatives": {"positives": True if rules is None else tuple(rules)}})
    for spec in config.positives:
        if spec["rule"] in POSITIVE_RULES and spec["rule"] not in DEFAULTS:
            raise UsageError(
                f"rephrase: {spec['rule']} needs a language model or a source, as a build has "
                f"them; expected rules among {', '.join(DEFAULTS)}"
            )
    chooser = positive_chooser(config.positives, PairPolicy(), seed or 0, first_number=0)
    texts = [str(captions)] if isinstance(captions, str) else texts_in(captions)

    def found() -> Iterator[tuple[str, list[Positive]]]:
        left = iter(texts)
        while batch := list(islice(left, _BATCH)):
            turned = _turn(batch, chooser, config.negatives.max_characters)
            yield from ((text, list(turned[text].positives) if text in turned else [])
                        for text in batch)  # fmt: skip

    return next(found())[1] if isinstance(captions, str) else found()


def _turn(texts: Sequence[str], chooser: PositiveChooser, most: int) -> dict[str, FoundPositives]:
    usable = [text for text in texts if is_unicode(text) and len(text) <= most]
    parses = parse_texts(usable, model=model_name(), batch_size=_BATCH)
    block = [
        (Caption(id_of(text), "", text), parse) for text, parse in zip(usable, parses, strict=True)
    ]
    chosen = [_NO_NEGATIVES] * len(block)
    found = choose_positives(block, chosen, chooser, (), even=False)
    return dict(zip(usable, found, strict=True))
