"""Wording: tables of raw edits and what glue makes of them, and the way back."""

import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data.edits import Edit, Replacement, edit_of, text_at
from negatives.parse import Parse, Token
from negatives.wording import glue, wording_of
from negatives.words.lexicon import Lexicon
from tests.negatives.plain_words import PlainWords
from tests.parses import parse_of

LEXICON: Lexicon = PlainWords(nouns=frozenset({"rose"}), things=frozenset({"skier"}))


def word_edit(parse: Parse, edit: Edit) -> Edit | None:
    return glue(wording_of(parse, LEXICON), edit)


def replacing(parse: Parse, **new: str) -> Edit:
    """Return the raw edit that puts words in the places of tokens, t3="cat" for the fourth."""
    tokens = parse.tokens
    return edit_of(
        Replacement(tokens[i].start, tokens[i].end, text)
        for i, text in ((int(key.removeprefix("t")), text) for key, text in new.items())
    )


def swapping(parse: Parse, left: tuple[int, int], right: tuple[int, int]) -> Edit:
    """Return the raw edit that swaps two runs of tokens, first to last."""
    spans = [(parse.tokens[a].start, parse.tokens[b].end) for a, b in (left, right)]
    texts = [text_at(parse.text, *span) for span in spans]
    return edit_of(
        Replacement(*span, text) for span, text in zip(spans, reversed(texts), strict=True)
    )


def after(parse: Parse, edit: Edit) -> Parse:
    """Return the parse of the edited caption, each token with the tag it had where it was.

    Replaced spans become one token a word; moved words bring their tags.
    """
    tags = {token.text.lower(): token.pos for token in parse.tokens}
    new = edit.apply(parse.text)
    tokens: list[Token] = []
    for found in re.finditer(r"\w+|[^\w\s]", new):
        word = found.group().lower()
        pos = tags.get(word, "DET" if word in {"a", "an"} else "NOUN")
        tokens.append(Token(found.start(), found.end(), found.group(), pos, "", "", len(tokens)))
    return Parse(new, tuple(tokens), ())


def way_back(parse: Parse, raw: Edit, glued: Edit) -> Edit:
    """Return the raw edit that a rule would offer on the negative to undo `raw`."""
    touched = dict(zip(glued.replacements, glued.spans_after(), strict=True))
    spans = {(r.start, r.end): span for r, span in touched.items()}
    old_texts = {text_at(parse.text, r.start, r.end) for r in raw.replacements}
    negative = glued.apply(parse.text)
    places = {}
    for start, end, text in raw.replacements:
        if text in old_texts:  # moved: what stands now where the old text went
            source = next(
                (r.start, r.end)
                for r in raw.replacements
                if r.text == text_at(parse.text, start, end)
            )
            places[spans[start, end]] = text_at(negative, *spans[source])
        else:
            places[spans[start, end]] = text_at(parse.text, start, end).lower()
    return edit_of(Replacement(*span, text) for span, text in places.items())


