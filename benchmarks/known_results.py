"""Published tables -> `training/evaluation/published.json`, averages to compare runs with.

    python -m benchmarks.known_results individual_results.csv extended_results.csv > published.json

The first file is that of github.com/ytaek-oh/vl_compo. It gives the figure of each benchmark, as
the paper averages it, of each zero-shot set, and R@1. The second is that of
github.com/ytaek-oh/fsc-clip, which has only averages.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.imagecode import _EXPECTED as IMAGECODE
from training.evaluation.benchmarks.sugarcrepe import _EXPECTED as SUGARCREPE
from training.evaluation.published import Known, backbone_of, own_figures
from training.evaluation.results import Score
from training.evaluation.vl_compo import Figure, checkpoints

_SOURCES: Final = {
    "vl_compo": "Oh et al. 2024, arXiv 2406.09388; github.com/ytaek-oh/vl_compo, "
    "individual_results.csv at commit 43e2eae0474c686d99ab463232ec6fa0fb9a8852",
    "fsc-clip": "Oh et al. 2024, arXiv 2410.05210; github.com/ytaek-oh/fsc-clip, "
    "assets/extended_results.csv at commit 604015db3f009a8f7485f1fb7e21d8343c67664a",
}
_BACKBONES: Final = {
    "ViT-B-32": "NegCLIP CE-CLIP GNM-CLIP CLoVe DAC-LLM DAC-SAM TSVLC-Negs_RB TSVLC-Negs_RB_LLM "
    "ALIP",
    "ViT-S-16": "ViT-S-SLIP ViT-S-CLIP MERU-ViT-S CLIP-ViT-S",
    "ViT-B-16": "ViT-B-SLIP ViT-B-CLIP MERU-ViT-B CLIP-ViT-B",
    "ViT-L-16": "ViT-L-SLIP ViT-L-CLIP MERU-ViT-L CLIP-ViT-L",
    "RN50": "CLIP CyCLIP c-CyCLIP i-CyCLIP",
}
"""The backbones of models whose names do not contain them."""
_EXTENDED: Final = {
    "aro": "aro", "crepe": "crepe", "eqben": "eqben", "imagecode": "imagecode",
    "sugarcrepe": "sugarcrepe", "svo_probes": "svo", "valse": "valse",
    "vl_checklist": "vlchecklist", "whatsup": "whatsup", "winoground": "winoground", "spec": "spec",
    "ZS": "ZS", "I2T Ret": "I2T", "T2I Ret": "T2I",
}  # fmt: skip
_ITEMS: Final = {**IMAGECODE, **SUGARCREPE}


def main() -> None:
    """Print the file."""
    sys.stdout.write(file_of(*map(Path, sys.argv[1:])))


def file_of(individual: Path, extended: Path) -> str:
    """Return the file's text, one line per model."""
    models = [*_of_checkpoints(individual), *_of_extended(extended)]
    figures = list(dict.fromkeys(name for model in models for name in model.figures))
    rows = [
        [*(model.name, model.backbone, model.source), *map(_per_cent(model), figures)]
        for model in models
    ]
    lines = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in rows)
    head = json.dumps({"sources": _SOURCES, "figures": figures}, indent=1).removesuffix("\n}")
    return f'{head},\n "models": [\n  {lines}\n ]\n}}\n'


def _of_checkpoints(path: Path) -> Iterator[Known]:
    own = {name: backbone for backbone, names in _BACKBONES.items() for name in names.split()}
    for name, figures in checkpoints(path).items():
        arch = name.partition("/")[0]
        yield Known(
            name=name,
            backbone=own.get(arch, backbone_of(arch)),
            source="vl_compo",
            figures=own_figures([_score(figure, value) for figure, value in figures.items()]),
        )


def _score(figure: Figure, value: float) -> Score:
    benchmark, task, measure = figure
    items = _ITEMS.get(task, 1)
    return Score(
        benchmark=benchmark, task=task, measure=measure, value=value, low=None, high=None, ties=0,
        kind="", items=items, expected=items, chance=0,
    )  # fmt: skip


def _of_extended(path: Path) -> Iterator[Known]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Known(
                name=f"{row['CLIP']}/{row['Pretrained_Finetined']}/{row['Arch']}",
                backbone=row["Arch"],
                source="fsc-clip",
                figures={ours: float(row[theirs]) / 100 for theirs, ours in _EXTENDED.items()},
            )


def _per_cent(model: Known) -> Callable[[str], float | None]:
    return lambda name: round(100 * model.figures[name], 2) if name in model.figures else None


if __name__ == "__main__":
    main()
