"""Numbers: a number of things that the image does not show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from data.edits import Replacement, edit_of
from negatives.grammar.clauses import SUBJECTS, Children, agreeing_verbs, children_of
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_CLASSES = tuple(
    tuple(words.split())
    for words in (
        "one two three four five six",
        "seven eight nine ten eleven twelve",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "1 2 3 4 5 6",
        "7 8 9 10 11 12",
        "20 30 40 50 60 70 80 90",
    )
)
_CLASS_OF = {word: words for words in _CLASSES for word in words}
_ARTICLES = frozenset({"a", "an"})
_SINGULAR = frozenset({"one", "1"}) | _ARTICLES

_ODD_FOR_ONE = frozenset({"between", "among", "amongst", "amid"})
_NOT_ONE_THING = frozenset({"compound", "poss", "npadvmod", "nmod", "quantmod"})
_DETERMINERS = frozenset({"det", "poss", "predet"})
_BELONGS = _DETERMINERS | {"nummod"}
_OTHER_NUMBER = {
    "is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has",
    "does": "do", "do": "does", "person": "people", "people": "person",
}  # fmt: skip


class _Words(NamedTuple):
    """The sets of `tables/count.txt`, which explains them."""

    taken_up: frozenset[str]
    plural_bound: frozenset[str]
    plural_adjectives: frozenset[str]
    not_things: frozenset[str]
    set_parts: frozenset[str]
    pairs: frozenset[str]
    measures_after: frozenset[str]
    labels: frozenset[str]
    gatherers: frozenset[str]


@cache
def _words() -> _Words:
    return _Words(**word_sets("count"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """ "two dogs are running" -> "three dogs are running".

    A number word or numeral before its noun is replaced by another of its class: one to six, seven
    to twelve, or tens. "one dog is" and "two dogs are" are exchanged with noun and verbs, unless
    something else in the caption gives the number. With `articles`, "a dog" also becomes "two
    dogs"; that is not reversible, because "two dogs" leads back to "one dog".
    """

    articles: bool = False
    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each number that counts things."""
        tokens = parse.tokens
        places = [i for i, token in enumerate(tokens) if token.tag == "CD" or self._is_a(token)]
        if not places:
            return
        children = children_of(tokens)
        words = [token.text.lower() for token in tokens]
        for index in places:
            if self._counts(tokens, words, children, index):
                yield from self._slot(tokens, words, children, index)

    def _is_a(self, token: Token) -> bool:
        return self.articles and token.dep == "det" and token.text.lower() in _ARTICLES

    def _counts(
        self, tokens: Sequence[Token], words: Sequence[str], children: Children, index: int
    ) -> bool:
        """Tell whether a number counts things and nothing else refers to it."""
        word, noun = words[index], tokens[index].head
        if (
            (word not in _CLASS_OF and word not in _ARTICLES)
            or tokens[index].dep not in {"nummod", "det"}
            or noun <= index
            or tokens[noun].tag != ("NN" if word in _SINGULAR else "NNS")
            or tokens[noun].dep in _NOT_ONE_THING
            or children[index]
        ):
            return False
        before = words[index - 1] if index else ""
        after = words[noun + 1] if noun + 1 < len(words) else ""
        return not (
            before in _words().labels
            or after in _words().measures_after
            or not _stands_alone(tokens, index)
            or not _words().set_parts.isdisjoint(words[index + 1 : noun])
            or any(tokens[c].dep in {"nummod", "appos"} for c in children[noun] if c != index)
            or _is_taken_up(tokens, words, index)
            or self.lexicon.lemma(words[noun], tokens[noun].tag) in _words().not_things
        )

    def _slot(
        self, tokens: Sequence[Token], words: Sequence[str], children: Children, index: int
    ) -> Iterator[Slot]:
        """Yield the slot of a number, if it has an alternative."""
        word, (start, end) = words[index], tokens[index][:2]
        turn = None
        if word in _CLASSES[0] or word in _CLASSES[3] or word in _ARTICLES:
            turn = self._turn(tokens, words, children, index)
        alternatives = []
        for member in self._members(word, tokens[tokens[index].head]):
            number = Replacement(start, end, member)
            if (member in _SINGULAR) == (word in _SINGULAR):
                alternatives.append(edit_of((number,)))
            elif turn is not None:
                alternatives.append(edit_of((number, *turn)))
        if alternatives:
            reversible = word not in _ARTICLES
            yield Slot("count", "count", "num", tuple(alternatives), reversible=reversible)

    def _members(self, word: str, noun: Token) -> tuple[str, ...]:
        """Return the numbers that may replace one: one and two for hands, up to six for dogs."""
        members = _CLASS_OF.get(word, _CLASSES[0])
        if self.lexicon.lemma(noun.text, noun.tag) in _words().pairs:
            members = members[:2] if members[0] in _SINGULAR else ()
        if word in _ARTICLES:
            return members[1:]
        return tuple(m for m in members if m != word) if word in members else ()

    def _turn(
        self, tokens: Sequence[Token], words: Sequence[str], children: Children, index: int
    ) -> tuple[Replacement, ...] | None:
        """Return the other replacements that turn one thing into several or back, or None."""
        noun = tokens[index].head
        if not _may_turn(tokens, words, children, index) or self._hides_verb(tokens, noun):
            return None
        verbs = agreeing_verbs(tokens, children, noun)
        if verbs is None:
            return None
        replacements: list[Replacement] = []
        for place in (noun, *verbs):
            form = self._other_number(words[place], tokens[place].tag)
            if form is None:
                return None
            replacements.append(Replacement(tokens[place].start, tokens[place].end, form))
        return tuple(replacements)

    def _hides_verb(self, tokens: Sequence[Token], noun: int) -> bool:
        """Tell whether a verb after the noun may be tagged a noun ("wearing hats pose")."""
        return any(
            tokens[i].tag == "NN"
            and tokens[i - 1].tag == "NNS"
            and self.lexicon.knows(tokens[i].text.lower(), "VERB")
            for i in range(noun + 1, len(tokens))
        )

    def _other_number(self, word: str, tag: str) -> str | None:
        """Return the plural of a singular form or the singular of a plural; None if lossy."""
        if word in _OTHER_NUMBER:
            return _OTHER_NUMBER[word]
        here = "VBP" if tag == "VB" else tag
        there = {"NN": "NNS", "NNS": "NN", "VBZ": "VBP", "VBP": "VBZ"}[here]
        form = self.lexicon.inflect(self.lexicon.lemma(word, here), there)
        if form is None or form == word:
            return None
        back = self.lexicon.inflect(self.lexicon.lemma(form, there), here)
        return form if back == word else None


