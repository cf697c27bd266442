import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from data.scenes.render import write_images
from data.sources.scenes import Scenes
from negatives.pipeline.margins import margins_of
from negatives.pipeline.scores import _tradeoff

NEGATIVES = Path(sys.executable).with_name("negatives")
CONFIG = """
data:
  source: {name: scenes, num_images: 24, captions_per_image: 2}
negatives:
  composites: {per_caption: 0.5}
training:
  model: scenes-tiny
  pretrained: null
  preset: fsc-clip
  draw: {any: 2}
  epochs: 1
  batch_size: 16
  precision: fp32
  run: {workers: 0, log_every: 1}
  evaluation:
    benchmarks: {sugarcrepe: {root: crepe}}
    baseline: true
    wise_ft: [.5]
    against: published:ViT-B-32
    workers: 0
"""


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [NEGATIVES, "run", "pipeline.yaml", "--reference-model", "none", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def small_benchmark(folder: Path) -> None:
    """Write two items of SugarCrepe's layout for each of its files, with images of scenes."""
    scenes = Scenes(num_images=2)
    write_images(folder, ((f"{n}.png", scenes.scene(n)) for n in range(2)), size=32)
    items = {
        str(n): {"filename": f"{n}.png", "caption": f"a dog {n}", "negative_caption": f"a cat {n}"}
        for n in range(2)
    }
    kinds = ("add_att", "add_obj", "replace_att", "replace_obj", "replace_rel")
    for name in (*kinds, "swap_att", "swap_obj"):
        (folder / f"{name}.json").write_text(json.dumps(items))


class Texts(HTMLParser):
    """Gathers the text of a page and the names of its open elements at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def test_captions_become_scores_and_nothing_is_done_twice(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(CONFIG)
    (tmp_path / "crepe").mkdir()
    small_benchmark(tmp_path / "crepe")
    first = json.loads(run(tmp_path, "--json").stdout)
    names = [account["name"] for account in first]
    assert names == [
        *("build", "compose", "merge", "audit", "train", "evaluate"),
        *("baseline", "evaluate-baseline"),
    ]
    assert all(account["ran"] for account in first)
    page = (tmp_path / "out/report.html").read_text()
    texts = Texts()
    texts.feed(page)
    for told in (
        "Scores before and after training",
        "negatives of ",
        "The whole audit",
        "without negatives: ",
        "Margins and calibration",
        "no figure of this run is published for ViT-B-32",
    ):
        assert told in texts.text
    assert page.count('<img src="data:image/jpeg;base64,') == 8
    assert page.count("-right)") + page.count("-bottom)") == 4, "half of them composites"
    assert page.count('<img src="data:image/png;base64,') == 12
    folders = {account["name"]: tmp_path / "out" / account["folder"] for account in first}
    assert (folders["audit"] / "audit.html").exists()
    runs = {name: json.loads((folders[name] / "run/run.json").read_text())["config"]
            for name in ("train", "baseline")}  # fmt: skip
    assert [each["loss"] for each in runs["baseline"]["losses"]] == ["clip"]
    assert runs["baseline"]["draw"] == {}
    for same in ("optimizer", "epochs", "batch_size", "seed"):
        assert runs["baseline"][same] == runs["train"][same]
    again = json.loads(run(tmp_path, "--json").stdout)
    assert not any(account["ran"] for account in again)
    assert "train: unchanged" in run(tmp_path, "--dry-run").stdout
    planned = run(tmp_path, "--dry-run", "--set", "training.epochs=2").stdout
    assert "build: unchanged" in planned
    assert "train: would run" in planned
    failed = run(tmp_path, "--set", "training.model=scenes-tinny", code=2)
    assert "negatives: stage train failed with exit code 2" in failed.stderr


def test_what_is_gained_is_drawn_against_what_is_lost_where_both_were_measured() -> None:
    summary = {"scenes composition macro": 0.6, "scenes classification macro": 0.3}
    runs = [{"alpha": alpha, "summary": summary} for alpha in (0.0, 0.5, 1.0)]
    assert ">0.5</text>" in str(_tradeoff(runs))
    assert not _tradeoff(runs[::2])
    assert not _tradeoff([{**r, "summary": {"scenes composition macro": 0.6}} for r in runs])


def test_margins_and_hard_positives_are_shown_before_and_after() -> None:
    def run(accepted: float, mean: float) -> dict[str, object]:
        positives = {"accepted": accepted, "rejected": 0.2, "brittle": 0.1}
        margins = {"mean": mean, "calibration_error": None, "overconfidence": None}
        kinds = [("swap", margins | {"hard_positives": positives}), ("count", None)]
        sure = {"calibration_error": 0.071, "calibration_interval": [0.05, 0.092]}
        kinds.append(("replace", margins | sure | {"hard_positives": None}))
        return {"scores": [{"benchmark": "b", "task": t, "margins": m} for t, m in kinds]}

    found = margins_of([run(0.5, 0.01), run(0.6, 0.015), run(0.7, 0.02)])
    error = "7.10 (5.00\N{EN DASH}9.20)"
    assert found.spread == [
        ["b swap", "1.00", "2.00", "", "", "", ""],
        ["b replace", "1.00", "2.00", error, error, "", ""],
    ]
    assert found.positives == [["b swap", "50.0", "70.0", "20.0", "20.0", "10.0", "10.0"]]
    assert "<title>b swap: 20.0 rejected, 60.0 accepted</title>" in str(found.tradeoff)
    older = [{"scores": [{"benchmark": "b", "task": "swap"}]}] * 2
    assert margins_of(older) == ([], [], None)
