"""The shipped tables, asked as rules ask them; and the three-word Table."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.words.lexicon import FrozenLexicon, Lexicon, Table, load

LEXICON = load()
WORDS = sorted({w for name in ("NOUN", "VERB", "ADJ") for w in LEXICON.classes[name]})
any_word = st.sampled_from(WORDS) | st.text(max_size=12)
any_tag = st.sampled_from(
    ("NN", "NNS", "VB", "VBP", "VBZ", "VBD", "VBG", "VBN", "JJ", "JJR", "JJS", "RB", "RBR", "XX")
)
any_pos = st.sampled_from(("NOUN", "VERB", "ADJ", "ADV", "PRON"))


@pytest.mark.parametrize(
    ("form", "tag", "lemma"),
    [
        ("Geese", "NNS", "goose"), ("people", "NNS", "person"), ("men", "NNS", "man"),
        ("leaves", "NNS", "leaf"), ("leaves", "VBZ", "leave"), ("skis", "NNS", "ski"),
        ("glasses", "NNS", "glasses"), ("wine glasses", "NNS", "wine glass"),
        ("fire hydrants", "NNS", "fire hydrant"), ("sheep", "NNS", "sheep"),
        ("children", "NNS", "child"), ("bikers", "NNS", "biker"), ("hoodies", "NNS", "hoodie"),
        ("buses", "NNS", "bus"), ("broccoli", "NNS", "broccoli"), ("dog", "NN", "dog"),
        ("riding", "VBG", "ride"), ("hitting", "VBG", "hit"), ("picked up", "VBD", "pick up"),
        ("lay", "VBD", "lie"), ("lay", "VB", "lay"), ("travelling", "VBG", "travel"),
        ("is", "VBZ", "be"), ("bigger", "JJR", "big"), ("best", "JJS", "good"),
        ("terrier", "JJR", "terrier"), ("frobbing", "VBG", "frob"), ("frobs", "NNS", "frob"),
    ],
)  # fmt: skip
def test_lemma(form: str, tag: str, lemma: str) -> None:
    assert LEXICON.lemma(form, tag) == lemma


@pytest.mark.parametrize(
    ("lemma", "tag", "form"),
    [
        ("goose", "NNS", "geese"), ("person", "NNS", "people"), ("child", "NNS", "children"),
        ("knife", "NNS", "knives"), ("fire hydrant", "NNS", "fire hydrants"),
        ("house", "NN", "house"), ("pants", "NNS", "pants"), ("zebra", "NNS", "zebras"),
        ("wine glass", "NNS", "wine glasses"), ("pick up", "VBZ", "picks up"),
        ("lie", "VBG", "lying"), ("ride", "VBN", "ridden"), ("ski", "VBN", "skied"),
        ("lean", "VBN", "leaned"), ("frob", "VBG", "frobbing"), ("big", "JJS", "biggest"),
        ("dry", "JJR", "drier"), ("wooden", "JJ", "wooden"),
        # no form, or one that would not lead back
        ("sheep", "NN", None), ("sheep", "NNS", None), ("pants", "NN", None),
        ("people", "NN", None), ("glass", "NNS", None), ("furniture", "NNS", None),
        ("broccoli", "NNS", None), ("hit", "VBD", None), ("hit", "VBP", None),
        ("wooden", "JJR", None), ("doughnuts", "NN", None), ("dog", "XX", None),
    ],
)  # fmt: skip
def test_inflect(lemma: str, tag: str, form: str | None) -> None:
    assert LEXICON.inflect(lemma, tag) == form


@given(any_word, any_tag)
def test_a_form_leads_back_to_its_lemma(word: str, tag: str) -> None:
    form = LEXICON.inflect(word, tag)
    if form is not None:
        assert LEXICON.lemma(form, tag) == word.lower()


@pytest.mark.parametrize("pos", ["NOUN", "VERB", "ADJ"])
def test_classes_are_a_partition(pos: str) -> None:
    for lemma in LEXICON.classes[pos]:
        members = LEXICON.word_class(lemma, pos)
        assert lemma in members
        assert list(members) == sorted(set(members))
        assert len(members) > 1
        for other in members:
            assert LEXICON.word_class(other, pos) is members
            assert LEXICON.class_name(other, pos) == LEXICON.class_name(lemma, pos) != ""


@pytest.mark.parametrize("word", ["artificial pacemaker", "Equus quagga", "Capricorn", "it", ""])
def test_rare_and_proper_words_are_in_no_class(word: str) -> None:
    assert LEXICON.word_class(word, "NOUN") == ()
    assert LEXICON.class_name(word, "NOUN") == ""


def test_a_wrong_sense_is_in_another_class() -> None:
    assert "whistle" not in LEXICON.word_class("dog", "NOUN")
    assert "suitcase" not in LEXICON.word_class("trunk", "NOUN")


def test_members_that_wordnet_chose_exclude_each_other() -> None:
    for name, members in dict.fromkeys(LEXICON.classes["NOUN"].values()):
        if name.startswith("other "):
            for left in members:
                assert not any(LEXICON.compatible(left, m, "NOUN") for m in members if m != left), (
                    name
                )


@pytest.mark.parametrize(
    ("left", "right", "pos", "expected"),
    [
        ("man", "person", "NOUN", True), ("puppy", "dog", "NOUN", True),
        ("sofa", "couch", "NOUN", True), ("bike", "bicycle", "NOUN", True),
        ("car", "vehicle", "NOUN", True), ("big", "large", "ADJ", True),
        ("huge", "large", "ADJ", True), ("red", "crimson", "ADJ", True),
        ("Dog", "dog", "NOUN", True), ("frob", "frob", "NOUN", True),
        ("dog", "cat", "NOUN", False), ("red", "blue", "ADJ", False),
        ("walk", "run", "VERB", False), ("frob", "dog", "NOUN", False),
        ("horse", "elephant", "NOUN", False), ("the", "a", "DET", False),
    ],
)  # fmt: skip
def test_compatible(left: str, right: str, pos: str, expected: bool) -> None:  # noqa: FBT001
    assert LEXICON.compatible(left, right, pos) is expected


@given(any_word, any_word, any_pos)
def test_compatible_is_symmetric(left: str, right: str, pos: str) -> None:
    assert LEXICON.compatible(left, right, pos) == LEXICON.compatible(right, left, pos)


@given(any_word, any_tag, any_pos)
def test_unknown_words_raise_nothing(word: str, tag: str, pos: str) -> None:
    LEXICON.lemma(word, tag)
    LEXICON.knows(word, pos)
    LEXICON.antonyms(word, pos)
    LEXICON.neighbours(word, pos)
    LEXICON.vowel_sound(word)
    assert 0 <= LEXICON.english_share([word]) <= 1


VOWELS = """hour honest heir umbrella apple hourglass X-ray FBI MRI SUV LED 8 8th 11 18 80 M A
11,000 18-wheeler 1890s uninteresting unidentified urban orange 8-year-old F-16 F.B.I. o'clock"""
CONSONANTS = """uniform unicorn European one-way ukulele used useful unique user universe UFO US UK
U.S. dog house 1 7 100 118 1,800 U-turn T-shirt NASA TV one once euro STOP hotel MAN uke eu"""