def _stands_alone(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a token has a space on both sides (unlike "two-story" and "#3")."""
    spaced_before = index == 0 or tokens[index - 1].end < tokens[index].start
    return spaced_before and tokens[index].end < tokens[index + 1].start


def _is_taken_up(tokens: Sequence[Token], words: Sequence[str], index: int) -> bool:
    """Tell whether another word gives the number: "both", "the other", a pronoun "one"."""
    for i, word in enumerate(words):
        if word in _words().taken_up and not (i and words[i - 1] == "each"):
            return True
        if word in {"one", "ones"} and i != index and tokens[i].dep != "nummod":
            return True
    return False


def _may_turn(
    tokens: Sequence[Token], words: Sequence[str], children: Children, index: int
) -> bool:
    """Tell whether one thing may replace several if only word forms change."""
    noun = tokens[index].head
    head = tokens[noun].head
    above = words[head]
    return not (
        any(tokens[c].dep in _DETERMINERS and c != index for c in children[noun])
        or any(words[c] in _words().plural_adjectives for c in children[noun])
        or any(word in _words().plural_bound for word in words)
        or above in _ODD_FOR_ONE
        or (above == "of" and words[tokens[head].head] in _words().gatherers)
        or (tokens[noun].dep == "attr" and not any(tokens[c].dep == "expl" for c in children[head]))
        or _shares_out(tokens, words, children, noun)
    )


def _shares_out(
    tokens: Sequence[Token], words: Sequence[str], children: Children, noun: int
) -> bool:
    """Tell whether several things go with several others ("two men wearing hats", "as clowns")."""
    verbs = [c for c in children[noun] if tokens[c].dep in {"acl", "relcl"}]
    if tokens[noun].dep in SUBJECTS:
        verbs.append(tokens[noun].head)
    for verb in (noun, *verbs):
        for child in children[verb]:
            dep = tokens[child].dep
            if dep == "attr" and verb != noun and tokens[child].pos == "NOUN" and child != noun:
                return not any(tokens[c].dep == "expl" for c in children[verb])
            if dep == "dobj" and _is_bare_plural(tokens, children, child):
                return True
            shared = dep == "prep" and words[child] in {"in", "with", "on", "as", "like"}
            held = _nouns_of_preposition(tokens, children, child) if shared else ()
            if any(_is_bare_plural(tokens, children, c) for c in held):
                return True
    return False


def _nouns_of_preposition(
    tokens: Sequence[Token], children: Children, preposition: int
) -> Iterator[int]:
    """Yield the nouns of a preposition, also through a participle ("in racing uniforms")."""
    for child in children[preposition]:
        if tokens[child].dep == "pobj":
            yield child
        elif tokens[child].tag == "VBG":
            yield from (c for c in children[child] if tokens[c].dep == "dobj")


def _is_bare_plural(tokens: Sequence[Token], children: Children, noun: int) -> bool:
    return tokens[noun].tag == "NNS" and not any(tokens[c].dep in _BELONGS for c in children[noun])
