import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.parse import Parse
from negatives.rules.negate import Negate
from negatives.words.lexicon import load
from tests.parses import parse_of

RULE = Negate(lexicon=load())

A_MAN = "a/DET/DT/det>1 man/NOUN/NN"
# An assertion and its denial: each is the only alternative of a reversible slot of the other.
PAIRS = [
    (
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>4"
            " collar/NOUN/NN/pobj>2"
        ),
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 without/ADP/IN/prep>1 a/DET/DT/det>4"
            " collar/NOUN/NN/pobj>2"
        ),
    ),
    (
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " running/VERB/VBG/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT>2",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 does/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " run/VERB/VB/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 dogs/NOUN/NNS/nsubj>2 ran/VERB/VBD/ROOT>2",
        (
            "the/DET/DT/det>1 dogs/NOUN/NNS/nsubj>4 did/AUX/VBD/aux>4 not/PART/RB/neg>4"
            " run/VERB/VB/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 cat/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT>2 black/ADJ/JJ/acomp>2",
        (
            "the/DET/DT/det>1 cat/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT>2 not/PART/RB/neg>2"
            " black/ADJ/JJ/acomp>2"
        ),
    ),
    (
        (
            "the/DET/DT/det>1 boy/NOUN/NN/nsubjpass>4 can/AUX/MD/aux>4 be/AUX/VB/auxpass>4"
            " seen/VERB/VBN/ROOT>4"
        ),
        (
            "the/DET/DT/det>1 boy/NOUN/NN/nsubjpass>5 can/AUX/MD/aux>5 _not/PART/RB/neg>5"
            " be/AUX/VB/auxpass>5 seen/VERB/VBN/ROOT>5"
        ),
    ),
    (
        (
            "the/DET/DT/det>1 man/NOUN/NN/ROOT>1 wearing/VERB/VBG/acl>1 a/DET/DT/det>4"
            " hat/NOUN/NN/dobj>2"
        ),
        (
            "the/DET/DT/det>1 man/NOUN/NN/ROOT>1 not/PART/RB/neg>3 wearing/VERB/VBG/acl>1"
            " a/DET/DT/det>5 hat/NOUN/NN/dobj>3"
        ),
    ),
    (
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 an/DET/DT/det>3 owl/NOUN/NN/attr>1",
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 no/DET/DT/det>3 owl/NOUN/NN/attr>1",
    ),
    (
        "there/PRON/EX/expl>1 are/VERB/VBP/ROOT>1 big/ADJ/JJ/amod>3 dogs/NOUN/NNS/attr>1",
        (
            "there/PRON/EX/expl>1 are/VERB/VBP/ROOT>1 no/DET/DT/det>4 big/ADJ/JJ/amod>4"
            " dogs/NOUN/NNS/attr>1"
        ),
    ),
    (
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 grass/NOUN/NN/attr>1",
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 no/DET/DT/det>3 grass/NOUN/NN/attr>1",
    ),
    (
        "an/DET/DT/det>2 old/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2",
        "no/DET/DT/det>2 old/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2",
    ),
    (
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>4 is/AUX/VBZ/aux>4"
            " sleeping/VERB/VBG/relcl>1"
        ),
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>5 is/AUX/VBZ/aux>5"
            " not/PART/RB/neg>5 sleeping/VERB/VBG/relcl>1"
        ),
    ),
]


def offered(parse: Parse) -> list[tuple[str, bool]]:
    slots = list(RULE(parse))
    assert all(len(slot.alternatives) == 1 for slot in slots)
    assert all(slot.type == "negate" for slot in slots)
    return [(slot.alternatives[0].apply(parse.text), slot.reversible) for slot in slots]


@pytest.mark.parametrize(("asserted", "denied"), PAIRS)
def test_assertion_and_denial_lead_to_each_other(asserted: str, denied: str) -> None:
    left, right = parse_of(asserted), parse_of(denied)
    assert offered(left) == [(right.text, True)]
    assert offered(right) == [(left.text, True)]


