import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from data.scenes.render import write_images
from data.sources.scenes import Scenes
from negatives.pipeline.report import _tradeoff

NEGATIVES = Path(sys.executable).with_name("negatives")
CONFIG = """
data:
  source: {name: scenes, num_images: 24, captions_per_image: 2}
negatives:
  composites: {a_caption: 0.5}
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
    wise_ft: [.5]
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
    assert names == ["build", "compose", "merge", "audit", "train", "evaluate"]
    assert all(account["ran"] for account in first)
    page = (tmp_path / "out/report.html").read_text()
    texts = Texts()
    texts.feed(page)
    for told in (
        "Scores before and after training",
        "negatives of ",
        "The whole audit",
    ):
        assert told in texts.text
    assert (tmp_path / "out" / first[3]["folder"] / "audit.html").exists()
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
