"""The checker: hand-written texts about two scenes made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.scenes import Scene, truth
from data.scenes.world import Thing

PICNIC = Scene(
    seed=0,
    number=0,
    place="grass",
    sky="day",
    things=(
        Thing("dog", "brown", "small", pose="run", left=5, width=19, height=15, group=1, host=2,
              link="chase"),
        Thing("ball", "red", left=30, width=13, height=13, pose="stand", group=8, station=1),
        Thing("cat", "white", pose="run", left=45, width=23, height=20, station=2, group=2),
        Thing("table", finish="wooden", pose="stand", left=75, width=40, height=25, station=3,
              group=3),
        Thing("cup", "blue", left=80, base=25, width=11, height=10, station=3, group=4, host=3,
              link="on", pose="stand"),
        Thing("cup", "blue", left=95, base=25, width=11, height=10, station=3, group=4, host=3,
              link="on", pose="stand"),
        Thing("ball", "blue", finish="striped", left=85, width=13, height=13, station=3, group=5,
              host=3, link="under", pose="stand"),
    ),
)  # fmt: skip

STREET = Scene(
    seed=0,
    number=1,
    place="street",
    sky="night",
    things=(
        Thing("man", pose="stand", left=5, width=20, height=47, group=1),
        Thing("shirt", "red", left=5, width=20, height=47, group=2, host=0, link="wear"),
        Thing("umbrella", "yellow", left=15, base=24, width=27, height=27, group=3, host=0,
              link="hold"),
        Thing("house", "white", left=50, width=46, height=45, pose="stand", station=1, group=4),
        Thing("girl", left=60, width=16, height=36, ground=109, pose="stand", station=1, group=5,
              host=3, link="front"),
        Thing("dress", "red", left=60, width=16, height=36, ground=109, pose="stand", station=1,
              group=6, host=4, link="wear"),
        Thing("kite", "pink", left=60, base=60, width=17, height=22, pose="fly", station=1, group=7,
              host=3, link="above"),
    ),
)  # fmt: skip

PICNIC_TRUE = """
A dog.
A small brown dog chasing a white cat
A small brown dog chases a white cat on the grass.
The dog is chasing the cat.
A white cat chased by a dog
A dog is running and a cat is running.
There are two cups on a table.
2 blue cups on top of a wooden table.
Cups on a table
A pair of mugs on a table
Two balls
One red ball and one striped ball
A blue striped ball is under the table.
Under the table there is a ball.
Under the table is a blue ball.
A table with two cups on it
There is a dog but no horse.
There are no people.
A dog without a hat
No dog is sleeping.
The dog is not black.
The dog is brown and the cat is white.
The ball next to the dog is red.
A dog to the left of a cat
A table right of a cat, a ball and a dog
A ball between a dog and a cat
An animal chasing an animal
A picture of two blue cups
Some cups and some balls in a field.
A meadow with a dog and a cat
There isn't a horse.
On a sunny day, a dog is running.
Two toys on the grass.
A blue cup is on a brown table while a ball is under a table.
""".strip().splitlines()

PICNIC_FALSE = """
A horse.
A big brown dog chasing a white cat
A small white dog chasing a brown cat
A white cat chasing a small brown dog.
A dog is holding a cat.
A dog is sleeping.
A zebra chasing a white cat
There are three cups on a table.
One cup on a table.
There are two cups under a table.
Two red cups on a table
Two cups on a metal table.
Two balls under a table.
A ball is on the table.
A dog on the beach
A dog at night.
Dogs on the grass.
There is no dog.
No cat is running.
The dog is not brown.
The dog is white and the cat is brown.
There is a dog without a cat.
A cat to the left of a dog
A dog between a cat and a ball
A table with a cup under it
A table with a cat on it
A dog and a bird
Several cups.
A table inside a cup.
12 cups
A fluffy unicycle beside a plumber
The table is made.
A dog does not run on the grass
No dogs on the grass.
""".strip().splitlines()

STREET_TRUE = """
A man in a red shirt holding a yellow umbrella.
A man wearing a red shirt on the street
A man carrying an umbrella next to a house
A girl in a red dress standing in front of a white house.
A house behind a girl
A pink kite flying above a house at night
A house under a kite.
Two people in the street.
A man with an umbrella
A man is to the left of a house and a kite is over the house.
A person in a shirt and a child in a dress.
A kite in the sky
A child stands on the road.
A man under an umbrella
""".strip().splitlines()

STREET_FALSE = """
A man in a yellow shirt holding a red umbrella.
A man in a red dress
A girl holding an umbrella
A girl is behind a house.
A girl on a house
A pink kite under a house
A man without an umbrella
A woman in front of a house
A man wearing an umbrella
Two men in the street
A man and a girl on the grass
A man is to the right of a house.
A man on a sunny day
A girl sits in front of a house.
A man throwing a yellow umbrella
No men wearing shirts in the street
A girl without a red dress standing next to a house
""".strip().splitlines()


@pytest.mark.parametrize("text", PICNIC_TRUE)
def test_true_of_the_picnic(text: str) -> None:
    assert truth(PICNIC, text) is True


@pytest.mark.parametrize("text", PICNIC_FALSE)
def test_false_of_the_picnic(text: str) -> None:
    assert truth(PICNIC, text) is False


@pytest.mark.parametrize("text", STREET_TRUE)
def test_true_of_the_street(text: str) -> None:
    assert truth(STREET, text) is True


@pytest.mark.parametrize("text", STREET_FALSE)
def test_false_of_the_street(text: str) -> None:
    assert truth(STREET, text) is False


@pytest.mark.parametrize(
    "text",
    [
        "", "...", "on the the dog a", "A cute dog.", "A puppy chasing a cat", "dog the of is and",
        "A dog is across from a ball.", "It is red.", "A",
        "A blue cup is on a table while a ball is under it.",
    ],
)  # fmt: skip
def test_open_or_outside_the_grammar(text: str) -> None:
    assert truth(PICNIC, text) is None


@given(st.text())
def test_any_text_has_a_verdict(text: str) -> None:
    assert truth(PICNIC, text) in {True, False, None}


WORDS = (
    "a the two no dog dogs cat red on is are not chasing and , it with of between . there that 3"
)


@given(st.lists(st.sampled_from(WORDS.split(" ")), max_size=12))
def test_any_order_of_words_has_a_verdict(words: list[str]) -> None:
    assert truth(PICNIC, " ".join(words)) in {True, False, None}
