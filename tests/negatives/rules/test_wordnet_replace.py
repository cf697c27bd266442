from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.rules.wordnet_replace import WordnetReplace, _expected_draws, is_refused
from negatives.slots import Slot
from negatives.words.lexicon import TABLES, Table, load
from tests.parses import parsed

LEXICON = Table(
    forms={("dog", "NNS"): "dogs", ("cow", "NNS"): "cows", ("sit", "VBZ"): "sits"},
    replacements={
        ("dog", "NOUN"): [("cat", 3), ("Cow", 1), ("farm animal", 2)],
        ("dogs", "NOUN"): [("cow", 3), ("farm animal", 2), ("sheep", 1), ("dog", 9)],
        ("sofa", "NOUN"): [("bed", 1)],
        ("red", "ADJ"): [("blue", 2), ("green", 1)],
        ("rides", "VERB"): [("sit", 4), ("go", 1)],
        ("next", "ADV"): [("last", 1)],
    },
)
RULE = WordnetReplace(lexicon=LEXICON)


def slots_of(caption: str) -> list[tuple[str, list[str]]]:
    parse = parsed(caption)
    return [
        (slot.subtype, [edit.apply(parse.text) for edit in slot.alternatives])
        for slot in RULE(parse)
        if slot.subtype != "rel"
    ]


def relation_of(caption: str) -> tuple[Slot, list[str]]:
    parse = parsed(caption)
    (slot,) = (slot for slot in RULE(parse) if slot.subtype == "rel")
    return slot, [edit.apply(parse.text) for edit in slot.alternatives]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (
            "dog on sofa",
            [
                ("obj", ["Cow on sofa", "cat on sofa", "farm animal on sofa"]),
                ("obj", ["dog on bed"]),
            ],
        ),
        (  # inflected where there is a form; the word's own lemma is no replacement
            "Dogs on sofa",
            [("obj", ["Cows on sofa", "Farm Animal on sofa", "Sheep on sofa"]),
             ("obj", ["Dogs on bed"])],
        ),
        (
            "RED DOG rides it",
            [
                ("obj", ["RED COW rides it", "RED CAT rides it", "RED FARM ANIMAL rides it"]),
                ("att", ["BLUE DOG rides it", "GREEN DOG rides it"]),
                ("act", ["RED DOG go it", "RED DOG sits it"]),
            ],
        ),
    ],
)  # fmt: skip
def test_change(caption: str, expected: list[tuple[str, list[str]]]) -> None:
    assert slots_of(caption) == expected


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "red dog",  # one entity
        "dog and sofa",  # nothing but entities
        "xyzzy are the frob",
    ],
)
def test_noop(caption: str) -> None:
    assert list(RULE(parsed(caption))) == []


def test_prepositions_give_way_to_all_others() -> None:
    slot, texts = relation_of("dog on sofa")
    assert len(texts) == 74
    assert "dog on sofa" not in texts
    assert {"dog of sofa", "dog in front of sofa"} <= set(texts)
    assert slot.weights is not None
    assert texts[max(range(74), key=slot.weights.__getitem__)] == "dog of sofa"


def test_prepositions_of_several_words_are_replaced_whole() -> None:
    _, texts = relation_of("dog In Front Of sofa")
    assert {"dog On sofa", "dog On Top Of sofa"} <= set(texts)
    assert "dog In Front Of sofa" not in texts


def test_a_relation_of_two_pairs_weighs_twice() -> None:
    parse = parsed("dog and dogs on sofa")
    sums = [(slot.subtype, sum(slot.weights or ())) for slot in RULE(parse)]
    assert [subtype for subtype, _ in sums] == ["obj", "obj", "obj", "rel"]
    assert sums[0][1] == pytest.approx(2)
    assert sums[1][1] < 2  # "dog" for "dogs" is among the published draws, and left out here
    assert sums[2][1] == pytest.approx(1)
    assert sums[3][1] == pytest.approx(4)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("dog on sofa", ["African", "ATM", "w.c.", "W.M.D.", "cat"]),
        ("dogs on sofa", ["African", "ATMs", "w.c.", "W.M.D.", "cats"]),
        ("Dog on sofa", ["African", "ATM", "W.C.", "W.M.D.", "Cat"]),
        ("DOG on sofa", ["AFRICAN", "ATM", "W.C.", "W.M.D.", "CAT"]),
    ],
)
def test_names_keep_their_capitals_and_odd_words_their_form(
    caption: str, expected: list[str]
) -> None:
    names = [("African", 1), ("ATM", 1), ("w.c.", 1), ("W.M.D.", 1), ("cat", 1)]

    class Named:
        """The shipped lexicon, with one word's neighbours in this order."""

        def __getattr__(self, name: str) -> object:
            return getattr(load(), name)

        def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
            return tuple(names) if (form[:3], pos) == ("dog", "NOUN") else ()

    parse = parsed(caption)
    (first, *_) = WordnetReplace(lexicon=Named())(parse)  # type: ignore[arg-type]
    assert [edit.replacements[0].text for edit in first.alternatives] == expected


@pytest.mark.parametrize("name", ["bastard", "Bastard wing", "half-caste"])
def test_refused(name: str) -> None:
    assert is_refused(name)


@pytest.mark.parametrize("name", ["grass", "peacock", "class act", "queen", "blue titmouse"])
def test_not_refused(name: str) -> None:
    assert not is_refused(name)


def test_no_table_holds_a_refused_word() -> None:
    tables = [
        *TABLES.glob("classes/*.txt"), *TABLES.glob("word_lists/*.txt"), TABLES / "things.txt",
        TABLES / "prepositions.txt", TABLES / "relations.txt", TABLES / "count.txt",
    ]  # fmt: skip
    for table in tables:
        for line in table.read_text("utf-8").splitlines():
            words = line.rpartition(":")[2].replace(",", " ").replace("/", " ").split()
            assert line.startswith("#") or not any(map(is_refused, words)), (table.name, line)


@pytest.mark.parametrize(
    "noun", ["man", "woman", "child", "people", "baby", "guy", "cat", "donkey"]
)
def test_no_neighbour_of_a_common_noun_is_refused(noun: str) -> None:
    parse = parsed(f"{noun} on sofa")
    (first, *_) = WordnetReplace(lexicon=load())(parse)
    texts = [edit.replacements[0].text for edit in first.alternatives]
    assert texts
    assert not any(map(is_refused, texts))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_expected_draws(weights: list[int]) -> None:
    expected = [0.0] * len(weights)
    for first, second in permutations(range(len(weights)), 2):
        left = sum(weights) - weights[first]
        chance = weights[first] / sum(weights) * weights[second] / left
        expected[first] += chance
        expected[second] += chance
    if len(weights) == 1:
        expected = [1.0]
    assert _expected_draws(weights) == pytest.approx(expected)
