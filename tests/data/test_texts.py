"""What holds of texts."""

import pytest

from data.texts import counted, is_unicode, nearest, normalise, one_line


def test_normalised_takes_case_punctuation_and_spacing_out_of_play() -> None:
    assert normalise("  A Dog_house,\tred! ") == "a dog house red"
    assert normalise("Stra\u00dfe") == normalise("STRASSE")
    for character in map(chr, range(128)):  # plain letters have a shorter way to the same
        text = f"{character}A{character}b{character}"
        assert normalise(f"\u00fc {text} \u00fc") == f"\u00fc {normalise(text)} \u00fc"


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    assert is_unicode("\U0001f415 d\u00f6g")
    assert not is_unicode("dog \ud83d")


def test_one_is_singular() -> None:
    found = [counted(number, "shard") for number in (0, 1, 2, 2500)]
    assert found == ["0 shards", "1 shard", "2 shards", "2,500 shards"]


def test_nearest_knows_what_was_meant() -> None:
    hint = nearest("shufle", ["swap", "shuffle"])
    assert hint == "did you mean 'shuffle'? choose from: shuffle, swap"
    assert nearest("xyz", []) == "choose from: nothing"
    assert nearest("xyz", map(str, range(30))).endswith(", ...")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no such file", "no such file"),
        ("It failed (\n\t1. one way\n\t2. another)\n", "It failed ( 1. one way 2. another)"),
        ("\x1b[1mdo this\x1b[0m\r\nor that.", "do this or that"),
        ("", "ValueError"),
        (" \n", "ValueError"),
        (f"{'word ' * 80}end. {'more ' * 80}", f"{'word ' * 80}end ..."),
        ("word " * 300, f"{'word ' * 119}word ..."),
        ("x" * 900, f"{'x' * 600} ..."),
    ],
)  # fmt: skip
def test_a_message_is_told_whole_and_on_one_line(message: str, told: str) -> None:
    assert one_line(ValueError(message)) == told
