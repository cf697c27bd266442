"""Classes of words that exclude each other: the reader of `tables/classes`, and a fallback.

The classes in `tables/classes/*.txt` are hand-written. `tables/things.txt`, made by
`words.wordnet`, adds common nouns below the synsets of `tables/anchors.txt` that the hand-written
classes lack. Both have lines of `name: lemma, lemma, ...`.
"""

from collections import Counter
from collections.abc import Mapping

from negatives.words.senses import POS_OF_LIST, Meaning, Senses

Class = tuple[str, tuple[str, ...]]
"""A name and the sorted members."""
NO_CLASS: Class = ("", ())
SMALLEST_CLASS = 4
"""Minimum size of a fallback class; smaller ones would repeat one alternative everywhere."""
GENERAL = 3
"""A word with this many hyponyms in its class is too general to exclude them."""


def read_classes(table: str) -> dict[str, Class]:
    """Return lemma -> (class name, members) from lines of `name: lemma, lemma, ...`.

    Raises:
        ValueError: a lemma is in two classes, or a line has no name.
    """
    classes: dict[str, Class] = {}
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, listed = line.partition(":")
        members = tuple(sorted(lemma.strip() for lemma in listed.split(",") if lemma.strip()))
        if not colon or not members:
            raise ValueError(f"expected 'name: lemma, lemma', found {line!r}")
        found = (name.strip(), members)
        for lemma in members:
            if classes.setdefault(lemma, found) is not found:
                raise ValueError(f"{lemma!r} is in {classes[lemma][0]!r} and in {name!r}")
    return classes


def with_fallback(
    curated: Mapping[str, Class],
    fallback: Mapping[str, Class],
) -> dict[str, Class]:
    """Return the curated classes, plus those of `fallback` for other lemmas."""
    classes = dict(curated)
    for name, members in dict.fromkeys(fallback.values()):
        rest = tuple(lemma for lemma in members if lemma not in curated)
        if len(rest) >= SMALLEST_CLASS:
            classes.update(dict.fromkeys(rest, (name, rest)))
    return classes


def things_of(
    senses: Senses, nouns: Mapping[str, int], anchors: Mapping[str, list[int]]
) -> dict[str, list[str]]:
    """Return class name -> common nouns whose first sense is below one of its synsets.

    Members of a class exclude each other: general words are removed first, then the rarer of any
    two that may be true of one thing. A noun belongs to the first class that fits.
    """
    found: dict[str, dict[str, Meaning]] = {name: {} for name in anchors}
    for noun in sorted(nouns):
        if not mostly_noun(noun, senses):
            continue
        first = senses.synsets(noun, "NOUN")[0]
        closure = senses.closure([first])
        for name, tops in anchors.items():
            if first not in tops and not closure.isdisjoint(tops):
                found[name][noun] = Meaning(frozenset((first,)), closure)
                break
    classes = {name: exclusive(members, nouns, senses) for name, members in found.items()}
    return {name: nouns for name, nouns in classes.items() if len(nouns) >= SMALLEST_CLASS}


def mostly_noun(noun: str, senses: Senses) -> bool:
    """Tell whether a word is usually a noun, in its first sense."""
    counts = {pos: [c for _, c in senses.uses(noun, pos)] for pos in POS_OF_LIST.values()}
    uses, others = counts["NOUN"], sum(map(sum, counts.values())) - sum(counts["NOUN"])
    unsure = not sum(uses) and any(counts[pos] for pos in ("VERB", "ADJ"))
    return not unsure and 2 * uses[0] >= sum(uses) and sum(uses) >= 2 * others


def exclusive(
    members: Mapping[str, Meaning], counts: Mapping[str, int], senses: Senses
) -> list[str]:
    """Return members no two of which may be true of one thing, preferring common ones."""
    below = Counter(s for meaning in members.values() for s in meaning.closure - meaning.synsets)
    kept: list[str] = []
    for noun in sorted(members, key=lambda noun: (-counts[noun], noun)):
        if any(below[synset] >= GENERAL for synset in members[noun].synsets):
            continue
        meaning = senses.meaning(noun, "NOUN")
        if not any(meaning.overlaps(senses.meaning(other, "NOUN")) for other in kept):
            kept.append(noun)
    return sorted(kept)