@pytest.mark.parametrize(("asserted", "denied"), PAIRS)
def test_a_denied_verb_is_an_act_and_a_missing_thing_is_existence(
    asserted: str, denied: str
) -> None:
    words = set(parse_of(denied).text.replace("cannot", "can not").split())
    subtype = "act" if "not" in words else "existence"
    for tagged in (asserted, denied):
        assert {slot.subtype for slot in RULE(parse_of(tagged))} == {subtype}


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_only_what_leads_back_is_called_reversible(
    pair: tuple[str, str], other: tuple[str, str]
) -> None:
    parses = {parse_of(t).text: parse_of(t) for t in (*pair, *other)}
    for parse in parses.values():
        for text, reversible in offered(parse):
            assert not reversible or (parse.text, True) in offered(parses[text])


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (
            "a/DET/DT/det>1 dog/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
            [("no dog is running", True), ("a dog is not running", True)],
        ),
        (
            f"{A_MAN}/ROOT>1 without/ADP/IN/prep>1 a/DET/DT/det>4 shirt/NOUN/NN/pobj>2",
            [("a man with a shirt", True)],
        ),
        (
            f"{A_MAN}/ROOT>1 with/ADP/IN/prep>1 no/DET/DT/det>4 shirt/NOUN/NN/pobj>2",
            [("a man with a shirt", False)],
        ),
        (
            f"{A_MAN}/ROOT>1 wearing/VERB/VBG/acl>1 no/DET/DT/det>4 shoes/NOUN/NNS/dobj>2",
            [("a man wearing shoes", False)],
        ),
        (
            (
                "the/DET/DT/det>1 boy/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 _n't/PART/RB/neg>4"
                " running/VERB/VBG/ROOT>4"
            ),
            [("the boy is running", False)],
        ),
        (
            "no/DET/DT/det>1 people/NOUN/NNS/ROOT>1 on/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
            [("people on it", False)],
        ),
        (
            "two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 playing/VERB/VBG/ROOT>2",
            [("two dogs not playing", True)],
        ),
        (  # a past form that is a participle too does not come back
            (
                "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 did/AUX/VBD/aux>4 not/PART/RB/neg>4"
                " jump/VERB/VB/ROOT>4"
            ),
            [("the dog jumped", False)],
        ),
        (  # "some" outside the scope
            (
                "the/DET/DT/det>1 boy/NOUN/NN/nsubj>2 takes/VERB/VBZ/ROOT>2 a/DET/DT/det>4"
                " nap/NOUN/NN/dobj>2 while/SCONJ/IN/mark>8 some/DET/DT/det>7"
                " cats/NOUN/NNS/nsubj>8 watch/VERB/VBP/advcl>2"
            ),
            [("the boy does not take a nap while some cats watch", True)],
        ),
        (
            (
                "a/DET/DT/det>1 pair/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 men/NOUN/NNS/pobj>2"
                " sleeping/VERB/VBG/acl>1"
            ),
            [("a pair of men not sleeping", True)],
        ),
        (
            (
                "the/DET/DT/det>1 man/NOUN/NN/nsubj>5 and/CCONJ/CC/cc>1 a/DET/DT/det>4"
                " dog/NOUN/NN/conj>1 running/VERB/VBG/ROOT>5"
            ),
            [("the man and a dog not running", True)],
        ),
        (
            (
                "the/DET/DT/det>1 bus/NOUN/NN/ROOT>1 filled/VERB/VBN/acl>1 with/ADP/IN/prep>2"
                " men/NOUN/NNS/pobj>3 driving/VERB/VBG/acl>4"
            ),
            [("the bus not filled with men driving", True)],
        ),
        (  # a pronoun that means the owner
            (
                "the/DET/DT/det>1 table/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 books/NOUN/NNS/pobj>2"
                " on/ADP/IN/prep>3 it/PRON/PRP/pobj>4"
            ),
            [("the table without books on it", True)],
        ),
        (
            (
                "the/DET/DT/det>1 boy/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>4"
                " bat/NOUN/NN/pobj>2 near/ADP/IN/prep>1 bat/NOUN/NN/compound>7"
                " boxes/NOUN/NNS/pobj>5"
            ),
            [("the boy without a bat near bat boxes", True)],
        ),
        (
            (
                "the/DET/DT/det>1 boy/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>4"
                " nose/NOUN/NN/pobj>2 piercing/VERB/VBG/acl>4"
            ),
            [("the boy without a nose piercing", True)],
        ),
    ],
)
def test_changes(tagged: str, expected: list[tuple[str, bool]]) -> None:
    assert offered(parse_of(tagged)) == expected


