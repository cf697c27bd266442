"""What holds of texts."""

from data.texts import is_unicode, nearest, normalised


def test_normalised_takes_case_punctuation_and_spacing_out_of_play() -> None:
    assert normalised("  A Dog_house,\tred! ") == "a dog house red"
    assert normalised("Stra\u00dfe") == normalised("STRASSE")


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    assert is_unicode("\U0001f415 d\u00f6g")
    assert not is_unicode("dog \ud83d")


def test_nearest_knows_what_was_meant() -> None:
    hint = nearest("shufle", ["swap", "shuffle"])
    assert hint == "did you mean 'shuffle'? there is: shuffle, swap"
    assert nearest("xyz", []) == "there is: nothing"
    assert nearest("xyz", map(str, range(30))).endswith(", ...")
