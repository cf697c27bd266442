"""What gives negatives away: the adversary on words and on form, and the language-model gap.

The bars are for a set that teaches composition only; at 0.5 a reader can only guess.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.measures.adversary import (
    Indices,
    Reader,
    TableReader,
    distinct_texts,
    folds_of,
    held_out_margins,
    wins_of,
    word_reader,
)
from data.measures.intervals import share_interval
from negatives.auditing.findings import OVERALL, Bar, Finding
from negatives.auditing.forms import VowelSound, form_of, numbers_of
from negatives.auditing.gap import ReferenceModel, gap_wins
from negatives.auditing.pairs import Pair

WORDS: Final = Bar(0.45, 0.55)
FORM: Final = Bar(0.48, 0.52)
FLUENCY: Final = Bar(0.40, 0.60)
FLUENCY_OF_TYPE: Final = Bar(0.35, 0.65)
LEAST_GROUPS: Final = 50
"""Images that an adversary needs for its training."""

Wins = NDArray[np.float64]


def word_findings(pairs: Sequence[Pair], *, seed: int) -> Iterator[Finding]:
    """Yield how often an adversary that reads words is right, trained on all pairs together."""
    yield from _adversary("words", pairs, seed=seed, bar=WORDS, form=None)


def word_findings_by_type(pairs: Sequence[Pair], *, seed: int) -> Iterator[Finding]:
    """Yield the same for adversaries trained on the pairs of one type alone.

    What gives one type away may be common in another, so a single adversary could not use it.
    """
    types = _types(pairs)
    for name in types if len(types) > 1 else ():
        of_type = [pair for pair in pairs if pair.type == name]
        found = _adversary("words of one type", of_type, seed=seed, bar=None, form=None)
        overall = next(found)
        yield overall._replace(group=name)


def form_findings(
    pairs: Sequence[Pair], *, seed: int, vowel_sound: VowelSound
) -> Iterator[Finding]:
    """Yield how often an adversary is right that knows only the form of texts."""
    yield from _adversary("form", pairs, seed=seed, bar=FORM, form=vowel_sound)


def words_of_pairs(
    measure: str, pairs: Sequence[Pair], *, seed: int, bar: Bar | None
) -> Iterator[Finding]:
    """Yield how often an adversary that reads words tells the two sides of these pairs apart."""
    return _adversary(measure, pairs, seed=seed, bar=bar, form=None)


def forms_of_pairs(
    measure: str, pairs: Sequence[Pair], *, seed: int, bar: Bar | None, vowel_sound: VowelSound
) -> Iterator[Finding]:
    """Yield how often one that knows only their form does."""
    return _adversary(measure, pairs, seed=seed, bar=bar, form=vowel_sound)


def fluency_findings(pairs: Sequence[Pair], reference: ReferenceModel) -> Iterator[Finding]:
    """Yield how often the reference model prefers the caption."""
    if not pairs:
        yield missing_finding("fluency", "no pairs", bar=FLUENCY)
        return
    wins = gap_wins(pairs, reference)
    yield from by_group("fluency", pairs, wins, bar=FLUENCY, bar_of_type=FLUENCY_OF_TYPE)


def missing_finding(measure: str, why: str, *, bar: Bar | None, num: int = 0) -> Finding:
    """Return the finding of a measure that could not be taken."""
    return Finding(measure, OVERALL, None, None, None, num, bar, why)


def by_group(
    measure: str,
    pairs: Sequence[Pair],
    wins: Wins,
    *,
    bar: Bar | None,
    bar_of_type: Bar | None,
) -> Iterator[Finding]:
    """Yield the share of wins overall, by type, and by subtype if a type has several."""
    groups = np.array([pair.group for pair in pairs], np.int64)
    names: Mapping[str, NDArray[np.bool_]] = {
        OVERALL: np.ones(len(pairs), np.bool_),
        **{name: np.array([name in {p.type, p.kind} for p in pairs]) for name in _kinds(pairs)},
    }
    for name, chosen in names.items():
        found = share_interval(wins[chosen], groups[chosen])
        yield Finding(
            measure,
            name,
            found.value,
            found.low,
            found.high,
            int(chosen.sum()),
            bar if name == OVERALL else bar_of_type,
        )


def _adversary(
    measure: str, pairs: Sequence[Pair], *, seed: int, bar: Bar | None, form: VowelSound | None
) -> Iterator[Finding]:
    groups = np.array([pair.group for pair in pairs], np.int64)
    num_groups = len(np.unique(groups))
    if num_groups < LEAST_GROUPS:
        why = (
            f"{num_groups} groups of images with pairs; an adversary is trained on {LEAST_GROUPS} "
            "or more"
        )
        yield missing_finding(measure, why, bar=bar, num=len(pairs))
        return
    margins = adversary_margins(pairs, [folds_of(groups, seed)], form=form)
    yield from by_group(measure, pairs, wins_of(margins), bar=bar, bar_of_type=bar)


def adversary_margins(
    pairs: Sequence[Pair], foldings: Sequence[Indices], *, form: VowelSound | None
) -> NDArray[np.float64]:
    """Return by how much each of N captions scores above its negative, read by words or by form.

    `foldings`: one or several ways to divide the pairs into folds. The pairs of a fold are scored
    by an adversary trained on the other folds; margins are means over the foldings.
    """
    texts, captions, negatives = distinct_texts(
        [pair.caption for pair in pairs], [pair.text for pair in pairs]
    )
    reader: Reader
    if form is None:
        reader = word_reader(texts)
    else:
        reader = TableReader(np.array([numbers_of(form_of(text, form)) for text in texts]))
    margins = [held_out_margins(reader, captions, negatives, folds) for folds in foldings]
    mean: NDArray[np.float64] = np.mean(margins, axis=0)
    return mean


def _types(pairs: Sequence[Pair]) -> list[str]:
    return sorted({pair.type for pair in pairs})


def _kinds(pairs: Sequence[Pair]) -> list[str]:
    """Return types, each followed by its kinds if it has several."""
    kinds = {name: sorted({p.kind for p in pairs if p.type == name}) for name in _types(pairs)}
    return [
        name
        for kind, subkinds in kinds.items()
        for name in (kind, *(subkinds if len(subkinds) > 1 else ()))
    ]
