"""Swap: tables of captions with their swaps, and that every swap leads back."""

import re
from collections.abc import Iterator

import pytest

from data.edits import Edit
from negatives.parse import Chunk, Parse, Token
from negatives.rules.swap import Swap
from negatives.wording import glue, wording_of
from negatives.words.lexicon import Lexicon
from tests.negatives.plain_words import PlainWords
from tests.parses import parse_of

LEXICON: Lexicon = PlainWords(
    nouns=frozenset({"hot dog", "young man", "high chair"}),
    verbs=frozenset({"laughs"}),
    adjectives=(
        ("red", "colour"), ("blue", "colour"), ("white", "colour"), ("black", "colour"),
        ("yellow", "colour"), ("silver", "metallic colour"), ("big", "size, familiar"),
        ("small", "size"), ("young", "age"), ("hot", "heat"), ("cold", "heat"),
        ("high", "level"), ("low", "level"),
    ),
)  # fmt: skip
NP = Swap(lexicon=LEXICON, objects=False, attributes=False, actions=False)
NP_BESIDE_OBJ = Swap(lexicon=LEXICON, attributes=False, actions=False)
OBJ = Swap(lexicon=LEXICON, noun_phrases=False, attributes=False, actions=False)
ATT = Swap(lexicon=LEXICON, noun_phrases=False, objects=False, actions=False)
ACT = Swap(lexicon=LEXICON, noun_phrases=False, objects=False, attributes=False)

MAN_HAT_DOG = (
    "[A/DET/DT/det>1 man/NOUN/NN/ROOT>1] in/ADP/IN/prep>1 [a/DET/DT/det>5 red/ADJ/JJ/amod>5"
    " hat/NOUN/NN/pobj>2] by/ADP/IN/prep>1 [an/DET/DT/det>9 old/ADJ/JJ/amod>9"
    " dog/NOUN/NN/pobj>6] ./PUNCT/./punct>1"
)
RIDES = (
    "[A/DET/DT/det>1 man/NOUN/NN/nsubj>2] rides/VERB/VBZ/ROOT>2 [two/NUM/CD/nummod>4"
    " horses/NOUN/NNS/dobj>2]"
)
RODE = RIDES.replace("rides/VERB/VBZ", "rode/VERB/VBD")
RACKET = (
    "[A/DET/DT/det>1 boy/NOUN/NN/ROOT>1] with/ADP/IN/prep>1 [a/DET/DT/det>5"
    " tennis/NOUN/NN/compound>5 racket/NOUN/NN/pobj>2]"
)
SHIRT = (
    "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>6 t/NOUN/NN/compound>6"
    " _-/PUNCT/HYPH/punct>6 _shirt/NOUN/NN/pobj>2"
)
PAIR_CARS = (
    "a/DET/DT/det>2 red/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2 and/CCONJ/CC/cc>2 a/DET/DT/det>6"
    " blue/ADJ/JJ/amod>6 bus/NOUN/NN/conj>2"
)
VERY = (
    "a/DET/DT/det>3 very/ADV/RB/advmod>2 big/ADJ/JJ/amod>3 man/NOUN/NN/ROOT>3 in/ADP/IN/prep>3"
    " a/DET/DT/det>7 small/ADJ/JJ/amod>7 car/NOUN/NN/pobj>4"
)
LIGHT = (
    "a/DET/DT/det>3 light/ADJ/JJ/amod>2 blue/ADJ/JJ/amod>3 couch/NOUN/NN/ROOT>3 in/ADP/IN/prep>3"
    " a/DET/DT/det>7 white/ADJ/JJ/amod>7 room/NOUN/NN/pobj>4"
)
SHOES = (
    "a/DET/DT/det>1 boy/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 black/ADJ/JJ/amod>4"
    " shoes/NOUN/NNS/pobj>2 ,/PUNCT/,/punct>1 a/DET/DT/det>8 white/ADJ/JJ/amod>8"
    " shirt/NOUN/NN/appos>1 and/CCONJ/CC/cc>8 silver/ADJ/JJ/amod>11 socks/NOUN/NNS/conj>8"
)
TOGETHER = (
    "a/DET/DT/det>1 girl/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 holding/VERB/VBG/ROOT>3 a/DET/DT/det>5"
    " cup/NOUN/NN/dobj>3 and/CCONJ/CC/cc>3 stirring/VERB/VBG/conj>3 the/DET/DT/det>9"
    " soup/NOUN/NN/dobj>7"
)
CURB_AND_HILL = (
    "[a/DET/DT/det>1 boy/NOUN/NN/ROOT>1] sitting/VERB/VBG/acl>1 on/ADP/IN/prep>2"
    " [the/DET/DT/det>5 curb/NOUN/NN/pobj>3] while/SCONJ/IN/mark>9 [Anna/PROPN/NNP/nsubj>9]"
    " is/AUX/VBZ/aux>9 digging/VERB/VBG/advcl>2 on/ADP/IN/prep>9 [a/DET/DT/det>12"
    " hill/NOUN/NN/pobj>10]"
)
LIST = (
    "[a/DET/DT/det>2 wet/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2] ,/PUNCT/,/punct>2 [a/DET/DT/det>5"
    " cup/NOUN/NN/appos>2] and/CCONJ/CC/cc>5 [a/DET/DT/det>9 tall/ADJ/JJ/amod>9"
    " man/NOUN/NN/conj>5]"
)
WITH_WATER = (
    "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 under/ADP/IN/prep>1 the/DET/DT/det>4 {}/NOUN/NN/pobj>2"
    " with/ADP/IN/prep>1 {}/DET/DT/det>7 oar/NOUN/NN/pobj>5"
)
SWING = (
    "[a/DET/DT/det>1 girl/NOUN/NN/ROOT>1] in/ADP/IN/prep>1 [a/DET/DT/det>5"
    " swing/NOUN/NN/compound>5 {}/NOUN/{}/pobj>2]"
)
SIT = (
    "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 sitting/VERB/VBG/acl>1 by/ADP/IN/prep>2 a/DET/DT/det>5"
    " dog/NOUN/NN/pobj>3 standing/VERB/VBG/acl>5 up/ADP/RP/prt>6"
)

