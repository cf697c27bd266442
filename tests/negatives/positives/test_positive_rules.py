"""Rules of positives: captions with what each makes of them, and captions that they leave alone."""

import pytest

from negatives.positives.clause import Clause
from negatives.positives.conjuncts import Conjuncts
from negatives.positives.existence import Existence
from negatives.positives.inverse import Inverse
from negatives.positives.numerals import Numerals
from negatives.positives.synonyms import Synonym
from negatives.positives.voice import Voice
from negatives.slots import Rule
from negatives.wording import glue, wording_of
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon
from tests.parses import parsed

LEXICON: Lexicon = lexicons.load()
CONJUNCTS = Conjuncts(lexicon=LEXICON)
INVERSE = Inverse(lexicon=LEXICON)
VOICE = Voice(lexicon=LEXICON)
CLAUSE = Clause(lexicon=LEXICON)
EXISTENCE = Existence(lexicon=LEXICON)
SYNONYM = Synonym(lexicon=LEXICON)
NUMERALS = Numerals()

BOTH_WAYS = [
    (CONJUNCTS, "A dog and an old cat on a beach.", "An old cat and a dog on a beach."),
    (CONJUNCTS, "A man and woman are in a kitchen.", "A woman and man are in a kitchen."),
    (CONJUNCTS, "Dogs and cats play in a yard.", "Cats and dogs play in a yard."),
    (CONJUNCTS, "a white and brown dog on the sofa", "a brown and white dog on the sofa"),
    (CONJUNCTS, "A man and a dog running on a beach", "A dog and a man running on a beach"),
    (CONJUNCTS, "A room with a bed and a desk.", "A room with a desk and a bed."),
    (CONJUNCTS, "Two people are eating and talking.", "Two people are talking and eating."),
    (INVERSE, "A cup to the left of an apple.", "An apple to the right of a cup."),
    (INVERSE, "There is a lamp above a bench.", "There is a bench below a lamp."),
    (INVERSE, "A vase is beside a candle.", "A candle is beside a vase."),
    (VOICE, "A man riding a horse on a beach.", "A horse being ridden by a man on a beach."),
    (VOICE, "A girl is holding two dogs.", "Two dogs are being held by a girl."),
    (VOICE, "A dog chases a ball.", "A ball is chased by a dog."),
    (CLAUSE, "A man riding a horse on a beach.", "A man is riding a horse on a beach."),
    (CLAUSE, "Two dogs in the snow.", "Two dogs are in the snow."),
    (EXISTENCE, "A dog in a park.", "There is a dog in a park."),
    (EXISTENCE, "Two cats sitting on a bed", "There are two cats sitting on a bed"),
    (SYNONYM, "An old couch in a room", "An old sofa in a room"),
    (SYNONYM, "a child with a ball", "a kid with a ball"),
    (SYNONYM, "A large truck on a road.", "A big truck on a road."),
    (SYNONYM, "A cat beside a dog.", "A cat next to a dog."),
    (SYNONYM, "A boy doing a trick.", "A boy performing a trick."),
    (NUMERALS, "A man with two dogs", "A man with 2 dogs"),
]
ONE_WAY = [
    (INVERSE, "A dog is behind two cars.", "Two cars are in front of a dog."),
    (INVERSE, "A man standing in front of a building.", "A building behind a standing man."),
]
NOOPS = [
    # one determiner or modifier for both
    (CONJUNCTS, "red cups and plates on a table"),
    (CONJUNCTS, "The cups and plates on a table"),
    # of which part is it said?
    (CONJUNCTS, "A man and a woman in a red dress"),
    (CONJUNCTS, "A man and a dog wearing a hat"),
    # the parser joins a dog to a hat
    (CONJUNCTS, "A man in a hat and a dog"),
    # agreement with the first part; a name; three parts; a pronoun; under a negation
    (CONJUNCTS, "There is a dog and two cats."),
    (CONJUNCTS, "a black and white photo of a dog"),
    (CONJUNCTS, "A dog, a cat and a horse."),
    (CONJUNCTS, "A man and his dog."),
    (CONJUNCTS, "A room without a bed and a desk."),
    (CONJUNCTS, "Each man and each woman."),
    # a compound that hides a verb
    (CONJUNCTS, "A horse and a dog stand in a meadow."),
    # where one sits is not in front of what one faces
    (INVERSE, "A man in front of a laptop."),
    (INVERSE, "A man behind the wheel."),
    (INVERSE, "A man holding a cup above a table."),
    # what follows is of the doer alone; no thing that is done to; a pronoun
    (VOICE, "A man riding a horse in a hat."),
    (VOICE, "A man walking a street."),
    (VOICE, "A boy riding his bike."),
    # one that gathers is singular and plural; a picture; a second verb
    (CLAUSE, "A group of people sitting on a bench."),
    (CLAUSE, "A picture in a book."),
    (CLAUSE, "A man in a red shirt."),
    (CLAUSE, "A man sits on a chair."),
    (EXISTENCE, "The dog in a park."),
    (EXISTENCE, "A dog is in a park."),
    # part of a longer word, or another sense
    (SYNONYM, "A couch potato in a room"),
    (SYNONYM, "A little league player"),
    (SYNONYM, "A boy in a jungle gym"),
    # a name, a time, one of a compound
    (NUMERALS, "A bus with number two on it"),
    (NUMERALS, "A two story house"),
]


def positives_of(rule: Rule, caption: str) -> set[str]:
    """Return what a rule makes of a caption, worded."""
    parse = parsed(caption)
    wording = wording_of(parse, LEXICON)
    worded = [glue(wording, edit) for slot in rule(parse) for edit in slot.alternatives]
    return {edit.apply(caption) for edit in worded if edit is not None}


@pytest.mark.parametrize(("rule", "caption", "positive"), BOTH_WAYS)
def test_a_positive_is_made_and_leads_back(rule: Rule, caption: str, positive: str) -> None:
    assert positive in positives_of(rule, caption)
    assert caption in positives_of(rule, positive)


@pytest.mark.parametrize(("rule", "caption", "positive"), ONE_WAY)
def test_a_positive_is_made(rule: Rule, caption: str, positive: str) -> None:
    assert positives_of(rule, caption) == {positive}


@pytest.mark.parametrize(("rule", "caption"), NOOPS)
def test_nothing_is_made_where_it_may_be_false(rule: Rule, caption: str) -> None:
    assert positives_of(rule, caption) == set()
