"""Facts of captions, and swaps that say the same with other words."""

import pytest

from negatives.grammar.facts import Fact, Span, facts_of, lemmas_of, links_of, says_the_same
from negatives.words.lexicon import Table
from tests.parses import parse_of

LEXICON = Table(forms={
    ("wear", "VBG"): "wearing", ("ride", "VBG"): "riding", ("chase", "VBZ"): "chases",
    ("run", "VBZ"): "runs", ("hold", "VBN"): "held",
})  # fmt: skip
RED_AND_BLUE = (
    "boy/NOUN/NN/ROOT in/ADP/IN/prep>0 red/ADJ/JJ/amod>3 shirt/NOUN/NN/pobj>1 {} "
    "boy/NOUN/NN/{} in/ADP/IN/prep>5 blue/ADJ/JJ/amod>8 shirt/NOUN/NN/pobj>6"
)
AND = RED_AND_BLUE.format("and/CCONJ/CC/cc>0", "conj>0")
CHASES = (
    "brown/ADJ/JJ/amod>1 dog/NOUN/NN/nsubj>2 chases/VERB/VBZ/ROOT black/ADJ/JJ/amod>4 "
    "dog/NOUN/NN/dobj>2"
)
RUNS_WITH = (
    "brown/ADJ/JJ/amod>1 dog/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT with/ADP/IN/prep>2 "
    "black/ADJ/JJ/amod>5 dog/NOUN/NN/pobj>3"
)
TALKS_TO = "woman/NOUN/NN/nsubj>1 talk/VERB/VBP/ROOT to/ADP/IN/prep>1 man/NOUN/NN/pobj>2"
LOOKS_AT = TALKS_TO.replace("talk", "look").replace("to/ADP", "at/ADP")
THROWS_AT = LOOKS_AT.replace("look", "throw")
STANDS_NEXT_TO = (
    "old/ADJ/JJ/amod>1 man/NOUN/NN/nsubj>2 stands/VERB/VBZ/ROOT next/ADV/RB/advmod>2 "
    "to/ADP/IN/prep>3 young/ADJ/JJ/amod>6 man/NOUN/NN/pobj>4"
)
HAT_AND_BEARD = (
    "man/NOUN/NN/ROOT with/ADP/IN/prep>0 beard/NOUN/NN/pobj>1 wearing/VERB/VBG/acl>0 "
    "hat/NOUN/NN/dobj>3"
)
ON_BENCH = (
    "man/NOUN/NN/nsubj>2 is/AUX/VBZ/aux>2 riding/VERB/VBG/ROOT horse/NOUN/NN/dobj>2 "
    "near/ADP/IN/prep>2 barn/NOUN/NN/pobj>4"
)


@pytest.mark.parametrize(
    ("tagged", "facts"),
    [
        (CHASES, {("amod", "dog", "brown"), ("amod", "dog", "black"), ("nsubj", "chase", "dog"),
                  ("dobj", "chase", "dog")}),
        (HAT_AND_BEARD, {("has", "man", "beard"), ("has", "man", "hat")}),
        (ON_BENCH, {("nsubj", "ride", "man"), ("dobj", "ride", "horse"), ("near", "ride", "barn")}),
        ("ball/NOUN/NN/ROOT held/VERB/VBN/acl>0 by/ADP/IN/agent>1 man/NOUN/NN/pobj>2",
         {("dobj", "hold", "ball"), ("nsubj", "hold", "man")}),
        ("2/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT", {("num", "dogs", "two")}),
        ("", set()),
    ],
)  # fmt: skip
def test_facts(tagged: str, facts: set[tuple[str, str, str]]) -> None:
    assert facts_of(parse_of(tagged), LEXICON) == {Fact(*fact) for fact in facts}


@pytest.mark.parametrize(
    ("tagged", "left", "right", "same"),
    [
        (AND, 2, 7, True),
        (RUNS_WITH, 0, 4, True),
        (STANDS_NEXT_TO, 0, 5, True),
        (HAT_AND_BEARD, 2, 4, True),
        (TALKS_TO, 0, 3, True),
        (LOOKS_AT, 0, 3, True),
        (THROWS_AT, 0, 3, False),
        (CHASES, 0, 3, False),
        (ON_BENCH, 3, 5, False),
        (ON_BENCH, 0, 3, False),
    ],
)
def test_swaps_that_say_the_same(tagged: str, left: int, right: int, *, same: bool) -> None:
    parse = parse_of(tagged)
    links, lemmas = links_of(parse, LEXICON), lemmas_of(parse, LEXICON)
    spans = Span(left, left, left), Span(right, right, right)
    assert says_the_same(links, lemmas, *spans) == same
    assert says_the_same(links, lemmas, *reversed(spans)) == same


def test_a_phrase_moves_with_what_is_in_it() -> None:
    parse = parse_of(
        "red/ADJ/JJ/amod>1 car/NOUN/NN/nsubj>2 chases/VERB/VBZ/ROOT blue/ADJ/JJ/amod>4 "
        "car/NOUN/NN/dobj>2"
    )
    links, lemmas = links_of(parse, LEXICON), lemmas_of(parse, LEXICON)
    assert not says_the_same(links, lemmas, Span(0, 1, 1), Span(3, 4, 4))
