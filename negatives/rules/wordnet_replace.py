"""FSC-CLIP's replacements: a word of the scene graph is replaced by a WordNet neighbour.

The recipe of FSC-CLIP (Oh et al. 2024), after SugarCrepe's REPLACE: for each element of the
caption's scene graph two replacements are drawn without repetition, weighted by frequency, and one
of all drawn is kept. The weights here are the expected number of times that each replacement is
drawn, so they are comparable across all slots of a caption: one weighted draw from all alternatives
is one negative of the recipe.

Two differences: the published code caches SemCor's counts by a lemma's name, for whichever sense
came first, so that its weights depend on earlier captions; here each sense has its own count. And
slurs, abuse and obscenities (`tables/refused.txt`), some of them frequent neighbours of "man" and
"woman", are excluded.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from data.edits import Edit, Replacement, text_at
from negatives.grammar.scene_graph import Element, scene_graph
from negatives.parse import Parse
from negatives.slots import Lazy, Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_LEXICAL_POS = {
    "NOUN": "NOUN",
    "PROPN": "NOUN",
    "PRON": "NOUN",
    "VERB": "VERB",
    "ADJ": "ADJ",
    "ADV": "ADV",
}
_DRAWS_PER_ELEMENT = 2


class _Pool(NamedTuple):
    """Replacements of a word, and how often each is expected among an element's draws."""

    names: tuple[str, ...]
    weights: Sequence[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class WordnetReplace:
    """ "a dog on the sofa" -> "a dog under the sofa".

    One slot per element: entities (obj: the head noun), their modifiers (att), and the verbs (act)
    and other words (rel: mostly prepositions, including multi-word ones) that relate two entities.
    Captions with fewer than two entities, or with neither a modifier nor a relation, have none. The
    recipe's choice is not exchangeable.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each element of the scene graph that has a replacement."""
        graph = scene_graph(
            parse, lexicon=self.lexicon, phrasal_verbs=_table("phrasal_verbs.txt").keys()
        )
        if len(graph.entities) < 2 or not (graph.relations or graph.modifiers):
            return
        for element in graph.entities:
            yield from self._slots(parse, element, "obj")
        for element in graph.modifiers:
            yield from self._slots(parse, element, "att")
        for element in graph.relations:
            verb = parse.tokens[element.root].pos == "VERB"
            yield from self._slots(parse, element, "act" if verb else "rel")

    def _slots(self, parse: Parse, element: Element, subtype: str) -> Iterator[Slot]:
        """Yield the element's slot, if any; weights sum to 2 (1 for a single replacement)."""
        root = parse.tokens[element.root]
        if root.pos == "ADP":
            start, end = parse.tokens[element.first].start, parse.tokens[element.last].end
            form = text_at(parse.text, start, end)
            names, weights = _prepositions(form.lower())
        elif root.pos in _LEXICAL_POS:
            start, end, form = root.start, root.end, root.text
            lemma = self.lexicon.lemma(form, root.tag)
            pos = _LEXICAL_POS[root.pos]
            names, weights = _neighbours(self.lexicon, form.lower(), pos, lemma)
        else:
            return
        if not names:
            return
        if element.num_pairs > 1:
            weights = [element.num_pairs * weight for weight in weights]

        def make(index: int) -> Edit:
            new = _match_case(self._inflect(names[index], root.tag), form)
            return Edit((Replacement(start, end, new),))

        yield Slot(
            rule="wordnet_replace",
            type="replace",
            subtype=subtype,
            alternatives=Lazy(len(names), make),
            reversible=False,
            weights=weights,
        )

    def _inflect(self, name: str, tag: str) -> str:
        """Return the form for the tag; several words, or a word without one, stay unchanged.

        A form that is not an English word was made by rule for a word without one ("w.c.s").
        Capitals of a name stay ("ATM", "ATMs").
        """
        form = None if " " in name else self.lexicon.inflect(name, tag)
        if form is None or self.lexicon.english_share((form,)) < 1:
            return name
        lower = name.lower()
        return name + form.removeprefix(lower) if name != lower and form.startswith(lower) else form


def _match_case(new: str, old: str) -> str:
    if old.isupper():
        return new.upper()
    return new.title() if old.istitle() and new == new.lower() else new


@lru_cache(maxsize=4096)  # a common noun has 1,000 neighbours: 16 kB, and 1 ms to find
def _neighbours(lexicon: Lexicon, form: str, pos: str, lemma: str) -> _Pool:
    """Return the neighbours of a lower-case form, except its own lemma, with expected draws."""
    found = [item for item in lexicon.neighbours(form, pos) if not is_refused(item[0])]
    expected = _expected_draws([weight for _, weight in found])
    others = [
        (name, weight)
        for (name, _), weight in zip(found, expected, strict=True)
        if name.lower() not in {form, lemma}
    ]
    return _Pool(tuple(name for name, _ in others), array("d", (weight for _, weight in others)))


def is_refused(name: str) -> bool:
    """Tell whether a name, or one of its words, is on the list of excluded words."""
    lower = name.lower()
    return not _refused_names().isdisjoint((lower, *lower.replace("-", " ").split()))


@cache
def _refused_names() -> frozenset[str]:
    return frozenset().union(*word_sets("refused").values())


@lru_cache(maxsize=256)
def _prepositions(own: str) -> _Pool:
    """Return the prepositions, without `own`, each with its expected draws."""
    others = {
        name: int(weight) for name, weight in _table("prepositions.txt").items() if name != own
    }
    return _Pool(tuple(others), array("d", _expected_draws(list(others.values()))))


@cache
def _table(name: str) -> dict[str, str]:
    """Return word -> second column ("" for none) of a table shipped with the package."""
    text = resources.files("negatives").joinpath("tables", name).read_text("utf-8")
    rows = (line.partition("\t") for line in text.splitlines() if not line.startswith("#"))
    return {word: value for word, _, value in rows}


def _expected_draws(weights: Sequence[int]) -> list[float]:
    """Return the expected number of times that each is in two weighted draws without repetition.

    First, or second after any other: p_i + sum over j != i of p_j p_i / (1 - p_j).
    """
    if len(weights) <= _DRAWS_PER_ELEMENT:
        return [1.0] * len(weights)
    total = sum(weights)
    odds = [weight / (total - weight) for weight in weights]
    all_odds = sum(odds)
    return [
        weight / total * (1 + all_odds - own) for weight, own in zip(weights, odds, strict=True)
    ]
