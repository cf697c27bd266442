"""Whether negatives are still true, by captions of their images that no step of the build has read.

sibling_truth.py has the method; this file finds and parses the captions and applies it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from data.records import Caption, Negative, Row, Skip
from data.streams import Stream
from data.texts import normalise
from negatives.auditing.findings import OVERALL, Finding
from negatives.auditing.sibling_truth import (
    Answer,
    Assertions,
    Truth,
    by_fact,
    by_kind,
    change_of,
    find_in_held_out,
)
from negatives.fluency.folds import image_key
from negatives.fluency.words import hash_of
from negatives.negation.clauses import RULE, counterpart_of, denies

Reader = Callable[[Sequence[str]], Iterable[Assertions]]
HeldOut = Mapping[str, Sequence[str]]
"""Texts of captions that a folder does not have, by the key of their image."""

NAME = "still true"
MOST_CHARACTERS = 10_000  # of a caption; no build keeps longer ones


class Seen:
    """Which captions of which images a folder has; keeps some 60 bytes a caption."""

    def __init__(self) -> None:
        """Start with no rows."""
        self._seen: set[int] = set()

    def add(self, row: Row) -> None:
        """Add a row."""
        self._seen.add(_hash_of(Caption(row.id, row.image, row.caption)))

    def has(self, caption: Caption) -> bool:
        """Tell whether the folder has this caption of this image."""
        return _hash_of(caption) in self._seen


def _hash_of(caption: Caption) -> int:
    return hash_of(f"{image_key(caption)} {normalise(caption.text)}")


def find_held_out(captions: Iterable[Caption | Skip], rows: Sequence[Row], seen: Seen) -> HeldOut:
    """Return the captions of the rows' images that a folder does not have, unless too long."""
    found: dict[str, list[str]] = {_image_of(row): [] for row in rows if len(row.images) < 2}
    for caption in captions:
        if not isinstance(caption, Caption) or len(caption.text) > MOST_CHARACTERS:
            continue
        if not seen.has(caption):
            key = image_key(caption)
            if key in found:
                found[key].append(caption.text)
    return {image: texts for image, texts in found.items() if texts}


def _image_of(row: Row) -> str:
    return image_key(Caption(row.id, row.image, row.caption))


class _Asked(NamedTuple):
    """A negative of a row whose image has held-out captions, and the true text beside it."""

    image: str
    true: str
    negative: Negative

    @property
    def kind(self) -> str:
        """Return type and subtype as one name."""
        return f"{self.negative.type}/{self.negative.subtype}"


def still_true(
    rows: Sequence[Row],
    held_out: HeldOut,
    *,
    max_per_kind: int,
    seed: int,
    read: Reader,
) -> Iterator[Finding]:
    """Yield how often negatives are still true: by kind, and overall, weighted by their numbers.

    A clause of the rule absence, "there is a cat", is compared with the row's true "there is a
    frisbee": it is still true as often as the row's true "there is no cat" is false.

    `max_per_kind`: at most this many negatives of each kind are checked. `read`: returns what texts
    assert.
    """
    pairs = [
        _Asked(_image_of(row), counterpart_of(row, negative), negative)
        for row in rows
        if len(row.images) < 2 and _image_of(row) in held_out
        for negative in row.negatives
        if negative.rule != RULE or not denies(negative)  # what it denies is there
    ]
    kinds = [each.kind for each in pairs]
    asked = [pairs[index] for index in _sample_indices(kinds, max_per_kind, seed)]
    if not asked:
        why = "no image of a negative has a caption that the folder does not have"
        yield Finding(NAME, OVERALL, None, None, None, 0, None, why)
        return
    truths = by_kind(_answers(asked, held_out, read))
    truths = {kind: truth for kind, truth in truths.items() if kind != "all"}
    if not truths:
        why = "too few captions mention what was replaced"
        yield Finding(NAME, OVERALL, None, None, None, len(asked), None, why)
        return
    yield _overall(truths, Counter(kinds))
    for kind, truth in truths.items():
        why = (
            f"{truth.inserted.value:.3f} mention the new, {truth.removed.value:.3f} the old; "
            f"captions of another image mention the new in {truth.chance.value:.3f}"
        )
        yield Finding(NAME, kind, *truth.still_true, truth.num_answers, None, why)


def _sample_indices(kinds: Sequence[str], max_per_kind: int, seed: int) -> list[int]:
    """Return indices of at most `max_per_kind` pairs of each kind, drawn at random, in order."""
    order = Stream(seed, "audit", NAME).shuffled(range(len(kinds)))
    indices: dict[str, list[int]] = {}
    for index in order:
        indices.setdefault(kinds[index], []).append(index)
    return sorted(index for found in indices.values() for index in found[:max_per_kind])


def _overall(truths: Mapping[str, Truth], num_of: Mapping[str, int]) -> Finding:
    """Return the mean over kinds, weighted by their numbers of negatives.

    Kinds are measured independently, so the squares of their half-widths add up.
    """
    total = sum(num_of[kind] for kind in truths)
    weights = {kind: num_of[kind] / total for kind in truths}
    value = sum(weights[kind] * truth.still_true.value for kind, truth in truths.items())
    half = sqrt(sum(
        (weights[kind] * (truth.still_true.high - truth.still_true.value)) ** 2
        for kind, truth in truths.items()
    ))  # fmt: skip
    num_answers = sum(truth.num_answers for truth in truths.values())
    return Finding(NAME, OVERALL, value, max(0.0, value - half), value + half, num_answers, None)


def _answers(asked: Sequence[_Asked], held_out: HeldOut, read: Reader) -> Iterator[Answer]:
    images = list(dict.fromkeys(each.image for each in asked))
    numbers = {image: number for number, image in enumerate(images)}
    texts = [text for each in asked for text in (each.true, each.negative.text)]
    texts += [text for image in images for text in held_out[image]]
    distinct = list(dict.fromkeys(texts))
    said = dict(zip(distinct, read(distinct), strict=True))
    for each in asked:
        image, true, negative = each
        change = change_of(said[true], said[negative.text])
        facts = by_fact(negative.type, negative.subtype)
        elsewhere = images[(numbers[image] + len(images) // 2) % len(images)]
        other = find_in_held_out(change, said[held_out[elsewhere][0]], by_fact=facts)
        for sibling in _others(held_out[image], said, said[true]):
            answer = find_in_held_out(change, sibling, by_fact=facts)
            if answer is not None:
                yield Answer(each.kind, numbers[image], *answer, other is not None and other[0])


def _others(
    texts: Sequence[str], said: Mapping[str, Assertions], own: Assertions
) -> Iterator[Assertions]:
    """Yield what captions assert, without those that assert the same as the caption itself."""
    return (said[text] for text in texts if said[text] != own)
