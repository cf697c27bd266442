"""Negatives rewritten as positives are, so that "there is" and "is" do not reveal a true text.

A caption that is rewritten ("there is a dog in a park") has its negatives rewritten by the same
rule ("there is a cat in a park"): each text of the caption and of its negatives then has the same
two forms. A negative is rewritten where the rule would treat it as it treats the caption. That is
read off the caption's parse with the other words in it, so it does not depend on which of the two
is the caption; and the pair of rewritten texts is as fair as the pair that it comes from.
"""

from collections.abc import Sequence
from typing import cast

from data.edits import Edit, edit_between, text_at
from data.records import Negative, Positive
from data.texts import normalise
from negatives.llm.asking import asks
from negatives.negation.clauses import REWRITE
from negatives.parse import Parse
from negatives.positives.choosing import PositiveChooser, fault_of
from negatives.positives.evening import direction_of
from negatives.slots import Rule, Slot
from negatives.wording import glue, wording_of


def rewritten(
    parse: Parse,
    negatives: Sequence[Negative],
    positives: Sequence[Positive],
    chooser: PositiveChooser,
) -> tuple[Negative, ...]:
    """Return the negatives of a caption once more, as each of its positives is rewritten."""
    turning = {positive.producer for positive in positives if positive.type == REWRITE}
    texts = [each.text for each in negatives] + [each.text for each in positives]
    seen = {normalise(text) for text in (parse.text, *texts)}
    found: list[Negative] = []
    others = [(each, other) for each in negatives if (other := with_words(parse, each.edit))]
    for name, _, rule, number, _ in chooser.producers:
        own = None if number not in turning or asks(rule) else _only_slot(cast("Rule", rule), parse)
        if own is None:
            continue
        for negative, other in others:
            slot = _only_slot(cast("Rule", rule), other)
            if slot is None or _form(slot, other) != _form(own, parse):
                continue
            edit = glue(wording_of(other, chooser.lexicon), slot.alternatives[0])
            if edit is None or fault_of(edit, other, seen) is not None:
                continue
            text = edit.apply(other.text)
            whole = edit_between(parse.text, text)
            if whole is not None:
                seen.add(normalise(text))
                found.append(Negative(text, REWRITE, negative.subtype, name, "rule", whole,
                                      negative.score, number))  # fmt: skip
    return tuple(found)


def with_words(parse: Parse, edit: Edit) -> Parse | None:
    """Return the parse with other words in it; None if an edit is not word for word."""
    first_at = {token.start: index for index, token in enumerate(parse.tokens)}
    last_at = {token.end: index for index, token in enumerate(parse.tokens)}
    words: dict[int, str] = {}
    for start, end, new in edit.replacements:
        first, last = first_at.get(start), last_at.get(end)
        old, put_in = text_at(parse.text, start, end).split(" "), new.split(" ")
        if first is None or last is None or not len(old) == len(put_in) == last - first + 1:
            return None
        if not all(word.isalpha() for word in (*old, *put_in)):
            return None
        words.update(zip(range(first, last + 1), put_in, strict=True))
    tokens = []
    shift = 0
    for index, token in enumerate(parse.tokens):
        word = words.get(index, token.text)
        start = token.start + shift
        tokens.append(token._replace(start=start, end=start + len(word), text=word))
        shift += len(word) - len(token.text)
    return Parse(edit.apply(parse.text), tuple(tokens), parse.chunks)


def _only_slot(rule: Rule, parse: Parse) -> Slot | None:
    slots = list(rule(parse))
    is_one = len(slots) == 1 and slots[0].type == REWRITE and len(slots[0].alternatives) == 1
    return slots[0] if is_one else None


def _form(slot: Slot, parse: Parse) -> tuple[object, ...]:
    """Return what decides how often a text is rewritten, and what it becomes."""
    return slot.subtype, len(slot.alternatives[0].replacements), direction_of(slot, parse.text)