DOG = "A/DET dog/NOUN sees/VERB an/DET apple/NOUN ./PUNCT/."
SWAPS = [
    # caption, swapped runs, negative
    (DOG, (1, 1), (4, 4), "An apple sees a dog."),
    (DOG, (0, 1), (3, 4), "An apple sees a dog."),
    (
        "A/DET man/NOUN in/ADP a/DET red/ADJ hat/NOUN by/ADP an/DET old/ADJ dog/NOUN",
        (4, 4),
        (8, 8),
        "A man in an old hat by a red dog",
    ),
    ("Black/ADJ dog/NOUN and/CCONJ white/ADJ cat/NOUN", (0, 0), (3, 3), "White dog and black cat"),
    ("Men/NOUN with/ADP a/DET TV/NOUN", (0, 0), (2, 3), "A TV with men"),
    ("TV/NOUN near/ADP dogs/NOUN", (0, 0), (2, 2), "Dogs near TV"),
    ("Bob/PROPN sees/VERB a/DET dog/NOUN", (0, 0), (2, 3), "A dog sees Bob"),
    ("Skier/PROPN sees/VERB a/DET dog/NOUN", (0, 0), (2, 3), "A dog sees skier"),
    ("Asian/ADJ man/NOUN and/CCONJ tall/ADJ boy/NOUN", (0, 0), (3, 3), "Tall man and Asian boy"),
    ("a/DET dog/NOUN sees/VERB an/DET ox/NOUN", (0, 1), (3, 4), "an ox sees a dog"),
    ("2/NUM dogs/NOUN see/VERB 3/NUM oxen/NOUN", (0, 1), (3, 4), "3 oxen see 2 dogs"),
    (
        "A/DET man/NOUN runs/VERB ./PUNCT/. Two/NUM dogs/NOUN sit/VERB ./PUNCT/.",
        (0, 1),
        (4, 5),
        "Two dogs runs. A man sit.",
    ),
    ("A/DET MAN/NOUN SEES/VERB AN/DET OX/NOUN", (1, 1), (4, 4), "AN OX SEES A MAN"),
    ("A/DET Man/NOUN Rides/VERB An/DET Ox/NOUN", (1, 1), (4, 4), "An Ox Rides A Man"),
    ("T/NOUN _-/PUNCT _shirt/NOUN near/ADP a/DET dog/NOUN", (0, 2), (4, 5), "A dog near t-shirt"),
]
REPLACEMENTS = [
    (DOG, {"t1": "owl"}, "An owl sees an apple."),
    (DOG, {"t4": "pear"}, "A dog sees a pear."),
    (DOG, {"t0": "two", "t1": "dogs"}, "Two dogs sees an apple."),
    ("Two/NUM owls/NOUN fly/VERB", {"t0": "a", "t1": "owl"}, "An owl fly"),
    ("Dog/NOUN runs/VERB", {"t0": "cat"}, "Cat runs"),
    ("dog/NOUN runs/VERB", {"t0": "cat"}, "cat runs"),
    ("Such/DET a/DET dog/NOUN", {"t2": "animal"}, "Such an animal"),
    ("Half/DET an/DET hour/NOUN", {"t2": "day"}, "Half a day"),
    ("An/DET orange/ADJ cat/NOUN", {"t1": "red"}, "A red cat"),
    ("An/DET orange/ADJ cat/NOUN", {"t2": "owl"}, "An orange owl"),
    ("A/DET man/NOUN in/ADP a/DET uniform/NOUN", {"t4": "apron"}, "A man in an apron"),
    ("a/DET _'/PUNCT/`` _stop/NOUN _'/PUNCT sign/NOUN", {"t2": "exit"}, "an'exit' sign"),
    ("AN/DET OX/NOUN RUNS/VERB", {"t1": "dog"}, "A DOG RUNS"),
    ("A/DET Man/NOUN Rides/VERB Horses/NOUN", {"t1": "owl"}, "An Owl Rides Horses"),
    ("Vitamin/NOUN A/PROPN pills/NOUN", {"t2": "apples"}, "Vitamin A apples"),
]
REFUSED = [
    ("A/DET apple/NOUN", {"t1": "pear"}),  # the caption's own article is wrong
    ("A/DET apple/NOUN", {"t1": "orange"}),
    ("a/DET TV/NOUN runs/VERB", {"t1": "lamp"}),  # "tv" would come back
    ("2/NUM dogs/NOUN", {"t0": "two"}),
    ("TV/NOUN runs/VERB", {"t0": "lamp"}),
    ("an/DET dog/NOUN and/CCONJ cats/NOUN", {"t0": "two", "t1": "dogs"}),
]
REFUSED_SWAPS = [
    ("2/NUM dogs/NOUN see/VERB an/DET ox/NOUN", (0, 1), (3, 4)),  # was it "an ox", or "An ox"?
    ("Men/NOUN and/CCONJ a/DET Frisbee/NOUN", (0, 0), (3, 3)),  # "Frisbee" first, then "frisbee"
    ("men/NOUN and/CCONJ a/DET Frisbee/NOUN", (0, 0), (3, 3)),
    ("A/DET apple/NOUN sees/VERB a/DET dog/NOUN", (1, 1), (4, 4)),
    ("iPhone/NOUN near/ADP a/DET TV/NOUN", (0, 0), (3, 3)),
    ("Rose/PROPN sees/VERB a/DET dog/NOUN", (0, 0), (2, 3)),  # a name, or a rose?
    ("It/PRON shows/VERB a/DET man/NOUN or/CCONJ A/DET dog/NOUN", (2, 3), (5, 6)),
]


