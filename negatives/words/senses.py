"""WordNet as frozen arrays: senses, relations, FSC-CLIP's neighbours.

`tables/wordnet.zip`, made by `words.wordnet`, holds lists of names (text, sorted) and relations
(pairs of little-endian unsigned 32-bit numbers, sorted by the first: a column of sources, a column
of targets). An entry is a (part of speech, lower-case lemma), numbered in the order of the lists
`noun verb adj adv`; a member is a (synset, word) with the word's own capitals.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from zipfile import ZipFile

POS_OF_LIST = {"noun": "NOUN", "verb": "VERB", "adj": "ADJ", "adv": "ADV"}
RELATIONS = ("sense", "member", "hypernym", "hyponym", "similar", "also", "antonym", "derived")
FIRST_SENSES = 3
"""Number of senses that count as a lemma's first ones, plus others with a sufficient share of
counts.
"""
FIRST_SHARE = 0.1
SUBSTITUTIONS = {
    "NOUN": (
        ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
        ("shes", "sh"), ("men", "man"), ("ies", "y"),
    ),
    "VERB": (
        ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
        ("ing", ""),
    ),
    "ADJ": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "ADV": (),
}  # fmt: skip
"""WordNet's own detachment rules (morphy(7WN)): ending -> ending."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Sorted pairs of numbers; lookup by the first."""

    sources: "array[int]"
    targets: "array[int]"

    def span(self, source: int) -> tuple[int, int]:
        """Return the positions of the source's pairs, half-open."""
        start = bisect_left(self.sources, source)
        return start, bisect_right(self.sources, source, start)

    def of(self, source: int) -> "array[int]":
        """Return the targets of the source, in the table's order."""
        start, end = self.span(source)
        return self.targets[start:end]


