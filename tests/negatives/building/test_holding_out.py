"""Captions that are held out of a build, and the audit that asks them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.manifest import read_all_rows, read_manifest
from data.records import Caption, Skip
from negatives.building.reading import hold_out
from negatives.cli import cli

RED, BLUE, CAR = (
    Caption("r", "1.jpg", "red"),
    Caption("b", "1.jpg", "blue"),
    Caption("c", "2", "car"),
)
FAULT = Skip("caption is empty", "line 3")
ALONE = Caption("p", "", "plain"), Caption("q", "", "quiet")


@pytest.mark.parametrize(
    ("number", "items", "expected"),
    [
        (0, [RED, BLUE, CAR], [RED, BLUE, CAR]),
        (1, [RED, BLUE, CAR], [RED, Skip("held out", "b"), CAR]),
        (5, [RED, BLUE], [RED, Skip("held out", "b")]),  # an image keeps one
        (1, [RED, FAULT, BLUE], [FAULT, RED, Skip("held out", "b")]),
        (1, ALONE, list(ALONE)),  # captions without an image are of an image each
        (1, [], []),
    ],
)
def test_the_last_captions_of_an_image_are_held_out(
    number: int, items: list[Caption | Skip], expected: list[Caption | Skip]
) -> None:
    assert list(hold_out(items, number)) == expected


def test_an_audit_asks_what_a_build_held_out(tmp_path: Path) -> None:
    """Of 40 images a held-out caption names what is replaced, so no negative is true."""
    animals = ("dog", "cat", "horse", "cow", "sheep")
    lines = [
        {"image": f"{n}.jpg", "caption": caption}
        for n in range(40)
        for caption in (f"A {animals[n % 5]} in a field.", f"One {animals[n % 5]} is in the field.")
    ]
    source = tmp_path / "captions.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "out"
    run = CliRunner().invoke(
        cli,
        [
            "build", "--source", "jsonl", "--root", str(source), "--out", str(out),
            "--hold-out", "1", "--set", "negatives.choice.scorers=[]",
        ],
        catch_exceptions=False,
    )  # fmt: skip
    assert "held out (40; first: jsonl:0.jpg:1; negatives audit --held-out NAME=ROOT" in run.stdout
    rows = list(read_all_rows(out, read_manifest(out)))
    assert {row.caption for row in rows} == {f"A {animal} in a field." for animal in animals}
    command = ["audit", str(out), "--reference-model", "none", "--json"]
    asked = CliRunner().invoke(
        cli, [*command, "--held-out", f"jsonl={source}"], catch_exceptions=False
    )
    found = {
        finding["group"]: finding
        for finding in json.loads(asked.stdout)["findings"]
        if finding["measure"] == "still true"
    }
    assert found["overall"]["value"] == 0
    assert "1.000 the old" in found["replace/obj"]["why"]
    plain = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert "still true" not in plain.stdout
    refused = CliRunner().invoke(cli, [*command, "--held-out", "jsonl"])
    assert "--held-out: expected NAME=ROOT" in str(refused.exception)
