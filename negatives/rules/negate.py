"""Negation: an assertion of the caption is denied, or its denial is asserted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from data.edits import Edit, Replacement
from negatives.grammar.assertions import (
    FORMS_OF_BE,
    CaptionView,
    bare_first,
    deniable_finite,
    is_accompaniment,
    is_existence,
    is_on_sign,
    negation_words,
)
from negatives.grammar.clauses import SUBJECTS, child_with, children_of, finite_of
from negatives.grammar.participles import is_participle
from negatives.parse import Parse
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_AUXILIARIES = FORMS_OF_BE | {"can", "could", "will", "would", "has", "have", "had"}
_DO = {"does": "VBZ", "do": "VBP", "did": "VBD"}
_DO_FOR_TAG = {tag: do for do, tag in _DO.items()}
_CONTRACTED = frozenset({"n't", "n\u2019t"})
_ARTICLES = frozenset({"a", "an"})
_NOUNS = frozenset({"NN", "NNS"})
_PARTICIPLES = frozenset({"acl", "ROOT"})


class _Turn(NamedTuple):
    """A replacement of tokens `first` to `last` (inclusive) by words."""

    first: int
    last: int
    text: str
    subtype: Literal["act", "existence"]
    reversible: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Negate:
    """ "a dog with a collar" -> "a dog without a collar".

    Also "is running" / "is not running", "runs" / "does not run", "wearing" / "not wearing", and "a
    dog" / "no dog" where the caption asserts the dog: as the subject of the main clause, after
    "there is", or as the whole caption. A caption with one negation loses it, one with several is
    left alone. Slots whose negation does not lead back ("isn't", "with no hat") are irreversible.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each assertion that can be denied, or for the only denial."""
        tokens = parse.tokens
        words = [token.text.lower() for token in tokens]
        known = negation_words().negations
        negations = [index for index, word in enumerate(words) if word in known]
        if len(negations) > 1:
            return
        view = CaptionView(tokens, words, children_of(tokens), self.lexicon)
        turns = self._assertions(view, negations[0]) if negations else self._denials(view)
        for first, last, text, subtype, reversible in turns:
            edit = Edit((Replacement(tokens[first].start, tokens[last].end, text),))
            yield Slot("negate", "negate", subtype, (edit,), reversible=reversible)

    def _denials(self, view: CaptionView) -> Iterator[_Turn]:
        """Yield denials of the assertions in a caption without a negation."""
        for index, token in enumerate(view.tokens):
            dep = token.dep
            if dep == "prep":
                if view.words[index] == "with" and is_accompaniment(view, index):
                    yield _Turn(index, index, "without", "existence")
            elif dep in _PARTICIPLES:
                if is_participle(view, index, after=index - 1):
                    yield _Turn(index, index, f"not {view.words[index]}", "act")
            elif dep == "det":
                if view.words[index] in _ARTICLES and self._may_be_none(view, token.head, index):
                    yield _Turn(index, index, "no", "existence")
            elif dep in SUBJECTS:
                yield from self._verb_denials(view, index)
            if token.tag in _NOUNS and bare_first(view, index) is not None:
                yield from self._bare_noun_denials(view, index)

    def _verb_denials(self, view: CaptionView, subject: int) -> Iterator[_Turn]:
        """Yield the negation of the verb of a subject: after its auxiliary, or with "do"."""
        verb = view.tokens[subject].head
        finite = deniable_finite(view, verb)
        if finite is None or child_with(view.tokens, view.children, verb, SUBJECTS) != subject:
            return
        word = view.words[finite]
        if finite != verb or word in FORMS_OF_BE:
            if word in _AUXILIARIES:
                denied = "cannot" if word == "can" else f"{word} not"
                yield _Turn(finite, finite, denied, "act")
        else:
            tag = view.tokens[verb].tag
            lemma = self.lexicon.lemma(word, tag)
            if tag in _DO_FOR_TAG and self._is_finite_form(word, lemma, tag):
                yield _Turn(verb, verb, f"{_DO_FOR_TAG[tag]} not {lemma}", "act")

    def _is_finite_form(self, word: str, lemma: str, tag: str) -> bool:
        """Tell whether a word is unambiguously this finite form of a verb.

        A past form that is also a participle usually is one in a caption: "a refrigerator stocked".
        """
        lexicon = self.lexicon
        return (
            (lexicon.knows(lemma, "VERB") or bool(lexicon.class_name(lemma, "VERB")))
            and lexicon.inflect(lemma, tag) == word
            and (tag != "VBD" or lexicon.inflect(lemma, "VBN") != word)
        )

    def _bare_noun_denials(self, view: CaptionView, noun: int) -> Iterator[_Turn]:
        """Yield "no" before a plural or a mass noun without a determiner."""
        first = bare_first(view, noun)
        if first is not None and self._may_be_none(view, noun, None):
            yield _Turn(first, first, f"no {view.words[first]}", "existence")

    def _may_be_none(self, view: CaptionView, noun: int, article: int | None) -> bool:
        """Tell whether "no" may precede a noun, and the determiner could be restored."""
        tokens, words, children, _ = view
        if not is_existence(view, noun) or is_on_sign(view, min(children[noun], default=noun)):
            return False
        is_mass = words[noun] in negation_words().mass
        if article is None:
            plural = (
                tokens[noun].tag == "NNS" and self.lexicon.lemma(words[noun], "NNS") != words[noun]
            )
            return plural or is_mass
        after = self.lexicon.vowel_sound(words[article + 1]) if article + 1 < len(words) else False
        return tokens[noun].tag == "NN" and not is_mass and (words[article] == "an") == after

    def _assertions(self, view: CaptionView, index: int) -> Iterator[_Turn]:
        """Yield edits that remove the caption's only negation."""
        tokens, words, *_ = view
        word = words[index]
        if word == "without":
            if tokens[index].dep == "prep" and is_accompaniment(view, index):
                yield _Turn(index, index, "with", "existence")
        elif word == "no":
            yield from self._without_no(view, index)
        elif (
            (word == "not" or word in _CONTRACTED)
            and 0 < index < len(tokens) - 1
            and words[index + 1] not in negation_words().not_alone
        ):
            yield from self._without_not(view, index)

    def _without_not(self, view: CaptionView, index: int) -> Iterator[_Turn]:
        """Yield the verb without its "not"."""
        tokens, words, children, _ = view
        before, after = index - 1, index + 1
        plain = words[index] not in _CONTRACTED
        verb = tokens[index].head
        if finite_of(tokens, children, verb) is None:
            if plain and verb == after and is_participle(view, after, after=before):
                yield _Turn(index, after, words[after], "act")
        elif deniable_finite(view, verb) != before:
            return
        elif words[before] in _DO and tokens[before].dep == "aux":
            tag = _DO[words[before]]
            form = self.lexicon.inflect(words[after], tag)
            if form is not None and after == verb:
                reversible = plain and self._is_finite_form(form, words[after], tag)
                yield _Turn(before, after, form, "act", reversible)
        elif words[before] in _AUXILIARIES:
            yield _Turn(before, index, words[before], "act", plain)

    def _without_no(self, view: CaptionView, index: int) -> Iterator[_Turn]:
        """Yield "a dog" for "no dog", "dogs" for "no dogs"."""
        tokens, words, *_ = view
        noun = tokens[index].head
        after = index + 1
        if (
            tokens[index].dep not in {"det", "neg"}
            or noun <= index
            or tokens[noun].tag not in _NOUNS
            or is_on_sign(view, index)
            or (words[noun].endswith("ing") and words[noun] not in negation_words().mass)
            or (index and tokens[index - 1].tag in {"DT", "PRP$", "``", "''", "CC"})
        ):
            return
        bare = tokens[noun].tag == "NNS" or words[noun] in negation_words().mass
        reversible = is_existence(view, noun)
        if bare:
            reversible = reversible and bare_first(view, noun, skip=index) == after
            yield _Turn(index, after, words[after], "existence", reversible)
        else:
            article = "an" if self.lexicon.vowel_sound(words[after]) else "a"
            yield _Turn(index, index, article, "existence", reversible)