CHANGES = [
    (
        NP,
        MAN_HAT_DOG,
        {
            "A red hat in a man by an old dog.",
            "An old dog in a red hat by a man.",
        },
    ),
    (NP, RODE, {"Two horses rode a man"}),
    (NP_BESIDE_OBJ, RACKET, {"A tennis racket with a boy"}),
    (
        OBJ,
        MAN_HAT_DOG,
        {
            "A hat in a red man by an old dog.",
            "A dog in a red hat by an old man.",
        },
    ),
    (OBJ, SHIRT, {"a t-shirt on a dog"}),
    (OBJ, PAIR_CARS, {"a red bus and a blue car"}),
    (ATT, PAIR_CARS, {"a blue car and a red bus"}),
    (ATT, VERY, {"a small man in a very big car"}),
    (ATT, LIGHT, {"a white couch in a light blue room"}),
    (
        ATT,
        LIGHT.replace("light/ADJ/JJ/amod>2", "jet/NOUN/NN/compound>3"),
        {"a white couch in a jet blue room"},
    ),
    (ATT, LIGHT.replace("light", "neat"), {"a neat white couch in a blue room"}),
    (
        ATT,
        SHOES,
        {
            "a boy with white shoes, a black shirt and silver socks",
            "a boy with silver shoes, a white shirt and black socks",
            "a boy with black shoes, a silver shirt and white socks",
        },
    ),
    (OBJ, LIST, {"a wet man, a cup and a tall dog"}),
    (
        OBJ,
        WITH_WATER.format("water", "the"),
        {
            "a man under the oar with the water",
            "an oar under the water with the man",
        },
    ),
    (
        OBJ,
        WITH_WATER.format("box", "an"),
        {
            "a box under the man with an oar",
            "an oar under the box with a man",
            "a man under the oar with a box",
        },
    ),
    (NP, SWING.format("rope", "NN"), {"a swing rope in a girl"}),
    (
        OBJ,
        CURB_AND_HILL,
        {  # places of two
            "a curb sitting on the boy while Anna is digging on a hill",
            "a hill sitting on the curb while Anna is digging on a boy",
            "a boy sitting on the hill while Anna is digging on a curb",
        },
    ),
    (ACT, SIT, {"a man standing up by a dog sitting"}),
    (ACT, CURB_AND_HILL, {"a boy digging on the curb while Anna is sitting on a hill"}),
    (ACT, TOGETHER, {"a girl is stirring a cup and holding the soup"}),
]
NOOPS = [
    # equal up to case
    (ATT, ("large/ADJ/JJ/amod>1 elephant/NOUN/NN/ROOT>1 by/ADP/IN/prep>1 Large/ADJ/JJ/amod>4"
     " tree/NOUN/NN/pobj>2")),
    (OBJ, "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 by/ADP/IN/prep>1 a/DET/DT/det>4 Dog/NOUN/NN/pobj>2"),
    # one head
    (ATT, "a/DET/DT/det>3 large/ADJ/JJ/amod>3 white/ADJ/JJ/amod>3 bus/NOUN/NN/ROOT>3"),
    # still true
    (ATT, ("a/DET/DT/det>4 white/ADJ/JJ/amod>4 and/CCONJ/CC/cc>1 brown/ADJ/JJ/conj>1"
     " cat/NOUN/NN/ROOT>4")),
    (ATT, PAIR_CARS.replace("bus", "car")),
    (NP, ("[a/DET/DT/det>1 man/NOUN/NN/ROOT>1] and/CCONJ/CC/cc>1 [two/NUM/CD/nummod>4"
     " dogs/NOUN/NNS/conj>1]")),
    (OBJ, "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 and/CCONJ/CC/cc>1 a/DET/DT/det>4 dog/NOUN/NN/conj>1"),
    (NP, ("[the/DET/DT/det>1 man/NOUN/NN/nsubj>2] is/AUX/VBZ/ROOT>2 [a/DET/DT/det>5"
     " young/ADJ/JJ/amod>5 skier/NOUN/NN/attr>2]")),
    (ACT, ("a/DET/DT/det>1 man/NOUN/NN/ROOT>1 sitting/VERB/VBG/acl>1 and/CCONJ/CC/cc>2"
     " eating/VERB/VBG/conj>2")),
    # a compound is no pair, nor part of one
    (OBJ, "a/DET/DT/det>2 tennis/NOUN/NN/compound>2 racket/NOUN/NN/ROOT>2"),
    (ATT, ("a/DET/DT/det>2 hot/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2 on/ADP/IN/prep>2 a/DET/DT/det>6"
     " red/ADJ/JJ/amod>6 bun/NOUN/NN/pobj>3")),
    (ATT, ("a/DET/DT/det>2 high/ADJ/JJ/amod>2 wall/NOUN/NN/ROOT>2 by/ADP/IN/prep>2 a/DET/DT/det>6"
     " red/ADJ/JJ/amod>6 chair/NOUN/NN/pobj>3")),  # "high chair" would not lead back
    # light nouns, pronouns, parts of prepositions, of-phrases
    (OBJ, ("a/DET/DT/det>1 group/NOUN/NN/ROOT>1 near/ADP/IN/prep>1 a/DET/DT/det>4"
     " car/NOUN/NN/pobj>2")),
    (OBJ, ("a/DET/DT/det>1 cat/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 top/NOUN/NN/pobj>2 of/ADP/IN/prep>3"
     " it/PRON/PRP/pobj>4")),
    (NP, "[A/DET/DT/det>1 cat/NOUN/NN/ROOT>1] by/ADP/IN/prep>1 [it/PRON/PRP/pobj>2]"),
    (NP, ("[a/DET/DT/det>1 bowl/NOUN/NN/ROOT>1] of/ADP/IN/prep>1 [green/ADJ/JJ/amod>4"
     " soup/NOUN/NN/pobj>2]")),
    # number: agreement, and a noun that lacks its article
    (NP, RIDES),
    (OBJ, RIDES),
    (OBJ, "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 grass/NOUN/NN/pobj>2"),
    # anaphora
    (OBJ, ("one/NUM/CD/nummod>1 bird/NOUN/NN/ROOT>1 by/ADP/IN/prep>1 the/DET/DT/det>5"
     " other/ADJ/JJ/amod>5 dog/NOUN/NN/pobj>2")),
    (OBJ, ("a/DET/DT/det>1 man/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 his/PRON/PRP$/poss>4"
     " dog/NOUN/NN/pobj>2")),
    # quantifiers, two colours on one head
    (ATT, ("many/ADJ/JJ/amod>1 dogs/NOUN/NNS/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>5"
     " red/ADJ/JJ/amod>5 bus/NOUN/NN/pobj>2")),
    (ATT, ("a/DET/DT/det>3 big/ADJ/JJ/amod>3 red/ADJ/JJ/amod>3 bus/NOUN/NN/ROOT>3 in/ADP/IN/prep>3"
     " hot/ADJ/JJ/amod>6 weather/NOUN/NN/pobj>4")),
    # verbs of two forms, auxiliaries, one with an object
    (ACT, ("dogs/NOUN/NNS/nsubj>2 are/AUX/VBP/aux>2 running/VERB/VBG/ROOT>2 as/SCONJ/IN/mark>5"
     " men/NOUN/NNS/nsubj>5 watch/VERB/VBP/advcl>2")),
    (ACT, ("a/DET/DT/det>1 man/NOUN/NN/ROOT>1 riding/VERB/VBG/acl>1 a/DET/DT/det>4"
     " horse/NOUN/NN/dobj>2 by/ADP/IN/prep>1 a/DET/DT/det>7 dog/NOUN/NN/pobj>5"
     " sitting/VERB/VBG/acl>7")),
    # adjectives of two sorts
    (ATT, MAN_HAT_DOG),
    (ATT, LIGHT.replace("blue", "big")),
    # "black and black"
    (ATT, ("a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 in/ADP/IN/prep>1 a/DET/DT/det>7 red/ADJ/JJ/amod>7"
     " and/CCONJ/CC/cc>4 black/ADJ/JJ/conj>4 coat/NOUN/NN/pobj>2 with/ADP/IN/prep>1"
     " black/ADJ/JJ/amod>10 gloves/NOUN/NNS/pobj>8")),
    # where one thing is: beside each other, one within the other, beside the verb
    (OBJ, ("rolling/VERB/VBG/ROOT>0 on/ADP/IN/prep>0 the/DET/DT/det>3 mat/NOUN/NN/pobj>1"
     " in/ADP/IN/prep>0 a/DET/DT/det>6 tube/NOUN/NN/pobj>4")),
    (NP, ("sitting/VERB/VBG/ROOT>0 on/ADP/IN/prep>0 [yellow/ADJ/JJ/amod>3 swings/NOUN/NNS/pobj>1]"
     " in/ADP/IN/prep>3 [parks/NOUN/NNS/pobj>4]")),
    (OBJ, ("he/PRON/PRP/nsubj>5 on/ADP/IN/prep>0 a/DET/DT/det>3 board/NOUN/NN/pobj>1"
     " now/ADV/RB/advmod>5 rides/VERB/VBZ/ROOT>5 on/ADP/IN/prep>5 a/DET/DT/det>8"
     " wave/NOUN/NN/pobj>6")),
    (NP, ("In/ADP/IN/prep>4 [a/DET/DT/det>2 room/NOUN/NN/pobj>0] there/PRON/EX/expl>4"
     " are/VERB/VBP/ROOT>4 they/PRON/PRP/attr>4 in/ADP/IN/prep>5 [a/DET/DT/det>8"
     " boat/NOUN/NN/pobj>6]")),
    # side by side, whatever "next" hangs on
    (NP, ("it/PRON/PRP/ROOT>0 with/ADP/IN/prep>0 [two/NUM/CD/nummod>3 bins/NOUN/NNS/pobj>1]"
     " next/ADV/RB/advmod>0 to/ADP/IN/prep>4 [a/DET/DT/det>7 van/NOUN/NN/pobj>5]")),
    # both in or on a third
    (OBJ, ("a/DET/DT/det>1 cup/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 Tom/PROPN/NNP/pobj>2"
     " covered/VERB/VBN/acl>3 with/ADP/IN/prep>4 a/DET/DT/det>7 napkin/NOUN/NN/pobj>5")),
    (OBJ, ("a/DET/DT/det>1 truck/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 bikes/NOUN/NNS/pobj>2"
     " in/ADP/IN/prep>3 a/DET/DT/det>6 garage/NOUN/NN/pobj>4")),
    # a list, and "one" for "a"
    (NP, LIST),
    (OBJ, ("a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 and/CCONJ/CC/cc>1 one/NUM/CD/nummod>4"
     " boy/NOUN/NN/conj>1 under/ADP/IN/prep>1 it/PRON/PRP/pobj>5")),
    # what one does at one time
    (ACT, ("a/DET/DT/det>1 cat/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 sitting/VERB/VBG/ROOT>3"
     " by/ADP/IN/prep>3 Anna/PROPN/NNP/pobj>4 and/CCONJ/CC/cc>3 staring/VERB/VBG/conj>3"
     " at/ADP/IN/prep>7 Tom/PROPN/NNP/pobj>8")),
    (ACT, ("a/DET/DT/det>1 boy/NOUN/NN/nsubj>2 laughs/VERB/VBZ/ROOT>2 as/SCONJ/IN/mark>5"
     " he/PRON/PRP/nsubj>5 runs/VERB/VBZ/advcl>2")),
    # states, weather
    (ACT, ("a/DET/DT/det>1 plate/NOUN/NN/ROOT>1 topped/VERB/VBN/acl>1 with/ADP/IN/prep>2"
     " cake/NOUN/NN/pobj>3 covered/VERB/VBN/acl>4 in/ADP/IN/prep>5 fruit/NOUN/NN/pobj>6")),
    (ACT, ("it/PRON/PRP/nsubj>1 rains/VERB/VBZ/ROOT>1 and/CCONJ/CC/cc>1 a/DET/DT/det>4"
     " boy/NOUN/NN/nsubj>5 stands/VERB/VBZ/conj>1")),
    # "a water"
    (OBJ, WITH_WATER.format("water", "an").replace("man/NOUN/NN", "he/PRON/PRP")),
    # a pronoun that comes after
    (OBJ, ("a/DET/DT/det>1 cat/NOUN/NN/ROOT>1 in/ADP/IN/prep>1 a/DET/DT/det>4 yard/NOUN/NN/pobj>2"
     " with/ADP/IN/prep>1 its/PRON/PRP$/poss>7 kitten/NOUN/NN/pobj>5")),
    (OBJ, ("goats/NOUN/NNS/nsubj>5 with/ADP/IN/prep>0 straw/NOUN/NN/pobj>1 in/ADP/IN/prep>0"
     " it/PRON/PRP/pobj>3 _'s/AUX/VBZ/ROOT>5 mouth/NOUN/NN/attr>5")),
    # what the parser takes for a phrase of nouns
    (NP, SWING.format("laughs", "NNS")),
    (NP, SWING.format("swimming", "NN")),
    (NP, ("[a/DET/DT/det>1 woman/NOUN/NN/ROOT>1] by/ADP/IN/prep>1 ['/SYM/``/punct>4"
     " sale/NOUN/NN/pobj>2]")),
    (OBJ, ("a/DET/DT/det>1 fence/NOUN/NN/nsubj>2 post/NOUN/NN/ROOT>2 by/ADP/IN/prep>2"
     " a/DET/DT/det>5 barn/NOUN/NN/pobj>3")),
    # a measure with "of" stays, and what it measures
    (OBJ, ("a/DET/DT/det>1 plate/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 rice/NOUN/NN/pobj>2"
     " by/ADP/IN/prep>1 a/DET/DT/det>6 dog/NOUN/NN/pobj>4")),
    (NP, ("[a/DET/DT/det>1 plate/NOUN/NN/ROOT>1] of/ADP/IN/prep>1 [rice/NOUN/NN/pobj>2]"
     " by/ADP/IN/prep>1 [a/DET/DT/det>6 dog/NOUN/NN/pobj>4]")),
    # part of a longer word
    (OBJ, ("a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 _-/PUNCT/HYPH/punct>1 _friendly/ADJ/JJ/dep>1"
     " by/ADP/IN/prep>1 a/DET/DT/det>6 car/NOUN/NN/pobj>4")),
    (OBJ, ""),
]  # fmt: skip


