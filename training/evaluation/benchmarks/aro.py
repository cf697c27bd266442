"""ARO (Yuksekgonul et al. 2023, arXiv 2210.01936): attribution, relation and order.

Checked against the authors' loader and notebook: images are crops; the published figures of
relations and attributes are means over relations or pairs of attributes, without symmetric
relations and pairs with fewer than 25 items (how many items remain is not known here). Published
figures of order are over all captions.

The authors' code shuffles the captions of the order tasks when it runs, with spaCy and without a
seed. This adapter reads its result, which their loader holds as `test_cases`:
`json.dump(COCO_Order(root_dir=...).test_cases, open("coco_order.json", "w"))` gives a list of
`{"image": "val2014/...jpg", "caption_options": [caption, four shuffled ones]}`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import Record, box, field, records, texts
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_BOX: Final = ("bbox_x", "bbox_y", "bbox_w", "bbox_h")
_FEWEST: Final = 25
_NUM_CAPTIONS: Final = {"flickr30k_order": 5000, "coco_order": 25010}
_RELATIONS: Final = (
    "adjusting, around, attached to, beside, between, bigger than, biting, boarding, "
    "brushing, by, chewing, cleaning, climbing, close to, coming from, coming out of, "
    "contain, crossing, dragging, draped over, drinking, drinking from, driving, "
    "driving down, driving on, eating from, eating in, enclosing, exiting, facing, "
    "filled with, floating in, floating on, flying, flying above, flying in, flying over, "
    "flying through, full of, going down, going into, going through, grazing in, "
    "growing in, growing on, guiding, hanging from, hanging in, hanging off, hanging over, "
    "higher than, holding onto, hugging, in between, jumping off, jumping on, "
    "jumping over, kept in, larger than, leading, leaning over, leaving, licking, "
    "longer than, looking in, looking into, looking out, looking over, looking through, "
    "lying next to, lying on top of, making, mixed with, mounted on, moving, near, "
    "next to, of, on the back of, on the edge of, on the front of, on the other side of, "
    "on the side of, opening, painted on, parked at, parked beside, parked by, parked in, "
    "parked in front of, parked near, parked next to, perched on, petting, piled on, "
    "playing, playing in, playing on, playing with, pouring, reaching for, reading, "
    "reflected on, riding on, running in, running on, running through, seen through, "
    "sitting behind, sitting beside, sitting by, sitting in front of, sitting near, "
    "sitting next to, sitting under, skiing down, skiing on, sleeping in, sleeping on, "
    "smiling at, sniffing, splashing, sprinkled on, stacked on, standing against, "
    "standing around, standing behind, standing beside, standing in front of, "
    "standing near, standing next to, staring at, stuck in, surrounding, swimming in, "
    "swinging, talking to, topped with, touching, traveling down, traveling on, tying, "
    "typing on, underneath, wading in, waiting for, walking across, walking by, "
    "walking down, walking next to, walking through, with, working in, working on, "
    "worn on, wrapped around, wrapped in"
)
_SYMMETRIC: Final = frozenset(_RELATIONS.split(", "))
"""Relations that the authors' notebook excludes from the mean."""


def aro(root: Path) -> tuple[Task, ...]:
    """Return the four tasks.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    orders = tuple(_order(root / f"{name}.json", num) for name, num in _NUM_CAPTIONS.items())
    return _relations(root), _attributes(root), *orders


def _relations(root: Path) -> Task:
    path = root / "visual_genome_relation.json"
    items, names = _crops(path, lambda record: field(record, "relation_name", path=path))
    return _means("vg_relation", items, names, [name not in _SYMMETRIC for name in names])


def _attributes(root: Path) -> Task:
    path = root / "visual_genome_attribution.json"
    items, names = _crops(path, lambda record: "_".join(texts(record, "attributes", path=path)))
    counts = Counter(names)
    return _means("vg_attribution", items, names, [counts[name] >= _FEWEST for name in names])


def _crops(path: Path, stratum: Callable[[Record], str]) -> tuple[list[Item], list[str]]:
    """Return the items of a file, and the relation or attributes of each."""
    items, names = [], []
    for key, record in records(path):
        image = f"images/{field(record, 'image_path', path=path)}"
        captions = tuple(
            field(record, f"{truth}_caption", path=path) for truth in ("true", "false")
        )
        crop = ImageRef(image, box(record, _BOX, path=path))
        items.append(Item(f"{path.stem}:{key}", (crop,), captions))
        names.append(stratum(record).replace("/", " "))
    return items, names


def _means(name: str, items: Sequence[Item], names: Sequence[str], kept: Sequence[bool]) -> Task:
    return Task(
        name=name,
        layout=CAPTIONS,
        items=tuple(item for item, keep in zip(items, kept, strict=True) if keep),
        strata=tuple(name for name, keep in zip(names, kept, strict=True) if keep),
    )


def _order(path: Path, expected: int) -> Task:
    items = tuple(
        Item(
            f"{path.stem}:{key}",
            (ImageRef(field(record, "image", path=path)),),
            texts(record, "caption_options", path=path),
        )
        for key, record in records(path)
    )
    return Task(name=path.stem, layout=CAPTIONS, items=items, expected=expected)
