"""The file of parses is what the installed model says, save what is marked as corrected by hand."""

import pytest

from negatives.models import model_name, model_version
from tests.parses import FILE, Entry, parse_of, parsed, read_entries, tagged_of, written_anew

TEXT = FILE.read_text(encoding="utf-8")


def test_the_file_is_as_the_model_parses_today() -> None:
    own = model_version(model_name())
    if own not in TEXT.partition("\n")[0]:
        pytest.skip(f"the file is of another model or spaCy than {own}; run python -m tests.parses")
    assert written_anew(TEXT) == TEXT


@pytest.mark.parametrize(
    ("tagged", "caption"),
    [
        (
            "[it/PRON] _'s/AUX [a/DET dog/NOUN _-/PUNCT _shaped/ADJ kite/NOUN]",
            "it's a dog-shaped kite",
        ),
        ("[Two/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT] run/VERB/VBP/acl>1 ./PUNCT", "Two dogs run."),
        ("", ""),
    ],
)
def test_a_parse_is_written_in_tags_and_read_back(tagged: str, caption: str) -> None:
    parse = parse_of(tagged)
    assert parse.text == caption
    assert parse_of(tagged_of(parse)) == parse


def test_what_is_by_hand_stays_and_new_captions_are_parsed() -> None:
    by_hand = "run\n  ! run/NOUN/NN/ROOT>0\nrun #2\n  = run/X/XX/dep>0\nTwo dogs run.\n"
    entries = read_entries(written_anew(by_hand))
    assert list(entries) == ["Two dogs run.", "run", "run #2"]
    assert entries["run"] == Entry("run/NOUN/NN/ROOT>0", by_hand=True)
    assert entries["run #2"] == Entry("run/VERB/VB/ROOT>0", by_hand=False)
    assert entries["Two dogs run."] == Entry(
        "[Two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2] run/VERB/VBP/ROOT>2 ./PUNCT/./punct>2",
        by_hand=False,
    )


def test_a_caption_without_a_parse_is_told_with_what_to_do() -> None:
    assert parsed("").tokens == ()
    with pytest.raises(
        AssertionError, match=r"write it into parses\.txt, run python -m tests.parses"
    ):
        parsed("nobody wrote this caption down")