def negatives(rule: Swap, parse: Parse) -> Iterator[tuple[str, Edit]]:
    for slot in rule(parse):
        assert slot.reversible
        (edit,) = slot.alternatives
        glued = glue(wording_of(parse, LEXICON), edit)
        assert glued is not None
        yield glued.apply(parse.text), edit


@pytest.mark.parametrize(("rule", "tagged", "expected"), CHANGES)
def test_changes(rule: Swap, tagged: str, expected: set[str]) -> None:
    found = [text for text, _ in negatives(rule, parse_of(tagged))]
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("rule", "tagged"), NOOPS)
def test_noop(rule: Swap, tagged: str) -> None:
    assert [text for text, _ in negatives(rule, parse_of(tagged))] == []


def test_phrases_that_differ_in_nouns_alone_are_left_to_objects() -> None:
    parse = parse_of(RACKET)
    assert [slot.subtype for slot in NP_BESIDE_OBJ(parse)] == ["obj"]
    assert [slot.subtype for slot in NP(parse)] == ["np"]


def test_long_caption_is_bounded() -> None:
    parse = parse_of(" ".join(f"the/DET/DT/det>{2 * i + 1} n{i}/NOUN/NN/dep>{2 * i + 1}".replace(
        "NN/dep", "NN/pobj") for i in range(1000)))  # fmt: skip
    assert len(list(OBJ(parse))) == 28