@pytest.mark.parametrize(
    "tagged",
    [
        # two negations, or one whose scope is not plain: never negated again
        (
            "no/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " running/VERB/VBG/ROOT>4"
        ),
        "no/DET/DT/det>1 one/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 never/ADV/RB/neg>3 runs/VERB/VBZ/ROOT>3",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " only/ADV/RB/advmod>5 running/VERB/VBG/ROOT>5"
        ),
        "a/DET/DT/det>3 no/DET/DT/det>3 parking/NOUN/NN/compound>3 sign/NOUN/NN/ROOT>3",
        (
            "the/DET/DT/det>1 pet/NOUN/NN/ROOT>1 with/ADP/IN/cc>1 and/CCONJ/CC/cc>1"
            " without/ADP/IN/conj>1 food/NOUN/NN/pobj>4"
        ),
        # "with" that belongs to a verb, or whose noun has a quantifier
        (
            "the/DET/DT/det>1 cup/NOUN/NN/ROOT>1 filled/VERB/VBN/amod>1 with/ADP/IN/prep>2"
            " milk/NOUN/NN/pobj>3"
        ),
        (
            "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 some/DET/DT/det>4"
            " chairs/NOUN/NNS/pobj>2"
        ),
        (
            "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 two/NUM/CD/nummod>4"
            " chairs/NOUN/NNS/pobj>2"
        ),
        "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
        # what quantifiers leave true
        "some/DET/DT/det>1 dogs/NOUN/NNS/nsubj>3 are/AUX/VBP/aux>3 running/VERB/VBG/ROOT>3",
        "everyone/PRON/NN/nsubj>1 smiles/VERB/VBZ/ROOT>1",
        # English that would break
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>2 sits/VERB/VBZ/ROOT>2 and/CCONJ/CC/cc>2"
            " barks/VERB/VBZ/conj>2"
        ),
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 just/ADV/RB/advmod>3 sat/VERB/VBD/ROOT>3",
        "sit/VERB/VB/ROOT>0 here/ADV/RB/advmod>0",
        "a/DET/DT/det>1 group/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 people/NOUN/NNS/pobj>2",
        "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 and/CCONJ/CC/cc>1 a/DET/DT/det>4 cat/NOUN/NN/conj>1",
        "a/DET/DT/det>1 owl/NOUN/NN/ROOT>1",  # its article would not come back
        "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 beside/ADP/IN/prep>1 him/PRON/PRP/pobj>2",
        # a participle taken for a past form
        (
            "big/ADJ/JJ/amod>1 shelf/NOUN/NN/nsubj>2 stocked/VERB/VBD/ROOT>2 full/ADJ/JJ/dobj>2"
            " of/ADP/IN/prep>3 books/NOUN/NNS/pobj>4"
        ),
        (
            "the/DET/DT/det>1 row/NOUN/NN/nsubj>4 of/ADP/IN/prep>1 wall/NOUN/NN/pobj>2"
            " mounted/VERB/VBD/ROOT>4 lamps/NOUN/NNS/dobj>4"
        ),
        # "some" in the scope
        (
            "the/DET/DT/det>1 boys/NOUN/NNS/nsubj>2 have/VERB/VBP/ROOT>2 some/DET/DT/det>4"
            " apples/NOUN/NNS/dobj>2 with/ADP/IN/prep>2 them/PRON/PRP/pobj>5"
        ),
        (
            "the/DET/DT/det>1 boys/NOUN/NNS/nsubj>4 do/AUX/VBP/aux>4 not/PART/RB/neg>4"
            " have/VERB/VB/ROOT>4 any/DET/DT/det>6 apples/NOUN/NNS/dobj>4"
        ),
        "a/DET/DT/det>1 cat/NOUN/NN/ROOT>1 carrying/VERB/VBG/acl>1 something/PRON/NN/dobj>2",
        (
            "a/DET/DT/det>1 girl/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 eating/VERB/VBG/ROOT>3"
            " some/DET/DT/det>5 cake/NOUN/NN/dobj>3"
        ),
        # a participle that may be about another noun
        (
            "the/DET/DT/det>1 man/NOUN/NN/nsubj>5 near/ADP/IN/prep>1 a/DET/DT/det>4"
            " dog/NOUN/NN/pobj>2 running/VERB/VBG/ROOT>5"
        ),
        # no participle: another part of speech, half of an adjective, half of a verb, doubled
        "the/DET/DT/det>1 microwave/NOUN/NN/ROOT>1 oven/VERB/VBN/acl>1",
        (
            "two/NUM/CD/nummod>1 girls/NOUN/NNS/ROOT>1 in/ADP/IN/prep>1 coats/NOUN/NNS/pobj>2"
            " frown/VERB/VBN/acl>3"
        ),
        (
            "two/NUM/CD/nummod>1 cats/NOUN/NNS/nsubj>2 run/VERB/VBN/ROOT>2 across/ADP/IN/prep>2"
            " roofs/NOUN/NNS/pobj>3"
        ),
        "a/DET/DT/det>1 cream/NOUN/NN/nsubj>2 filled/VERB/VBN/ROOT>2 cake/PROPN/NNP/dobj>2",
        "the/DET/DT/det>1 tree/NOUN/NN/ROOT>1 covered/VERB/VBN/acl>1 hill/NOUN/NN/ROOT>3",
        "the/DET/DT/det>1 horse/NOUN/NN/ROOT>1 drawn/VERB/VBN/acl>1 wagn/ADV/RB/advmod>2",
        "he/PRON/PRP/nsubj>1 was/AUX/VBD/dep>1 rock/NOUN/NN/attr>1 climbing/VERB/VBG/acl>2",
        "bath/NOUN/NN/compound>1 room/NOUN/NN/ROOT>1 setting/VERB/VBG/acl>1",
        "the/DET/DT/det>1 girl/NOUN/NN/ROOT>1 eating/VERB/VBG/acl>1 eating/VERB/VBG/acl>1",
        # nouns that gather, in the plural
        (
            "dozens/NOUN/NNS/ROOT>0 of/ADP/IN/prep>0 cats/NOUN/NNS/pobj>1"
            " watching/VERB/VBG/acl>0 birds/NOUN/NNS/dobj>3"
        ),
        (
            "dozens/NOUN/NNS/ROOT>0 of/ADP/IN/prep>0 cats/NOUN/NNS/pobj>1"
            " watching/VERB/VBG/acl>2 birds/NOUN/NNS/dobj>3"
        ),
        (
            "there/PRON/EX/expl>1 are/VERB/VBP/ROOT>1 different/ADJ/JJ/amod>3"
            " kinds/NOUN/NNS/attr>1 of/ADP/IN/prep>3 fruit/NOUN/NN/pobj>4"
        ),
        "photos/NOUN/NNS/ROOT>0 of/ADP/IN/prep>0 cats/NOUN/NNS/pobj>1",
        # a noun or a slip of the pen taken for a finite verb
        "the/DET/DT/det>1 bread/NOUN/NN/nsubj>2 triangles/VERB/VBZ/ROOT>2",
        "the/DET/DT/det>1 man/NOUN/NN/nsubj>2 blays/VERB/VBZ/ROOT>2",
        # what is denied comes back
        (
            "the/DET/DT/det>1 room/NOUN/NN/dep>9 with/ADP/IN/prep>1 a/DET/DT/det>4"
            " lamp/NOUN/NN/pobj>2 and/CCONJ/CC/cc>4 bed/NOUN/NN/conj>4 by/ADP/IN/dep>9"
            " the/DET/DT/det>8 beds/NOUN/NNS/pobj>6"
        ),
        (
            "the/DET/DT/det>1 boy/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>4"
            " cat/NOUN/NN/pobj>2 as/SCONJ/IN/mark>7 it/PRON/PRP/nsubj>7 drinks/VERB/VBZ/advcl>1"
        ),
        (
            "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 a/DET/DT/det>3 girl/NOUN/NN/attr>1"
            " with/ADP/IN/prep>3 red/ADJ/JJ/amod>6 shoes/NOUN/NNS/pobj>4 and/CCONJ/CC/cc>6"
            " a/DET/DT/det>9 girl/NOUN/NN/conj>6 with/ADP/IN/prep>9 blue/ADJ/JJ/amod>12"
            " shoes/NOUN/NNS/pobj>10"
        ),
        # "with" that belongs to a verb and its object
        (
            "he/PRON/PRP/nsubj>1 shaking/VERB/VBG/ROOT>1 hands/NOUN/NNS/dobj>1"
            " with/ADP/IN/prep>1 a/DET/DT/det>5 clown/NOUN/NN/pobj>3"
        ),
        # "no" would stand before the first of two
        (
            "a/DET/DT/det>4 baby/NOUN/NN/nmod>4 and/CCONJ/CC/cc>1 adult/NOUN/NN/conj>1"
            " giraffe/NOUN/NN/ROOT>4"
        ),
        # "only" hides a negation
        (
            "a/DET/DT/det>1 boat/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT>2 the/DET/DT/det>5"
            " only/ADJ/JJ/amod>5 thing/NOUN/NN/attr>2"
        ),
        # deleting a modifier is never a negative
        "the/DET/DT/det>2 big/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2",
        "",
    ],
)
def test_noop(tagged: str) -> None:
    assert offered(parse_of(tagged)) == []
