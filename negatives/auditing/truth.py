"""Whether negatives are still true, by captions of their images that no step of the build has read.

The method is that of sibling_truth.py; here captions are found, parsed and asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from data.records import Caption, Negative, Row, Skip
from data.streams import Stream
from data.texts import normalised
from negatives.auditing.findings import OVERALL, Finding
from negatives.auditing.sibling_truth import (
    Answer,
    Said,
    Truth,
    answered,
    by_fact,
    by_kind,
    change_of,
)
from negatives.fluency.folds import image_key
from negatives.fluency.words import hash_of

Reader = Callable[[Sequence[str]], Iterable[Said]]
HeldOut = Mapping[str, Sequence[str]]
"""Texts of captions that a folder does not have, by the key of their image."""

NAME = "still true"


class Seen:
    """Which captions of which images a folder has; keeps some 60 bytes a caption."""

    def __init__(self) -> None:
        """Start with none."""
        self._seen: set[int] = set()

    def add(self, row: Row) -> None:
        """Take up a row."""
        self._seen.add(_hash_of(Caption(row.id, row.image, row.caption)))

    def has(self, caption: Caption) -> bool:
        """Tell whether the folder has this caption of this image."""
        return _hash_of(caption) in self._seen


def _hash_of(caption: Caption) -> int:
    return hash_of(f"{image_key(caption)} {normalised(caption.text)}")


def find_held_out(captions: Iterable[Caption | Skip], rows: Sequence[Row], seen: Seen) -> HeldOut:
    """Return the captions of the rows' images that a folder does not have."""
    found: dict[str, list[str]] = {_image_of(row): [] for row in rows}
    for caption in captions:
        if isinstance(caption, Caption) and not seen.has(caption):
            key = image_key(caption)
            if key in found:
                found[key].append(caption.text)
    return {image: texts for image, texts in found.items() if texts}


def _image_of(row: Row) -> str:
    return image_key(Caption(row.id, row.image, row.caption))


class _Asked(NamedTuple):
    """A negative of a row whose image has captions to be asked."""

    image: str
    caption: str
    negative: Negative


def still_true(
    rows: Sequence[Row],
    held_out: HeldOut,
    *,
    num_pairs: int,
    seed: int,
    read: Reader,
) -> Iterator[Finding]:
    """Yield how often negatives are still true: overall, and by kind.

    `num_pairs`: so many negatives are asked about, all if there are no more. `read`: tells what
    texts say.
    """
    pairs = [
        _Asked(_image_of(row), row.caption, negative)
        for row in rows
        if _image_of(row) in held_out
        for negative in row.negatives
    ]
    order = Stream(seed, "audit", NAME).shuffled(range(len(pairs)))[:num_pairs]
    asked = [pairs[place] for place in sorted(order)]
    if not asked:
        why = "no image of a negative has a caption that the folder does not have"
        yield Finding(NAME, OVERALL, None, None, None, 0, None, why)
        return
    truths = by_kind(_answers(asked, held_out, read))
    if not truths:
        why = "too few captions say what was replaced"
        yield Finding(NAME, OVERALL, None, None, None, len(asked), None, why)
    for kind, truth in truths.items():
        yield _finding(OVERALL if kind == "all" else kind, truth)


def _finding(group: str, truth: Truth) -> Finding:
    why = (
        f"said: the new {truth.inserted.value:.3f}, the old {truth.removed.value:.3f}, "
        f"of another image {truth.chance.value:.3f}"
    )
    return Finding(NAME, group, *truth.still_true, truth.num_answers, None, why)


def _answers(asked: Sequence[_Asked], held_out: HeldOut, read: Reader) -> Iterator[Answer]:
    images = list(dict.fromkeys(each.image for each in asked))
    numbers = {image: number for number, image in enumerate(images)}
    texts = [text for each in asked for text in (each.caption, each.negative.text)]
    texts += [text for image in images for text in held_out[image]]
    distinct = list(dict.fromkeys(texts))
    said = dict(zip(distinct, read(distinct), strict=True))
    for image, caption, negative in asked:
        change = change_of(said[caption], said[negative.text])
        facts = by_fact(negative.type, negative.subtype)
        elsewhere = images[(numbers[image] + len(images) // 2) % len(images)]
        other = answered(change, said[held_out[elsewhere][0]], by_fact=facts)
        for sibling in _others(held_out[image], said, said[caption]):
            answer = answered(change, sibling, by_fact=facts)
            if answer is not None:
                kind = f"{negative.type}/{negative.subtype}"
                yield Answer(kind, numbers[image], *answer, other is not None and other[0])


def _others(texts: Sequence[str], said: Mapping[str, Said], own: Said) -> Iterator[Said]:
    """Yield what captions say, but for those that say what the caption itself says."""
    return (said[text] for text in texts if said[text] != own)
