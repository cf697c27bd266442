"""Captions, negatives and images for `benchmarks.gpu`, generated without network or parser.

Captions have COCO's lengths (about eleven words); each has negatives of three types, as
`fsc-clip` makes them: two nouns swapped, a word replaced, the words shuffled. Each has a positive.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.loader import make_images
from data.commit import sync_and_hash
from data.edits import edit_between
from data.manifest import Manifest, Shard, write_manifest
from data.records import Negative, Positive, Row
from data.schema import VERSION
from data.shards import write_rows

ADJECTIVES = ("red", "small", "wooden", "old", "green", "wet", "striped", "shiny")
NOUNS = ("dog", "horse", "table", "bus", "umbrella", "boy", "kite", "bench", "sandwich", "laptop")
VERBS = ("standing next to", "sitting behind", "leaning on", "looking at")
ENDS = (
    "in a park",
    "on a busy street at night",
    "near the water",
    "in front of a large brick building",
    "",
)


def rows(count: int, *, images: int) -> Iterator[Row]:
    """Yield captions with three negatives each; the images are shared in turn."""
    for number in range(count):
        yield _row(number, image=f"{number % images:06d}.jpg")


def _row(number: int, *, image: str) -> Row:
    draws = hashlib.sha256(f"row {number}".encode()).digest()
    first, second = NOUNS[draws[0] % len(NOUNS)], NOUNS[(draws[0] + 1 + draws[1] % 9) % len(NOUNS)]
    colour, other = ADJECTIVES[draws[2] % 8], ADJECTIVES[(draws[2] + 1 + draws[3] % 7) % 8]
    verb, end = VERBS[draws[4] % len(VERBS)], ENDS[draws[5] % len(ENDS)]
    said = f"A {colour} {first} is {verb} a {second} {end}".strip()
    words = said.split()
    turned = " ".join([*words[draws[6] % 5 + 2 :], *words[: draws[6] % 5 + 2]])
    texts = {
        "swap": f"A {colour} {second} is {verb} a {first} {end}".strip(),
        "replace": f"A {other} {first} is {verb} a {second} {end}".strip(),
        "shuffle": turned,
    }
    negatives = tuple(_negative(said, text, kind) for kind, text in texts.items())
    same = f"There is a {colour} {first} that is {verb} a {second} {end}".strip()
    edit = edit_between(said, same)
    positive = Positive(same, "rewrite", "existence", "made", "rule", edit, None, 0)
    return Row(f"made:{number}", (image,), said, negatives, (positive,))


def _negative(said: str, text: str, kind: str) -> Negative:
    edit = edit_between(said, text)
    assert edit is not None
    return Negative(
        text, kind, "order" if kind == "shuffle" else "obj", kind, "rule", edit, None, 0
    )


def make_world(root: Path, *, num_rows: int, num_images: int) -> None:
    """Write `shards` and `images` into a folder."""
    (root / "shards/data").mkdir(parents=True)
    (root / "images").mkdir()
    make_images(root / "images", count=num_images)
    file = "data/train-00000-of-00001.arrow"
    write_rows(root / "shards" / file, list(rows(num_rows, images=num_images)))
    size, sha256 = sync_and_hash(root / "shards" / file)
    shard = Shard(file=file, split="train", rows=num_rows, bytes=size, sha256=sha256)
    types = {f"{kind}/obj": num_rows for kind in ("swap", "replace", "shuffle")}
    config = {"data": {"source": {"name": "made"}}, "negatives": {"preset": "fsc-clip"}}
    manifest = Manifest(
        schema=VERSION, seed=0, config=config, fingerprint="0" * 64, source={"name": "made"},
        versions={}, producers=[{}], shards=(shard,), rejects=(), fluency=(),
        tallies={"negatives_by_type": types}, lineage=[],
    )  # fmt: skip
    write_manifest(root / "shards", manifest)
