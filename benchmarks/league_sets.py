"""The sets of the league: where their files are, and readers of layouts that `import` lacks.

VALSE: Parcalabescu et al., ACL 2022; only items whose caption two or more of three annotators found
right, as its authors count them. FG-OVD: Bianchi et al., CVPR 2024; expressions of regions with ten
negatives each. COLA: Ray et al., NeurIPS 2023; each caption is the negative of the other image.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

Record = dict[str, object]

_VALSE: Final[Mapping[str, tuple[str, str]]] = {
    "actant-swap": ("swap", "obj"),
    "action-replacement": ("replace", "act"),
    "counting-adversarial": ("count", "num"),
    "counting-hard": ("count", "num"),
    "counting-small-quant": ("count", "num"),
    "existence": ("negate", "existence"),
    "foil-it": ("replace", "obj"),
    "plurals": ("replace", "num"),
    "relations": ("replace", "rel"),
}
_COLA: Final = "cola/COLA_multiobjects_matching_benchmark.json"
_VALID: Final = 2  # of three annotators


class PublishedSet(NamedTuple):
    """A set that others published.

    Attributes:
        name: its name in the table.
        file: the file or folder below the root.
        kind: its type and subtype, where the file does not state them.
        records: makes lines that `negatives import` reads; None where it reads the file itself.
        of_coco: whether its images are COCO's, so that their other captions can test whether
            negatives are still true.
    """

    name: str
    file: str
    kind: tuple[str, str] = ("unknown", "unknown")
    records: Callable[[Path], Iterator[Record]] | None = None
    of_coco: bool = False


def valse(folder: Path) -> Iterator[Record]:
    """Yield the captions of VALSE's pieces, without those on dialogues."""
    for piece, (of_type, subtype) in _VALSE.items():
        path = folder / f"{piece}.json"
        for key, item in _json(path).items() if path.is_file() else ():
            if item.get("mturk", {}).get("caption", _VALID) >= _VALID:
                yield {
                    "id": f"valse:{piece}:{key}",
                    "image": item["image_file"],
                    "caption": item["caption"],
                    "negatives": [{"text": item["foil"], "type": of_type, "subtype": subtype}],
                }


def fg_ovd(path: Path) -> Iterator[Record]:
    """Yield the expressions of FG-OVD's regions."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        item = json.loads(line)
        negatives = [
            {"text": text, "type": "replace", "subtype": "att"} for text in item["neg_expression"]
        ]
        yield {
            "id": f"fg-ovd:{path.stem}:{number}",
            "image": item["img_path"],
            "caption": item["pos_expression"][0],
            "negatives": negatives,
        }


def cola(path: Path) -> Iterator[Record]:
    """Yield both captions of each pair of images, each as the negative of the other.

    Both are given the same image, so that they are in the same fold: a reader trained on one would
    know its texts from the other side, and be wrong every time.
    """
    for number, (_, caption, _, other) in enumerate(_json(path)):
        for side, (true, false) in enumerate(((caption, other), (other, caption))):
            yield {
                "id": f"cola:{number}:{side}",
                "image": f"cola:{number}",
                "caption": true,
                "negatives": [{"text": false, "type": "swap", "subtype": "att"}],
            }


def _json(path: Path) -> Any:  # noqa: ANN401 - as the file has it
    return json.loads(path.read_text(encoding="utf-8"))


SETS: Final = (
    *(
        PublishedSet(
            f"SugarCrepe, {name.replace('_', '/')}", f"sugar-crepe/{name}.json", of_coco=True
        )
        for name in (
            *("swap_obj", "swap_att", "replace_obj", "replace_att", "replace_rel"),
            *("add_obj", "add_att"),
        )
    ),
    PublishedSet("NegCLIP", "negclip/negclip_valid.jsonl", ("swap", "unknown"), of_coco=True),
    PublishedSet("Hard Positives, VL-CheckList", "hard-positives"),
    PublishedSet("CREPE, productivity", "crepe/prod_hard_negatives"),
    PublishedSet("CREPE, systematicity", "crepe/syst_hard_negatives"),
    PublishedSet("CE-CLIP", "ce-clip", of_coco=True),
    PublishedSet("DeGLA", "degla", of_coco=True),
    PublishedSet("CC-Neg", "cc-neg/cc_neg.json"),
    PublishedSet("CS-CLIP", "cs-clip"),
    PublishedSet("VALSE", "valse", records=valse, of_coco=True),
    PublishedSet("FG-OVD, one attribute", "fg-ovd/h_attributes_llava.jsonl", records=fg_ovd),
    PublishedSet("FG-OVD, three attributes", "fg-ovd/e_attributes_llava.jsonl", records=fg_ovd),
    PublishedSet(
        "COLA, two objects", "cola/COLA_multiobjects_matching_benchmark.json", records=cola
    ),
)
"""All sets that can be read; the league lists those whose files are missing."""
