"""Composites of a build on scenes: true and false by the scenes' truth, and the same every time."""

import importlib.util
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from data.config import base_name
from data.edits import Edit
from data.errors import ShardError, UsageError
from data.manifest import problems_of, read_all_rows, read_manifest
from data.records import Row
from data.scenes import truth
from data.sources.scenes import Scenes
from negatives.auditing.pairs import groups_of
from negatives.building import build
from negatives.composing.exchange import PLACES, WORDS
from negatives.composing.options import ComposeOptions
from negatives.composing.run import compose
from negatives.composing.shard import _EXCHANGED, exchanged_rules
from negatives.config import build_config
from negatives.executors import Run
from negatives.folders.filtering import FilterOptions, filter_folder
from negatives.folders.merging import merge_folders
from negatives.models import model_name, model_version
from negatives.presets import PRESETS

T = TypeVar("T")
R = TypeVar("R")
OPTIONS = ComposeOptions()


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes") / "out"
    sections = {
        "data": {"source": {"name": "scenes"}, "limit": 600},
        "negatives": {"shard_captions": 200},
    }
    build(build_config(sections), out=out)
    return out


@pytest.fixture(scope="module")
def made(parent: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("composites") / "out"
    compose(parent, out, options=OPTIONS)
    return out


def rows_of(folder: Path) -> list[Row]:
    return list(read_all_rows(folder, read_manifest(folder)))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def parts_of(row: Row, captions: dict[str, Row]) -> tuple[Row, Row]:
    """Return the rows of the two captions, the first image's first."""
    rows = [captions[each] for each in row.id.split("+")]
    return tuple(sorted(rows, key=lambda part: row.images.index(part.image)))  # type: ignore[return-value]


def halves_of(text: str) -> dict[str, str]:
    """Return what is said of each place; "" is what is said without one."""
    plain = text.lower().rstrip(".").replace("; ", ", and ")
    parts = re.split(r"(?:^|, and )(?:on|at) the ", plain)[1:]
    return {place.rstrip(":,"): said for place, _, said in (each.partition(" ") for each in parts)}


def test_the_folder_is_whole_and_of_two_images_a_row(parent: Path, made: Path) -> None:
    manifest = read_manifest(made)
    assert list(problems_of(made, manifest)) == []
    captions = {row.id: row for row in rows_of(parent)}
    rows = rows_of(made)
    assert len(rows) > 300
    for row in rows:
        assert len(set(row.images)) == 2
        one, other = parts_of(row, captions)
        assert {one.image, other.image} == set(row.images)


def test_negatives_are_false_and_positives_true(made: Path) -> None:
    scenes = Scenes()
    wrong: list[str] = []
    judged = dict.fromkeys((WORDS, PLACES, "positives"), 0)
    for row in rows_of(made):
        shown = dict(zip(row.images, ("left", "right") if row.layout == "left-right"
                         else ("top", "bottom"), strict=True))  # fmt: skip
        texts = {WORDS: [], PLACES: [], "positives": [p.text for p in row.positives]}
        for negative in row.negatives:
            texts[negative.rule].append(negative.text)
        for name, some in texts.items():
            for text in some:
                said = halves_of(text)
                if set(said) != set(shown.values()):
                    continue  # without places
                verdicts = [
                    truth(scenes.scene_of(image), said[place]) for image, place in shown.items()
                ]
                if None in verdicts:
                    continue
                judged[name] += 1
                if all(verdicts) != (name == "positives"):
                    wrong.append(f"{name}: {row.caption!r} -> {text!r}")
    assert min(judged.values()) > 30, judged
    assert len(wrong) <= 0.005 * sum(judged.values()), "\n".join(wrong[:40])


def test_the_order_does_not_tell_for_whom_partners_were_chosen(parent: Path, made: Path) -> None:
    captions = {row.id: row.caption.lower().rstrip(" .") for row in rows_of(parent)}
    ahead = []
    for row in rows_of(made):
        one, other = (captions[each] for each in row.id.split("+"))
        ahead.append(row.caption.lower().find(one) < row.caption.lower().find(other))
    assert 0.45 < sum(ahead) / len(ahead) < 0.55


def test_clusters_share_no_image(made: Path) -> None:
    groups = groups_of(rows_of(made))
    assert len(set(groups)) >= 5


def test_captions_said_without_places_may_stand_in_either_order(made: Path) -> None:
    plain = [row for row in rows_of(made) if not set(halves_of(row.caption))]
    assert len(plain) > 20
    for row in plain:
        first, _, second = row.caption.lower().rstrip(".").partition(". ")
        assert f"{second}. {first}" not in {n.text.lower().rstrip(".") for n in row.negatives}


def test_an_exchange_keeps_the_words(made: Path) -> None:
    for row in rows_of(made):
        for negative in row.negatives:
            assert sorted(words(negative.text)) == sorted(words(row.caption))
            assert isinstance(negative.edit, Edit)


def words(text: str) -> list[str]:
    plain = text.lower().replace(",", " ").replace(".", " ").replace(";", " ").replace(":", " ")
    return ["a" if word == "an" else word for word in plain.split()]


def _executor(run: Callable[..., Iterator[object]]) -> Callable[..., object]:
    @contextmanager
    def opened(
        _workers: int, prepare: Callable[[], object], /, *, gpus: float = 0.0
    ) -> Iterator[Run]:
        del gpus
        prepare()
        yield run  # type: ignore[misc]

    return opened


def _dying(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    yield function(next(iter(tasks)))
    raise ShardError("a worker died")


def _backwards(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    yield from map(function, reversed(list(tasks)))


def test_a_run_that_died_resumes_with_the_same_bytes(
    parent: Path, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ShardError):
        compose(parent, out, options=OPTIONS, executor=_executor(_dying))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unfinished composites with other options"):
        compose(parent, out, options=replace(OPTIONS, seed=1))
    committed = max(path.stat().st_mtime_ns for path in (out / "work/compose").glob("00000.*data*"))
    compose(parent, out, options=OPTIONS, executor=_executor(_backwards))  # type: ignore[arg-type]
    assert contents(out) == contents(made)
    assert committed in {path.stat().st_mtime_ns for path in (out / "data").iterdir()}
    compose(parent, out, options=OPTIONS)  # is finished
    with pytest.raises(UsageError, match="contains a finished folder"):
        compose(parent, out, options=replace(OPTIONS, seed=1))


def test_a_folder_without_a_corpus_model_needs_another_one(
    parent: Path, made: Path, tmp_path: Path
) -> None:
    filtered = tmp_path / "filtered"
    filter_folder(parent, filtered, options=FilterOptions(max_negatives=1))
    with pytest.raises(UsageError, match="name one: --fluency-from"):
        compose(filtered, tmp_path / "new", options=OPTIONS)
    compose(filtered, tmp_path / "new", options=OPTIONS, fluency_from=parent)
    assert len(rows_of(tmp_path / "new")) == len(rows_of(made))


def rewritten(folder: Path, out: Path, **fields: object) -> Path:
    """Return a copy of a folder whose manifest says something else."""
    shutil.copytree(folder, out)
    path = out / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return out


def test_another_parser_than_that_of_the_corpus_model_is_refused(
    parent: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(parent)
    versions = {**manifest.versions, "parser": "en_core_web_md 3.7.1, spacy 3.7.2"}
    other = rewritten(parent, tmp_path / "other", versions=versions)
    section = {**manifest.config["negatives"], "model": "en_core_web_md"}
    gone = rewritten(other, tmp_path / "gone", config={**manifest.config, "negatives": section})
    wanted = "its corpus model, en_core_web_md 3.7.1, spacy 3.7.2; found"
    for folder, model, found in (
        (other, None, r"en_core_web_sm\w* \d.*; install that version, give its folder with"),
        (gone, None, "no spaCy model 'en_core_web_md'; install"),
        (gone, str(tmp_path / "nowhere"), "no spaCy model '.*nowhere'; install"),
    ):
        with pytest.raises(UsageError, match=f"{wanted} {found}"):
            compose(folder, tmp_path / "new", options=OPTIONS, model=model)
    assert not (tmp_path / "new").exists()


def test_a_parser_given_as_a_folder_has_to_be_given_again(
    parent: Path, made: Path, tmp_path: Path
) -> None:
    name = model_name()
    package = importlib.util.find_spec(name)
    assert package is not None
    assert package.origin is not None
    found = next(Path(package.origin).parent.glob(f"{name}-*"), Path(package.origin).parent)
    (tmp_path / "mine").symlink_to(found)
    versions = {**read_manifest(parent).versions, "parser": model_version(str(tmp_path / "mine"))}
    manifest = read_manifest(parent)
    section = {**manifest.config["negatives"], "model": base_name(str(tmp_path / "mine"))}
    folder = rewritten(parent, tmp_path / "other", versions=versions,
                       config={**manifest.config, "negatives": section})  # fmt: skip
    with pytest.raises(UsageError, match=r"found no spaCy model .*its folder with --model"):
        compose(folder, tmp_path / "new", options=OPTIONS)
    compose(folder, tmp_path / "new", options=OPTIONS, model=str(tmp_path / "mine"))
    assert rows_of(tmp_path / "new") == rows_of(made)
    assert str(tmp_path) not in (tmp_path / "new/manifest.json").read_text()


def test_words_are_exchanged_by_the_rules_of_the_folder(parent: Path, tmp_path: Path) -> None:
    kept = [
        producer if producer["rule"] == "replace_attribute" else {**producer, "method": "import"}
        for producer in read_manifest(parent).producers
    ]
    folder = rewritten(parent, tmp_path / "other", producers=kept)
    compose(folder, tmp_path / "new", options=ComposeOptions(per_caption=0.5))
    exchanged = [n for row in rows_of(tmp_path / "new") for n in row.negatives if n.rule == WORDS]
    assert {negative.subtype for negative in exchanged} == {"att"}


@pytest.mark.parametrize(
    ("producers", "expected"),
    [
        ([], [spec for spec in PRESETS["natural"].rules if spec["rule"] in _EXCHANGED]),
        (
            [
                {"rule": "count", "method": "rule", "options": {"articles": True}},
                {"rule": "count", "method": "rule", "options": {"articles": True}},
                {"rule": "swap", "method": "rule", "options": {}},
                {"rule": "count", "method": "import", "options": {}},
            ],
            [{"rule": "count", "articles": True}],
        ),
    ],
)
def test_the_rules_of_a_manifest(
    producers: list[dict[str, object]], expected: list[dict[str, object]]
) -> None:
    assert list(exchanged_rules(producers)) == expected


def test_composites_and_captions_are_merged(parent: Path, made: Path, tmp_path: Path) -> None:
    merge_folders([parent, made], tmp_path / "both")
    rows = rows_of(tmp_path / "both")
    assert {row.layout for row in rows} == {"single", "left-right", "top-bottom"}
    assert len(rows) == len(rows_of(parent)) + len(rows_of(made))
    with pytest.raises(UsageError, match="no two captions that can be joined"):
        compose(made, tmp_path / "again", options=OPTIONS, fluency_from=parent)
    assert not (tmp_path / "again").exists() or not list((tmp_path / "again").iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_caption": 0.0}, "per_caption: expected a number above 0"),
        ({"layouts": ("diagonal",)}, "layouts: expected left-right or top-bottom"),
        ({"layouts": ()}, "layouts: expected at least one"),
    ],
)
def test_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ComposeOptions(**options)  # type: ignore[arg-type]


def test_numbers_and_layouts_are_kept(parent: Path, made: Path, tmp_path: Path) -> None:
    options = ComposeOptions(per_caption=0.5, layouts=("top-bottom",))
    manifest = compose(parent, tmp_path / "out", options=options)
    rows = rows_of(tmp_path / "out")
    assert {row.layout for row in rows} == {"top-bottom"}
    assert 0.2 < len(rows) / len(rows_of(made)) < 0.3
    assert manifest.tallies["captions"]["all"] == len(rows)
    shutil.rmtree(tmp_path / "out")
