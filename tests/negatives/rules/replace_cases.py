"""What the tests of the replace rules share: a small lexicon, and a negative tagged anew."""

from collections.abc import Callable, Iterator

from data.edits import Edit, text_at
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.words.lexicon import Table

LEXICON = Table(
    classes={
        ("NOUN", "animal"): ("dog", "cat", "sheep", "bear", "polar bear"),
        ("NOUN", "gender"): ("man", "woman"),
        ("NOUN", "gear"): ("tennis racket", "baseball bat", "kite", "umbrella"),
        ("NOUN", "street"): ("fire hydrant", "parking meter"),
        ("NOUN", "barrier"): ("fence", "gate"),
        ("NOUN", "dish"): ("pizza", "hot dog", "sandwich"),
        ("NOUN", "mount"): ("horse", "camel"),
        ("NOUN", "top"): ("top", "bottom"),
        ("NOUN", "limb"): ("hand", "arm", "leg"),
        ("ADJ", "colour"): ("red", "blue", "white", "brown", "black", "orange"),
        ("ADJ", "material"): ("metal", "wooden", "brick"),
        ("ADJ", "age"): ("young", "old"),
        ("ADJ", "height"): ("tall", "short"),
        ("ADJ", "temperature"): ("hot", "cold"),
        ("ADJ", "parking"): ("parked", "moving"),
        ("VERB", "posture"): ("sit", "stand", "lie"),
        ("VERB", "gait"): ("walk", "run", "swim"),
        ("VERB", "handling"): ("hold", "throw", "hit"),
        ("VERB", "show"): ("play", "watch"),
    },
    forms={
        ("dog", "NNS"): "dogs", ("cat", "NNS"): "cats", ("bear", "NNS"): "bears",
        ("polar bear", "NNS"): "polar bears", ("man", "NNS"): "men", ("woman", "NNS"): "women",
        ("fire hydrant", "NNS"): "fire hydrants", ("parking meter", "NNS"): "parking meters",
        ("tall", "JJR"): "taller", ("short", "JJR"): "shorter",
        ("young", "JJR"): "younger", ("old", "JJR"): "older",
        ("sit", "VBG"): "sitting", ("stand", "VBG"): "standing", ("lie", "VBG"): "lying",
        ("sit", "VBZ"): "sits", ("stand", "VBZ"): "stands", ("lie", "VBZ"): "lies",
        ("walk", "VBG"): "walking", ("run", "VBG"): "running", ("swim", "VBG"): "swimming",
        ("hold", "VBG"): "holding", ("throw", "VBG"): "throwing", ("hit", "VBG"): "hitting",
        ("hold", "VBN"): "held", ("throw", "VBN"): "thrown", ("run", "VBN"): "run",
        ("walk", "VBN"): "walked", ("swim", "VBN"): "swum",
        ("play", "VBG"): "playing", ("watch", "VBG"): "watching",
    },
    same=[("dog", "animal"), ("cat", "animal"), ("man", "person"), ("woman", "person")],
)  # fmt: skip

Rule = Callable[[Parse], Iterator[Slot]]


def negatives_of(rule: Rule, parse: Parse) -> list[list[str]]:
    """Return what each slot of the rule makes of the caption, sorted."""
    return [sorted(edit.apply(parse.text) for edit in s.alternatives) for s in rule(parse)]


def assert_reversible(rule: Rule, parse: Parse) -> None:
    """Hold that each alternative's negative offers the caption in a slot of the same size."""
    for slot in rule(parse):
        texts = {edit.apply(parse.text) for edit in slot.alternatives}
        assert len(texts) == len(slot.alternatives)
        assert parse.text not in texts
        for edit in slot.alternatives:
            negative = retag(parse, edit)
            assert negative.text == edit.apply(parse.text)
            back = {
                frozenset(undone.apply(negative.text) for undone in other.alternatives)
                for other in rule(negative)
            }
            assert frozenset({parse.text, *texts} - {negative.text}) in back, negative.text


def retag(parse: Parse, edit: Edit) -> Parse:
    """Return the negative's parse: the new words have the tags of those they replace.

    Of several new words the last has the old head's, those before it are nouns of a compound; a
    preposition of several words is told apart by its last one alone.
    """
    ((start, end, text),) = edit.replacements
    first = next(i for i, token in enumerate(parse.tokens) if token.start == start)
    last = next(i for i, token in enumerate(parse.tokens) if token.end == end)
    words = text.split(" ")
    grown = len(words) - (last - first + 1)
    new_last, shift = last + grown, len(text) - (end - start)

    def moved(head: int) -> int:
        if head < first:
            return head
        return new_last if head <= last else head + grown

    old = parse.tokens[last]
    if parse.tokens[first].dep == "prep" or parse.tokens[first].tag == "RB":
        old = old._replace(pos="ADP", tag="IN", dep="prep", head=parse.tokens[first].head)
    tokens = [token._replace(head=moved(token.head)) for token in parse.tokens[:first]]
    position = start
    for index, word in enumerate(words):
        is_last = index == len(words) - 1
        stop = position + len(word)
        tokens.append(
            old._replace(start=position, end=stop, text=word, head=moved(old.head))
            if is_last
            else Token(position, stop, word, "NOUN", "NN", "compound", new_last)
        )
        position = stop + 1
    tokens += [
        token._replace(start=token.start + shift, end=token.end + shift, head=moved(token.head))
        for token in parse.tokens[last + 1 :]
    ]
    after = edit.apply(parse.text)
    assert all(text_at(after, token.start, token.end) == token.text for token in tokens)
    return Parse(after, tuple(tokens), ())