@pytest.mark.parametrize(("tagged", "left", "right", "expected"), SWAPS)
def test_swap_is_glued_and_undone(
    tagged: str, left: tuple[int, int], right: tuple[int, int], expected: str
) -> None:
    parse = parse_of(tagged)
    raw = swapping(parse, left, right)
    glued = word_edit(parse, raw)
    assert glued is not None
    assert glued.apply(parse.text) == expected
    back = word_edit(after(parse, glued), way_back(parse, raw, glued))
    assert back is not None
    assert back.apply(expected) == parse.text


@pytest.mark.parametrize(("tagged", "new", "expected"), REPLACEMENTS)
def test_replacement_is_glued_and_undone(tagged: str, new: dict[str, str], expected: str) -> None:
    parse = parse_of(tagged)
    raw = replacing(parse, **new)
    glued = word_edit(parse, raw)
    assert glued is not None
    assert glued.apply(parse.text) == expected
    back = word_edit(after(parse, glued), way_back(parse, raw, glued))
    assert back is not None
    assert back.apply(expected) == parse.text


@pytest.mark.parametrize(("tagged", "new"), REFUSED)
def test_lossy_replacement_is_refused(tagged: str, new: dict[str, str]) -> None:
    parse = parse_of(tagged)
    assert word_edit(parse, replacing(parse, **new)) is None


@pytest.mark.parametrize(("tagged", "left", "right"), REFUSED_SWAPS)
def test_lossy_swap_is_refused(tagged: str, left: tuple[int, int], right: tuple[int, int]) -> None:
    parse = parse_of(tagged)
    assert word_edit(parse, swapping(parse, left, right)) is None


INSERTIONS = [
    ("A/DET dog/NOUN runs/VERB", (0, 0, "not "), "Not a dog runs"),
    ("Two/NUM dogs/NOUN run/VERB", (0, 4, ""), "Dogs run"),
    ("A/DET red/ADJ apple/NOUN", (2, 6, ""), "An apple"),
    ("An/DET apple/NOUN", (3, 3, "red "), "A red apple"),
    ("A/DET dog/NOUN is/AUX running/VERB", (8, 8, " not"), "A dog is not running"),
    ("A/DET dog/NOUN with/ADP a/DET hat/NOUN", (5, 16, ""), "A dog"),
]


@pytest.mark.parametrize(("tagged", "replacement", "expected"), INSERTIONS)
def test_insertions_and_deletions(
    tagged: str, replacement: tuple[int, int, str], expected: str
) -> None:
    parse = parse_of(tagged)
    glued = word_edit(parse, Edit((Replacement(*replacement),)))
    assert glued is not None
    assert glued.apply(parse.text) == expected


def test_article_before_a_wide_gap() -> None:
    tokens = (Token(0, 1, "a", "DET", "DT", "det", 0), Token(2, 3, " ", "SPACE", "_SP", "dep", 1))
    parse = Parse("a  dog", (*tokens, Token(3, 6, "dog", "NOUN", "NN", "ROOT", 2)), ())
    glued = word_edit(parse, Edit((Replacement(3, 6, "owl"),)))
    assert glued is not None
    assert glued.apply(parse.text) == "an  owl"


def test_name_behind_an_insertion_is_refused() -> None:
    parse = parse_of("Bob/PROPN runs/VERB")
    assert word_edit(parse, Edit((Replacement(0, 0, "not "),))) is None


NOUNS = ("dog", "owl", "uniform", "hour", "T", "TV", "apple", "ox", "Boston", "8", "Asian")
ADJECTIVES = ("red", "old", "orange", "tall", "honest", "Asian")
TAGS = {"8": "NUM", "Boston": "PROPN", "TV": "NOUN"}


def phrase(article: str, adjective: str, noun: str) -> str:
    words = [f"{word}/ADJ" for word in (adjective,) if word]
    words.append(f"{noun}/{TAGS.get(noun, 'NOUN')}")
    return f"{article}/DET {' '.join(words)}"