@dataclass(frozen=True, slots=True)
class Meaning:
    """Data for `compatible`: a lemma's first synsets, and everything that these imply."""

    synsets: frozenset[int]
    closure: frozenset[int]

    def overlaps(self, other: "Meaning") -> bool:
        """Tell whether one's synsets are implied by the other."""
        return not (
            self.synsets.isdisjoint(other.closure) and other.synsets.isdisjoint(self.closure)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Senses:
    """WordNet's senses and relations; read-only, safe in threads and after a fork.

    `entries[pos][lemma]` numbers the entries; `words` are the members' words, `counts` their SemCor
    counts, one per member; `irregular[pos][form]` are WordNet's exception lists.
    """

    entries: Mapping[str, Mapping[str, int]]
    irregular: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: tuple[str, ...]
    counts: "array[int]"
    relations: Mapping[str, Relation]

    def synsets(self, lemma: str, pos: str) -> "array[int]":
        """Return the synsets of a lemma, the most frequent sense first; empty for unknown words."""
        entry = self.entries.get(pos, {}).get(lemma.lower())
        return array("I") if entry is None else self.relations["sense"].of(entry)

    def uses(self, lemma: str, pos: str) -> list[tuple[str, int]]:
        """Return, for each sense, WordNet's spelling of the lemma and its SemCor count."""
        wanted = lemma.lower()
        return [
            (self._word(m), self.counts[m])
            for synset in self.synsets(wanted, pos)
            for m in range(*self.relations["member"].span(synset))
            if self._word(m).lower() == wanted
        ]

    def bases(self, form: str, pos: str) -> list[str]:
        """Return the lemmas that WordNet's morphology finds for a form, itself first."""
        form = form.lower()
        found = self.irregular.get(pos, {}).get(form)
        if found is None:
            found = tuple(
                form.removesuffix(old) + new
                for old, new in SUBSTITUTIONS.get(pos, ())
                if form.endswith(old)
            )
        entries = self.entries.get(pos, {})
        return [base for base in dict.fromkeys((form, *found)) if base in entries]

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        """Return the antonyms of the lemma itself, in any sense, sorted."""
        wanted = lemma.lower()
        found: set[str] = set()
        for synset in self.synsets(lemma, pos):
            for member in range(*self.relations["member"].span(synset)):
                if self._word(member).lower() == wanted:
                    found.update(
                        self._word(m).lower() for m in self.relations["antonym"].of(member)
                    )
        return tuple(sorted(found))

    def meaning(self, lemma: str, pos: str) -> Meaning:
        """Return a lemma's first synsets, and their hypernyms, similar and see-also synsets."""
        synsets = self.synsets(lemma, pos)
        counts = [count for _, count in self.uses(lemma, pos)]
        floor = max(FIRST_SHARE * sum(counts), 1)
        first = frozenset(
            synset
            for rank, (synset, count) in enumerate(zip(synsets, counts, strict=False))
            if rank < FIRST_SENSES or count >= floor
        )
        closure = set(self.closure(first))
        for synset in first:
            closure.update(self.relations["similar"].of(synset))
            closure.update(self.relations["also"].of(synset))
        return Meaning(first, frozenset(closure))

    def closure(self, synsets: Iterable[int]) -> frozenset[int]:
        """Return the synsets and all their hypernyms."""
        closure, todo = set(synsets), list(synsets)
        while todo:
            above = [s for s in self.relations["hypernym"].of(todo.pop()) if s not in closure]
            closure.update(above)
            todo += above
        return frozenset(closure)

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """Return FSC-CLIP's replacements of a form and their weights, sorted by name."""
        synsets = [s for base in self.bases(form, pos) for s in self.synsets(base, pos)]
        member, antonym = self.relations["member"], self.relations["antonym"]
        own = {word for synset in synsets for word in member.of(synset)}
        weights: Counter[int] = Counter()
        for synset in synsets:
            opposites = (o for m in range(*member.span(synset)) for o in antonym.of(m))
            for found in (opposites, self._cousins(synset, pos)):
                for m in found:
                    word = member.targets[m]
                    if word not in own:
                        weights[word] += max(self.counts[m], 1)
        return tuple(sorted((self.words[w], weight) for w, weight in weights.items()))

    def _cousins(self, synset: int, pos: str) -> Iterator[int]:
        """Yield the members below the synset's grandparents; an adjective's through its nouns."""
        if pos != "ADJ":
            yield from self._below_grandparents(synset)
            return
        member, derived = self.relations["member"], self.relations["derived"]
        nouns = dict.fromkeys(
            member.sources[other]
            for m in range(*member.span(synset))
            for other in derived.of(m)
            if self._is(member.sources[other], "noun")
        )
        for noun in nouns:
            for m in self._below_grandparents(noun):
                for other in derived.of(m):
                    found = member.sources[other]
                    if found != synset and self._is(found, "adj"):
                        yield other

    def _below_grandparents(self, synset: int) -> Iterator[int]:
        hypernym, hyponym = self.relations["hypernym"], self.relations["hyponym"]
        for parent in hypernym.of(synset):
            for grandparent in hypernym.of(parent):
                for uncle in hyponym.of(grandparent):
                    for cousin in hyponym.of(uncle):
                        if cousin != synset:
                            yield from range(*self.relations["member"].span(cousin))

    def _is(self, synset: int, kind: str) -> bool:
        start, end = self.relations["range"].of(tuple(POS_OF_LIST).index(kind))
        return start <= synset < end

    def _word(self, member: int) -> str:
        return self.words[self.relations["member"].targets[member]]


@dataclass(frozen=True, slots=True, eq=False)
class Recall:
    """Bounded caches for the two queries that walk the graph; one per process."""

    meaning: Callable[[str, str], Meaning]
    neighbours: Callable[[str, str], tuple[tuple[str, int], ...]]


def recall_of(senses: Senses) -> Recall:
    """Return caches over `senses`: 8,192 meanings, 1,024 lists of neighbours."""
    return Recall(lru_cache(8192)(senses.meaning), lru_cache(1024)(senses.neighbours))


def read_senses(data: bytes) -> Senses:
    """Return the tables in the bytes of `wordnet.zip`."""
    with ZipFile(BytesIO(data)) as archive:
        entries: dict[str, dict[str, int]] = {}
        irregular: dict[str, dict[str, tuple[str, ...]]] = {}
        first = 0
        for name, pos in POS_OF_LIST.items():
            lemmas = archive.read(f"{name}.txt").decode().split("\n")[:-1]
            entries[pos] = dict(zip(lemmas, range(first, first + len(lemmas)), strict=True))
            first += len(lemmas)
            rows = (r.split("\t") for r in archive.read(f"{name}.exc").decode().splitlines())
            irregular[pos] = {form: tuple(bases) for form, *bases in rows}
        return Senses(
            entries,
            irregular,
            tuple(archive.read("words.txt").decode().split("\n")[:-1]),
            numbers(archive.read("counts")),
            {
                name: Relation(
                    numbers(archive.read(f"{name}.from")), numbers(archive.read(f"{name}.to"))
                )
                for name in (*RELATIONS, "range")
            },
        )


def numbers(data: bytes) -> "array[int]":
    """Return little-endian unsigned 32-bit numbers as an array."""
    values: array[int] = array("I")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