@pytest.mark.parametrize("word", VOWELS.split())
def test_takes_an(word: str) -> None:
    assert LEXICON.vowel_sound(word)


@pytest.mark.parametrize("word", CONSONANTS.split())
def test_takes_a(word: str) -> None:
    assert not LEXICON.vowel_sound(word)


def test_antonyms() -> None:
    assert "closed" in LEXICON.antonyms("open", "ADJ")
    assert LEXICON.antonyms("dog", "NOUN") == ()


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.9, 1, "A man riding a horse next to a red barn ."),
        (0.9, 1, "two skateboarders wearing helmets and knee-pads"),
        (0, 0.5, "Ein Mann geht mit seinem Hund am Strand spazieren ."),
        (0, 0.5, "Un homme marche sur la plage avec son chien ."),
        (0, 0.5, "Un hombre camina por la playa con su perro ."),
        (0, 0.5, "Un bărbat se plimbă pe plajă cu câinele său ."),
        (0, 0.1, "一个男人在海滩上遛狗"),
        (0, 0, "! 12 ."),
        (0, 0, ""),
    ],
)
def test_english_share(low: float, high: float, text: str) -> None:
    assert low <= LEXICON.english_share(text.split()) <= high


def _answers(_: int) -> tuple[object, ...]:
    lexicon = load()
    return (
        lexicon.lemma("geese", "NNS"),
        lexicon.neighbours("red", "ADJ"),
        lexicon.compatible("man", "person", "NOUN"),
        lexicon.word_class("dog", "NOUN"),
    )


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_and_threads_answer_alike(method: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(_answers, range(8)))
    with multiprocessing.get_context(method).Pool(1) as processes:
        found += processes.map(_answers, [0])
    assert set(found) == {_answers(0)}


def test_lookups_cost_microseconds() -> None:
    started = time.perf_counter()
    for word in WORDS[:500]:
        LEXICON.lemma(word, "NNS")
        LEXICON.inflect(word, "NNS")
        LEXICON.word_class(word, "NOUN")
        LEXICON.vowel_sound(word)
    assert time.perf_counter() - started < 0.1  # 50 microseconds a question, a fiftieth in fact


def test_load_is_shared_by_a_process() -> None:
    assert load() is load()
    assert isinstance(load(), FrozenLexicon)


TABLE: Lexicon = Table(
    forms={("dog", "NNS"): "dogs", ("goose", "NNS"): "geese"},
    classes={("NOUN", "animal"): ("dog", "cat")},
    same=[("dog", "puppy")],
    opposites={"open": ("closed",)},
    replacements={("dog", "NOUN"): [("cat", 3), ("boy", 2)]},
    an=["hour"],
    a=["uniform"],
)


def test_table() -> None:
    assert TABLE.lemma("Geese", "NNS") == "goose"
    assert TABLE.inflect("dog", "NNS") == "dogs"
    assert TABLE.inflect("cat", "NNS") is None
    assert TABLE.inflect("cat", "NN") == "cat"
    assert TABLE.word_class("dog", "NOUN") == ("cat", "dog")
    assert TABLE.class_name("Dog", "NOUN") == "animal"
    assert TABLE.word_class("dog", "VERB") == ()
    assert TABLE.knows("dog", "NOUN")
    assert TABLE.compatible("puppy", "dog", "NOUN")
    assert not TABLE.compatible("cat", "dog", "NOUN")
    assert TABLE.antonyms("open", "ADJ") == ("closed",)
    assert [TABLE.vowel_sound(w) for w in ("hour", "apple", "uniform", "dog")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert TABLE.neighbours("Dog", "NOUN") == (("boy", 2), ("cat", 3))
    assert TABLE.english_share(["dogs", "frob"]) == 0.5