def capital(tagged: str) -> str:
    return tagged[:1].upper() + tagged[1:]


@st.composite
def captions(draw: st.DrawFn) -> Parse:
    """Three phrases and a verb between them, in one of four ways of writing."""
    phrases = [
        phrase(
            draw(st.sampled_from(("a", "an", "the", "two"))),
            draw(st.sampled_from(("", *ADJECTIVES))),
            draw(st.sampled_from(NOUNS)),
        )
        for _ in range(3)
    ]
    if draw(st.booleans()):
        phrases[0] = phrases[0].partition(" ")[2]
    tagged = f"{phrases[0]} sees/VERB {phrases[1]} near/ADP {phrases[2]} ./PUNCT/."
    style = draw(st.sampled_from(("small", "sentence", "title", "upper")))
    words = [item.split("/") for item in tagged.split()]
    if style == "title":
        words = [[capital(word), tag] for word, tag, *_ in words]
    elif style == "upper":
        words = [[word.upper(), tag] for word, tag, *_ in words]
    elif style == "sentence":
        words[0][0] = capital(words[0][0])
    return parse_of(" ".join("/".join(word) for word in words))


@st.composite
def edited(draw: st.DrawFn) -> tuple[Parse, Edit]:
    """A caption with a swap of two of its tokens or runs, or with new words for a few tokens."""
    parse = draw(captions())
    last = len(parse.tokens) - 2
    if draw(st.booleans()):
        bounds = draw(st.lists(st.integers(0, last), min_size=4, max_size=4, unique=True))
        first, second, third, fourth = sorted(bounds)
        assume(parse.tokens[second].pos != "DET")
        assume(parse.tokens[fourth].pos != "DET")
        return parse, swapping(parse, (first, second), (third, fourth))
    indices = draw(st.sets(st.integers(0, last), min_size=1, max_size=3))
    old = {parse.tokens[i].text.lower() for i in indices}
    assume("an" not in old)
    old |= {
        token.text.lower() for token in parse.tokens if token.pos == "DET"
    }  # glue takes them in
    words = st.sampled_from(("cow", "eel", "hour", "uniform", "a", "two", "8"))
    new = words.filter(lambda word: word not in old)  # or it would read as a move
    return parse, replacing(parse, **{f"t{i}": draw(new) for i in indices})


@given(edited())
def test_only_articles_and_first_letters_change(case: tuple[Parse, Edit]) -> None:
    parse, raw = case
    glued = word_edit(parse, raw)
    if glued is None:
        return

    def neutral(text: str) -> str:
        return re.sub(r"\ban\b", "a", text.lower())

    assert neutral(glued.apply(parse.text)) == neutral(raw.apply(parse.text))
    if not parse.text.isupper():
        changed = zip(glued.apply(parse.text).split(), raw.apply(parse.text).split(), strict=True)
        assert all(new[1:] == old[1:] for new, old in changed if neutral(new) != "a")


@given(edited())
def test_glue_is_idempotent(case: tuple[Parse, Edit]) -> None:
    parse, raw = case
    glued = word_edit(parse, raw)
    assert glued is None or word_edit(parse, glued) == glued


@given(edited())
def test_no_article_error_is_made(case: tuple[Parse, Edit]) -> None:
    parse, raw = case
    glued = word_edit(parse, raw)
    if glued is not None:
        assert article_errors(glued.apply(parse.text)) <= article_errors(parse.text)


def article_errors(text: str) -> set[tuple[str, str]]:
    words = re.findall(r"\w+", text.lower())
    return {
        (first, second)
        for first, second in pairwise(words)
        if first in {"a", "an"}
        and second not in {"a", "an"}
        and (first == "an") != LEXICON.vowel_sound(second)
    }


@given(edited())
def test_undoing_restores_the_caption(case: tuple[Parse, Edit]) -> None:
    parse, raw = case
    glued = word_edit(parse, raw)
    if glued is None or glued.apply(parse.text) == parse.text:
        return
    back = word_edit(after(parse, glued), way_back(parse, raw, glued))
    assert back is not None
    assert back.apply(glued.apply(parse.text)) == parse.text
