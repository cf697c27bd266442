"""The images: what is said to be there is there to be seen."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from data.scenes import Scene, scene_at
from data.scenes.render import png, render, write_images
from data.scenes.shapes import sprite
from data.scenes.splits import image_key
from data.scenes.vocabulary import colours, kinds, places
from data.scenes.world import WIDTH, Thing


def _alone(kind: str, colour: str, finish: str = "", facing: int = 1) -> Scene:
    thing = Thing(
        kind, colour, finish=finish, pose="stand", left=30, width=50, height=50, facing=facing
    )
    return Scene(0, 0, "room", "", (thing,))


def _share(picture: Image.Image, wanted: tuple[int, int, int]) -> float:
    """Return the share of pixels that are near a colour."""
    pixels = list(picture.convert("RGB").tobytes())
    near = zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
    close = [all(abs(a - b) < 24 for a, b in zip(pixel, wanted, strict=True)) for pixel in near]
    return sum(close) / len(close)


@pytest.mark.parametrize("colour", ["red", "blue", "green", "purple", "pink", "black"])
def test_a_coloured_thing_shows_its_colour(colour: str) -> None:
    empty = render(Scene(0, 0, "room", "", ()))
    assert _share(render(_alone("ball", colour)), colours()[colour]) > 0.08
    assert _share(empty, colours()[colour]) < 0.02


@pytest.mark.parametrize("finish", ["striped", "dotted", "wooden", "metal", "glass"])
def test_a_finish_is_seen(finish: str) -> None:
    plain, finished = render(_alone("box", "red")), render(_alone("box", "red", finish))
    assert plain.tobytes() != finished.tobytes()


def test_facing_mirrors() -> None:
    left, right = render(_alone("car", "red", facing=-1)), render(_alone("car", "red"))
    assert left.tobytes() != right.tobytes()


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_can_be_drawn(kind: str) -> None:
    assert sprite(kind, "stand")
    colour = (*kinds()[kind].colours, "")[0]
    empty = render(Scene(0, 0, "lake", "day", ()), size=32)
    scene = _alone(kind, colour)._replace(place="lake", sky="day")
    assert render(scene, size=32).tobytes() != empty.tobytes()


def test_places_differ() -> None:
    pictures = {render(Scene(0, 0, place, "day", ())).tobytes() for place in places()}
    assert len(pictures) == len(places())


def test_same_scene_same_image_in_the_size_asked_for() -> None:
    scene = scene_at(7, split="train")
    picture = Image.open(BytesIO(png(scene, size=96)))
    assert picture.size == (96, 96)
    assert png(scene, size=96) == png(scene, size=96)


def test_what_is_in_front_hides_what_is_behind() -> None:
    house = Thing("house", "blue", left=30, width=46, height=45, pose="stand")
    ball = Thing("ball", "red", left=40, width=20, height=20, ground=109.0, host=0, link="front")
    scene = Scene(0, 0, "grass", "day", (house, ball))
    unit = 128 / WIDTH
    assert render(scene).getpixel((int(52 * unit), int(102 * unit))) == pytest.approx(
        colours()["red"], abs=30
    )


def test_write_images(tmp_path: Path) -> None:
    scenes = [(image_key(n, split="train"), scene_at(n, split="train")) for n in range(3)]
    assert write_images(tmp_path, scenes, size=32) == 3
    assert sorted(p.name for p in (tmp_path / "train").iterdir()) == [
        "000000.png", "000001.png", "000002.png"
    ]  # fmt: skip
