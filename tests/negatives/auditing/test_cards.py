"""Rows with their pictures: which are shown, what pages say of them, composites in one picture."""

import base64
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from data.edits import edit_between
from data.errors import UsageError
from data.images import ImageFolder
from data.manifest import read_manifest
from data.pictures import picture_of
from data.records import Positive, Row
from negatives.auditing.cards import cards_in, cards_of, draw_rows
from negatives.auditing.findings import Audit
from negatives.auditing.report import html_of
from negatives.cli import cli
from tests.negatives.folders.small_folders import make_folder, row_of

RED, BLUE = (220, 20, 20), (20, 20, 220)


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def composite(number: int) -> Row:
    caption, positive = "on the left: a cat; on the right: a <b>dog</b>", "both"
    edit = edit_between(caption, positive)
    assert edit is not None
    row = row_of(f"x:{number}+y:{number}", caption, "on the right: a cat; on the left: a dog")
    positives = (Positive(positive, "reorder", "rel", "exchange_places", "rule", edit, 0.0, 0),)
    images = ("red.png", "blue.png")
    return row._replace(images=images, layout="left-right", positives=positives)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [row_of(f"a:{n}", f"{n} cats", f"{n} dogs", image="red.png") for n in range(9)]
    rows = [*rows, *(composite(n) for n in range(9)), row_of("b", "no negative")]
    rules = ("swap", "exchange_places")
    make_folder(tmp_path / "out", {"train": rows}, rules=rules, shard_rows=4, source="coco")
    (tmp_path / "images").mkdir()
    for name, colour in (("red", RED), ("blue", BLUE)):
        (tmp_path / "images" / f"{name}.png").write_bytes(picture(colour))
    return tmp_path / "out"


@pytest.mark.parametrize(("layout", "corners"), [
    ("left-right", ((15, 32), (48, 32))), ("top-bottom", ((32, 15), (32, 48))),
])  # fmt: skip
def test_the_images_of_a_composite_stand_in_one_picture(
    layout: str, corners: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    joined = Image.open(io.BytesIO(picture_of([picture(RED), picture(BLUE)], layout, size=64)))
    assert joined.size == (64, 64)
    for corner, colour in zip(corners, (RED, BLUE), strict=True):
        found = joined.getpixel(corner)
        assert isinstance(found, tuple)
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 9
    single = Image.open(io.BytesIO(picture_of([picture(RED)], "single", size=30)))
    assert single.size == (30, 20)


def test_as_many_composites_as_others_are_shown(folder: Path) -> None:
    rows = draw_rows(folder, read_manifest(folder), num=6)
    assert [row.layout for row in rows] == ["left-right"] * 3 + ["single"] * 3
    assert all(row.negatives for row in rows)


def test_a_card_has_the_joined_picture_or_says_why_not(folder: Path) -> None:
    rows = [composite(0), row_of("c", "a cat", image="none.png"), row_of("d", "a cat", image="")]
    both, missing, none = cards_of(rows, ImageFolder(folder.parent / "images"))
    content = base64.b64decode(both.picture.removeprefix("data:image/jpeg;base64,"))
    assert content == picture_of([picture(RED), picture(BLUE)], "left-right", size=256)
    assert both.images == "red.png + blue.png (left-right)"
    assert (missing.picture, missing.why) == ("", "the image is missing or broken")
    assert (none.picture, none.why) == ("", "the image is unknown")


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_inspect_writes_rows_with_their_pictures(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "rows.html"
    run("inspect", folder, "--html", page, "--images", tmp_path / "images", "--sample", 18)
    text = page.read_text()
    assert text.count('<img src="data:image/jpeg;base64,') == 18
    assert text.count("a &lt;b&gt;dog&lt;/b&gt;</b></p>") == 9, "captions stay text"
    assert text.count('<ul class="positives">') == 9
    assert "img-src data:;" in text
    run("inspect", folder, "--html", page)
    assert page.read_text().count("the image is unknown") == 18
    for wrong in (("--images", tmp_path / "images"), ("--html", page, "--json")):
        with pytest.raises(UsageError):
            run("inspect", folder, *wrong)


def test_inspect_names_the_images_of_a_composite(folder: Path) -> None:
    shown = [json.loads(line) for line in run("inspect", folder, "--json").splitlines()]
    found = {tuple(each["images"]): each["layout"] for each in shown}
    assert found == {("red.png",): "single", ("red.png", "blue.png"): "left-right"}
    assert "left-right: red.png + blue.png" in run("inspect", folder)


def test_the_report_of_an_audit_shows_them(folder: Path) -> None:
    images = ImageFolder(folder.parent / "images")
    cards = cards_in(folder, read_manifest(folder), images)
    text = html_of(Audit("out", "3f9a", (), {}, {}), (), cards)
    assert text.count('<img src="data:image/jpeg;base64,') == 12
    with pytest.raises(UsageError, match="add --html FILE"):
        run("audit", folder, "--reference-model", "none", "--images", images.root)
    assert not cards_in(folder, read_manifest(folder), None)