@pytest.mark.parametrize(("rule", "tagged", "expected"), CHANGES)
def test_every_swap_leads_back(rule: Swap, tagged: str, expected: set[str]) -> None:
    parse = parse_of(tagged)
    for text, edit in negatives(rule, parse):
        assert text in expected
        swapped = parse_after(parse, edit, text)
        assert parse.text in {back for back, _ in negatives(rule, swapped)}


def parse_after(parse: Parse, edit: Edit, text: str) -> Parse:
    """Return the parse of the negative: words bring their tags, places keep their labels."""
    left, right = (
        [i for i, token in enumerate(parse.tokens) if r.start <= token.start < r.end]
        for r in edit.replacements
    )
    between = range(left[-1] + 1, right[0])
    order = [*range(left[0]), *right, *between, *left, *range(right[-1] + 1, len(parse.tokens))]
    roots = {_root(parse, left): _root(parse, right), _root(parse, right): _root(parse, left)}
    moved = {*left, *right}
    tokens: list[Token] = []
    end = 0
    for old in order:
        token = parse.tokens[old]
        place = parse.tokens[roots.get(old, old)]  # a part's root takes the other's label and head
        inside = old in moved and old not in roots
        head = token.head if inside else roots.get(place.head, place.head)
        head = old if place.head == roots.get(old, old) else head
        word = "an?" if token.text.lower() in {"a", "an"} else re.escape(token.text)
        found = re.compile(rf"\s*({word})", re.IGNORECASE).match(text, end)
        assert found is not None
        start, end = found.span(1)
        tokens.append(
            Token(start, end, found.group(1), token.pos, token.tag, place.dep, order.index(head))
        )
    return Parse(text, tuple(tokens), tuple(_chunks(tokens)))


def _root(parse: Parse, part: list[int]) -> int:
    return max(i for i in part if parse.tokens[i].head not in part or parse.tokens[i].head == i)


def _chunks(tokens: list[Token]) -> Iterator[Chunk]:
    """Yield a noun with all its dependents before it."""
    for root, token in enumerate(tokens):
        if token.pos == "NOUN" and token.dep != "compound":
            below = [i for i in range(root) if tokens[i].head == root]
            yield Chunk(min([root, *below]), root, root)
