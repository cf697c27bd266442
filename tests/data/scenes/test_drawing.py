"""What is drawn: things within the image, every kind, nothing that is held out."""

from data.scenes import is_held_out, scene_at
from data.scenes.vocabulary import kinds
from data.scenes.world import WIDTH


def test_things_are_in_the_image() -> None:
    for number in range(500):
        for thing in scene_at(number, split="train").things:
            assert thing.left >= -8
            assert thing.left + thing.width <= WIDTH + 8
            assert thing.base >= 0
            assert thing.ground - thing.base - thing.height >= -4
            assert thing.kind in kinds()


def test_every_kind_is_drawn() -> None:
    seen = {
        thing.kind for number in range(2000) for thing in scene_at(number, split="train").things
    }
    assert seen == set(kinds())


def test_what_is_held_out_occurs_in_no_scene() -> None:
    num_others = 0
    for number in range(400):
        first = scene_at(number, split="train")
        second = scene_at(number, split="train", hold_out=True)
        assert not any(is_held_out(thing.kind, thing.colour) for thing in second.things)
        if any(is_held_out(thing.kind, thing.colour) for thing in first.things):
            num_others += 1
            assert second != first
        else:
            assert second == first
    assert 20 < num_others < 200


def test_a_tenth_of_the_combinations_is_held_out() -> None:
    every = [(kind.name, colour) for kind in kinds().values() for colour in kind.colours]
    out = [pair for pair in every if is_held_out(*pair)]
    assert 0.05 < len(out) / len(every) < 0.15
    for kind in kinds().values():
        if 0 < len(kind.colours) < 4:
            assert not any(is_held_out(kind.name, colour) for colour in kind.colours)
        if kind.colours:
            assert not all(is_held_out(kind.name, colour) for colour in kind.colours)
        assert not is_held_out(kind.name, "")
