import pytest

from negatives.words.kinds import kind_of
from negatives.words.lexicon import TABLES, load, read_classes
from negatives.words.word_sets import word_sets


@pytest.mark.parametrize(
    ("noun", "tag", "kind"),
    [
        ("girl", "NN", "person"),
        ("workers", "NNS", "person"),
        ("crowd", "NN", "person"),
        ("he", "PRP", "person"),
        ("photographer", "NN", "person"),
        ("dogs", "NNS", "animal"),
        ("pony", "NN", "animal"),
        ("computer", "NN", "thing"),
        ("monitor", "NN", "thing"),
        ("creek", "NN", "thing"),
        ("hotdog", "NN", "thing"),
        ("it", "PRP", "thing"),
        ("xyzzy", "NN", "thing"),
    ],
)
def test_kinds(noun: str, tag: str, kind: str) -> None:
    assert kind_of(load(), noun, tag) == kind


def test_a_compound_decides() -> None:
    assert kind_of(load(), "dog", "NN", "hot") == "thing"
    assert kind_of(load(), "dog", "NN", "brown") == "animal"


def test_every_class_named_is_one() -> None:
    files = ("classes/nouns.txt", "things.txt")
    tables = [read_classes((TABLES / file).read_text("utf-8")) for file in files]
    names = {name.replace(" ", "_") for table in tables for name, _ in table.values()}
    named = word_sets("kinds")["people"] | word_sets("kinds")["animals"]
    assert named <= names
