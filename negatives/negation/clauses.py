"""The clauses that deny or affirm a thing, and the things that a caption mentions. Pure.

Four texts are about two things, one that is there and one that is not:

    a dog on a lawn, and there is no cat       true
    a dog on a lawn, and there is no frisbee   false
    a dog on a lawn, and there is a frisbee    true
    a dog on a lawn, and there is a cat        false

so neither "no" nor the thing reveals what is true.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from data.edits import Edit, Replacement
from data.records import Negative, Positive, Row
from data.streams import Stream
from negatives.guards.siblings import Siblings
from negatives.guards.tables import overlaps, words
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

RULE: Final = "absence"
_CLUSTERS: Final = 64  # of images; an audit needs 50 groups
_PLURAL: Final = frozenset({"scissors", "skis", "pants", "jeans", "glasses", "sunglasses"})
_NO: Final = " no "
REWRITE: Final = "rewrite"


class Clauses(NamedTuple):
    """The edits of a caption that deny and that affirm a thing."""

    denied: Edit
    affirmed: Edit


def clauses_of(parse: Parse, name: str, lexicon: Lexicon) -> Clauses:
    """Return the clauses of a thing, at the end of a caption."""
    tokens = parse.tokens
    last = len(tokens) - 1
    while last and tokens[last].pos in {"PUNCT", "SPACE"}:
        last -= 1
    end = tokens[last].end
    if name.rpartition(" ")[2] in _PLURAL:
        denied, affirmed = f"are no {name}", f"are {name}"
    else:
        article = "an" if lexicon.vowel_sound(name) else "a"
        denied, affirmed = f"is no {name}", f"is {article} {name}"
    return Clauses(*(Edit((Replacement(end, end, f", and there {clause}"),))
                     for clause in (denied, affirmed)))  # fmt: skip


def can_take_a_clause(parse: Parse) -> bool:
    """Tell whether a clause may follow: after one sentence without a negation or a question."""
    texts = [token.text.lower() for token in parse.tokens]
    num_ends = sum(text in {".", "!", "?", ";", ":"} for text in texts)
    is_plain = words().negations.isdisjoint(texts) and "?" not in texts
    return bool(texts) and is_plain and num_ends <= (texts[-1] in {".", "!"})


def all_clauses_or_none(row: Row, *, before: Row) -> Row:
    """Return a row without its clauses, true and false, if it has lost some of them.

    The rest would reveal what is true: without the false ones, only true texts have "no". Likewise
    a negative that was rewritten goes with the positive that was rewritten by the same rule.
    """
    lost = {each.rule for each in before.positives} - {each.rule for each in row.positives}
    kept = (each for each in row.negatives if not (_is_rewritten(each) and each.rule in lost))
    row = row._replace(negatives=tuple(kept))
    if _num_clauses(row) == _num_clauses(before):
        return row
    return row._replace(
        negatives=tuple(each for each in row.negatives if each.rule != RULE),
        positives=tuple(each for each in row.positives if each.rule != RULE),
    )


def _is_rewritten(edited: Positive | Negative) -> bool:
    return edited.type == REWRITE and edited.rule != RULE


def _num_clauses(row: Row) -> int:
    sides: tuple[Sequence[Negative | Positive], ...] = (row.negatives, row.positives)
    return sum(each.rule == RULE for side in sides for each in side)


class Vocabulary:
    """Names of things, and which of them captions mention."""

    def __init__(self, names: Iterable[str], lexicon: Lexicon) -> None:
        """Take the names; which of them a noun stands for is looked up once."""
        self._names = frozenset(names)
        self._lexicon = lexicon
        self._by_noun: dict[str, frozenset[str]] = {}
        self._by_head: dict[str, set[str]] = {}
        for name in self._names:
            head = name.rpartition(" ")[2]
            for form in (head, lexicon.lemma(head, "NNS")):
                self._by_head.setdefault(form, set()).add(name)

    def said(self, captions: Siblings) -> set[str]:
        """Return the names of things that captions mention.

        A thing is mentioned by its name or its last word ("light" for "traffic light"), however
        that is tagged, by a synonym, by a wider or narrower word ("animal" and "puppy" for "dog"),
        and by the tables of words for one thing.
        """
        found: set[str] = set()
        for word in {word for text in captions.texts for word in text.split()}:
            for form in (word, self._lexicon.lemma(word, "NNS")):
                found |= self._by_head.get(form, set())
        for noun in captions.nouns:
            if noun not in self._by_noun:
                self._by_noun[noun] = frozenset(filter(partial(self._is_named, noun), self._names))
            found |= self._by_noun[noun]
        return found

    def _is_named(self, noun: str, name: str) -> bool:
        return any(
            overlaps().holds(each, noun, "NOUN") or self._lexicon.compatible(each, noun, "NOUN")
            for each in (name, name.rpartition(" ")[2])
        )


def cluster_of(image: str) -> int:
    """Return the cluster of the image of a key: clauses are drawn among the images of a cluster.

    Each thing is there as often as absent in a cluster. So a reader that has seen half of one would
    know what is missing in the other half: an audit has to keep clusters together.
    """
    return Stream(RULE, "cluster", image).below(_CLUSTERS)


def denies(edited: Positive | Negative) -> bool:
    """Tell whether an edit of this rule denies a thing; if not, it affirms one."""
    return _NO in edited.edit.replacements[0].text


def of_rule(edited: Iterable[Positive | Negative]) -> list[Positive | Negative]:
    """Return the edits that add a clause."""
    return [each for each in edited if each.rule == RULE]


def counterpart_of(row: Row, negative: Negative) -> str:
    """Return the true text that a negative is compared to.

    That is the caption; for a clause, the text with the true clause of the same form, and for a
    rewritten negative the caption rewritten by the same rule; or the caption if that was removed.
    """
    if _is_rewritten(negative):
        turned = (each for each in row.positives if _is_rewritten(each))
        return next((each.text for each in turned if each.rule == negative.rule), row.caption)
    if negative.rule != RULE:
        return row.caption
    same = (each for each in of_rule(row.positives) if denies(each) == denies(negative))
    return next((each.text for each in same), row.caption)
