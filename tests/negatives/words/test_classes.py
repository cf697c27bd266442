"""The curated classes: what the lists promise, held against WordNet and against each other."""

from itertools import combinations

import pytest

from negatives.guards.tables import overlaps, together_of, words
from negatives.words.lexicon import TABLES, Lexicon, load, read_classes
from negatives.words.word_sets import word_sets

FILES = {"nouns": "NOUN", "adjectives": "ADJ", "verbs": "VERB"}
NEAR_PAIRS = """
orange/red orange/pink pink/red pink/purple brown/orange brown/red orange/yellow stone/marble
stone/brick stone/concrete stone/cement concrete/cement brick/concrete brick/marble brick/cement
wooden/bamboo wooden/wicker plastic/rubber sandy/grassy sandy/muddy round/oval round/rectangular
square/oval square/rectangular tall/long busy/crowded pot/pan door/porch jacket/shirt jacket/sweater
shirt/sweater passenger_train/steam_train passenger_train/subway_train steam_train/subway_train
"""  # what people call by either name, though it is of one class: the guards part them
GENDERS = """
man/woman boy/girl guy/lady male/female groom/bride father/mother dad/mom grandfather/grandmother
brother/sister son/daughter husband/wife king/queen prince/princess policeman/policewoman
waiter/waitress cowboy/cowgirl businessman/businesswoman actor/actress uncle/aunt hero/heroine
monk/nun priest/ gentleman/ fireman/ mailman/ knight/ /ballerina
"""
NEAR = {frozenset(pair.replace("_", " ").split("/")) for pair in NEAR_PAIRS.split()}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load()


def classes(file: str) -> dict[str, tuple[str, ...]]:
    table = (TABLES / "classes" / f"{file}.txt").read_text("utf-8")
    return dict(read_classes(table).values())


def lines(file: str) -> list[str]:
    table = (TABLES / "classes" / f"{file}.txt").read_text("utf-8")
    return [line for line in table.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("file", FILES)
def test_each_lemma_stands_once_and_each_class_has_a_name_of_its_own(file: str) -> None:
    names = [line.partition(":")[0] for line in lines(file)]
    lemmas = [lemma.strip() for line in lines(file) for lemma in line.partition(":")[2].split(",")]
    assert len(set(names)) == len(names)
    assert len(set(lemmas)) == len(lemmas)
    assert all(lemma and lemma == " ".join(lemma.lower().split()) for lemma in lemmas)


def test_every_noun_with_a_gender_is_on_its_side() -> None:
    sets = word_sets("replace")
    gendered = sets["gendered nouns"] | words().gendered
    by_gender = [{pair.split("/")[place] for pair in GENDERS.split()} - {""} for place in (0, 1)]
    assert gendered == by_gender[0] | by_gender[1]
    assert sets["female nouns"] == by_gender[1]
    split = {
        name: [len(gender.intersection(members)) for gender in by_gender]
        for name, members in classes("nouns").items()
        if gendered.intersection(members) == set(members)
    }
    assert split.pop("royalty") == [2, 2]
    assert split.pop("ceremony") == [2, 1]
    assert len(split) > 10
    assert all(nums == [1, 1] or 0 in nums for nums in split.values())


@pytest.mark.parametrize("file", FILES)
def test_every_class_has_an_alternative(file: str) -> None:
    alone = [name for name, members in classes(file).items() if len(members) < 2]
    assert not alone


@pytest.mark.parametrize("file", FILES)
def test_members_are_no_synonyms_and_no_kinds_of_each_other(file: str, lexicon: Lexicon) -> None:
    pairs = [
        (name, left, right)
        for name, members in classes(file).items()
        for left, right in combinations(members, 2)
        if lexicon.compatible(left, right, FILES[file]) and {left, right} not in NEAR
    ]
    assert not pairs


@pytest.mark.parametrize("file", FILES)
def test_members_do_not_overlap(file: str) -> None:
    found = {
        frozenset(pair)
        for members in classes(file).values()
        for pair in combinations(members, 2)
        if overlaps().holds(*pair, FILES[file])
    }
    assert found <= NEAR


@pytest.mark.parametrize("file", FILES)
def test_light_nouns_and_quantifiers_are_in_no_class(file: str) -> None:
    lemmas = {lemma for members in classes(file).values() for lemma in members}
    left_out = words().light if file == "nouns" else words().quantifiers
    found = {"end", "middle"} if file == "nouns" else set()  # places in a row of things
    assert lemmas & left_out <= found


@pytest.mark.parametrize(
    ("lemma", "pos", "others"),
    [
        ("dog", "NOUN", {"cat", "horse"}),
        ("fire hydrant", "NOUN", {"parking meter"}),
        ("tennis racket", "NOUN", {"baseball bat"}),
        ("man", "NOUN", {"woman"}),
        ("skier", "NOUN", {"surfer", "snowboarder"}),
        ("red", "ADJ", {"blue", "green"}),
        ("open", "ADJ", {"closed"}),
        ("sit", "VERB", {"stand"}),
        ("hold", "VERB", {"throw", "catch"}),
    ],
)
def test_what_captions_talk_about_has_its_class(
    lemma: str, pos: str, others: set[str], lexicon: Lexicon
) -> None:
    assert others < set(lexicon.word_class(lemma, pos))


@pytest.mark.parametrize(
    ("lemma", "other", "pos"),
    [
        ("man", "skier", "NOUN"),
        ("woman", "child", "NOUN"),
        ("hat", "jacket", "NOUN"),
        ("large", "long", "ADJ"),
        ("run", "jump", "VERB"),
    ],
)
def test_what_may_be_true_together_is_in_two_classes(
    lemma: str, other: str, pos: str, lexicon: Lexicon
) -> None:
    assert other not in lexicon.word_class(lemma, pos)


@pytest.mark.parametrize(
    "table",
    ["people: man / skier", "noun people: man, woman", "noun people: man / man", "noun: a / "],
)
def test_a_table_of_overlaps_that_says_nothing_is_refused(table: str) -> None:
    with pytest.raises(ValueError, match=r"expected|two sides"):
        together_of(table)


def test_overlaps_are_symmetric_and_only_across_the_slash() -> None:
    table = together_of("# roles\nnoun people: man, woman / skier\n")
    assert table.holds("man", "skier", "NOUN")
    assert table.holds("skier", "man", "NOUN")
    assert not table.holds("man", "woman", "NOUN")
    assert not table.holds("man", "skier", "VERB")
    assert not table.holds("man", "dog", "NOUN")
