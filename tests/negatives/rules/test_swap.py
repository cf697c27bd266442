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
from tests.parses import parse_of, parsed

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

MAN_HAT_DOG = "A man in a red hat by an old dog."
RIDES = "A man rides two horses"
RODE = "A man rode two horses"
RACKET = "A boy with a tennis racket"
SHIRT = "a dog on a t-shirt"
PAIR_CARS = "a red car and a blue bus"
VERY = "a very big man in a small car"
LIGHT = "a light blue couch in a white room"
SHOES = "a boy with black shoes, a white shirt and silver socks"
TOGETHER = "a girl is holding a cup and stirring the soup"
CURB_AND_HILL = "a boy sitting on the curb while Anna is digging on a hill"
LIST = "a wet dog, a cup and a tall man"
WITH_WATER = "a man under the {} with {} oar"
SWING = "a girl in a swing {}"
SIT = "a man sitting by a dog standing up"

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
        LIGHT.replace("light", "jet"),
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
    (NP, SWING.format("rope"), {"a swing rope in a girl"}),
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
    (ATT, "large elephant by Large tree"),
    (OBJ, "a dog by a Dog"),
    # one head
    (ATT, "a large white bus"),
    # still true
    (ATT, "a white and brown cat"),
    (ATT, PAIR_CARS.replace("bus", "car")),
    (NP, "a man and two dogs"),
    (OBJ, "a man and a dog"),
    (NP, "the man is a young skier"),
    (ACT, "a man sitting and eating"),
    # a compound is no pair, nor part of one
    (OBJ, "a tennis racket"),
    (ATT, "a hot dog on a red bun"),
    (ATT, "a high wall by a red chair"),  # "high chair" would not lead back
    # light nouns, pronouns, parts of prepositions, of-phrases
    (OBJ, "a group near a car"),
    (OBJ, "a cat on top of it"),
    (NP, "A cat by it"),
    (NP, "a bowl of green soup"),
    # number: agreement, and a noun that lacks its article
    (NP, RIDES),
    (OBJ, RIDES),
    (OBJ, "a dog on grass"),
    # anaphora
    (OBJ, "one bird by the other dog"),
    (OBJ, "a man with his dog"),
    # quantifiers, two colours on one head
    (ATT, "many dogs on a red bus"),
    (ATT, "a big red bus in hot weather"),
    # verbs of two forms, auxiliaries, one with an object
    (ACT, "dogs are running as men watch"),
    (ACT, "a man riding a horse by a dog sitting"),
    # adjectives of two sorts
    (ATT, MAN_HAT_DOG),
    (ATT, LIGHT.replace("blue", "big")),
    # "black and black"
    (ATT, "a girl in a red and black coat with black gloves"),
    # where one thing is: beside each other, one within the other, beside the verb
    (OBJ, "rolling on the mat in a tube"),
    (NP, "sitting on yellow swings in parks"),
    (OBJ, "he on a board now rides on a wave"),
    (NP, "In a room there are they in a boat"),
    # side by side, whatever "next" hangs on
    (NP, "it with two bins next to a van"),
    # both in or on a third
    (OBJ, "a cup on Tom covered with a napkin"),
    (OBJ, "a truck with bikes in a garage"),
    # a list, and "one" for "a"
    (NP, LIST),
    (OBJ, "a dog and one boy under it"),
    # what one does at one time
    (ACT, "a cat is sitting by Anna and staring at Tom"),
    (ACT, "a boy laughs as he runs"),
    # states, weather
    (ACT, "a plate topped with cake covered in fruit"),
    (ACT, "it rains and a boy stands"),
    # "a water"
    (OBJ, WITH_WATER.format("water", "an").replace("man", "he")),
    # a pronoun that comes after
    (OBJ, "a cat in a yard with its kitten"),
    (OBJ, "goats with straw in it's mouth"),
    # what the parser takes for a phrase of nouns
    (NP, SWING.format("laughs")),
    (NP, SWING.format("swimming")),
    (NP, "a woman by ' sale"),
    (OBJ, "a fence post by a barn"),
    # a measure with "of" stays, and what it measures
    (OBJ, "a plate of rice by a dog"),
    (NP, "a plate of rice by a dog"),
    # part of a longer word
    (OBJ, "a dog-friendly by a car"),
    (OBJ, ""),
]  # fmt: skip


def negatives(rule: Swap, parse: Parse) -> Iterator[tuple[str, Edit]]:
    for slot in rule(parse):
        assert slot.reversible
        (edit,) = slot.alternatives
        glued = glue(wording_of(parse, LEXICON), edit)
        assert glued is not None
        yield glued.apply(parse.text), edit


@pytest.mark.parametrize(("rule", "caption", "expected"), CHANGES)
def test_changes(rule: Swap, caption: str, expected: set[str]) -> None:
    found = [text for text, _ in negatives(rule, parsed(caption))]
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("rule", "caption"), NOOPS)
def test_noop(rule: Swap, caption: str) -> None:
    assert [text for text, _ in negatives(rule, parsed(caption))] == []


def test_phrases_that_differ_in_nouns_alone_are_left_to_objects() -> None:
    parse = parsed(RACKET)
    assert [slot.subtype for slot in NP_BESIDE_OBJ(parse)] == ["obj"]
    assert [slot.subtype for slot in NP(parse)] == ["np"]


def test_long_caption_is_bounded() -> None:
    parse = parse_of(" ".join(f"the/DET/DT/det>{2 * i + 1} n{i}/NOUN/NN/dep>{2 * i + 1}".replace(
        "NN/dep", "NN/pobj") for i in range(1000)))  # fmt: skip
    assert len(list(OBJ(parse))) == 28


@pytest.mark.parametrize(("rule", "caption", "expected"), CHANGES)
def test_every_swap_leads_back(rule: Swap, caption: str, expected: set[str]) -> None:
    parse = parsed(caption)
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
