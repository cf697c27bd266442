"""The corpus model as a build of the embedded scenes makes it, and as another build uses it."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from data.edits import Edit, Replacement
from data.errors import UsageError
from data.manifest import FLUENCY, Manifest, problems_of, read_all_rows, read_manifest
from data.records import Caption
from negatives.api import generate
from negatives.building import build
from negatives.cli import cli
from negatives.config import BuildConfig, build_config
from negatives.fluency.associations import Columns, add_beside, add_spans
from negatives.fluency.candidates import Block
from negatives.fluency.captions import index_caption
from negatives.fluency.corpus import FILES, read_model, write_model
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import Table, table_of
from negatives.fluency.features import FEATURES, Features, features_of
from negatives.fluency.fitting import keep_probabilities
from negatives.fluency.folds import folds_of, keys_of
from negatives.fluency.lookups import CountLookup
from negatives.fluency.words import Words
from negatives.generator import chooser_of, offers_of, with_thinning
from negatives.models import model_name
from negatives.parse import Parse
from negatives.policy import CorpusScoring, PairPolicy
from negatives.sampling import Offer
from negatives.scorers import open_scorers
from negatives.slots import Lazy, Slot
from negatives.spacy_parse import parse_texts
from negatives.words.lexicon import Table as Lexicon
from tests.negatives.building.test_run import Killed, content_of
from tests.parses import parse_of

NUM_CAPTIONS = 600
TEXT = "A small red square is left of a big blue circle."


def config_of(**negatives: object) -> BuildConfig:
    return build_config(
        {
            "data": {"source": {"name": "scenes"}, "limit": NUM_CAPTIONS},
            "negatives": {"shard_captions": 200, **negatives},
        }
    )


@pytest.fixture(scope="module")
def stages() -> list[str]:
    """Return a list that fills with what the first build reports."""
    return []


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory, stages: list[str]) -> Path:
    out = tmp_path_factory.mktemp("corpus") / "out"
    build(config_of(), out=out, report=lambda stage, _: stages.append(stage))
    return out


def copy_to_damage(build_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the build's folder, to be damaged."""
    return Path(shutil.copytree(build_folder, tmp_path / "copy"))


def test_the_model_is_in_the_manifest(build_folder: Path) -> None:
    manifest = read_manifest(build_folder)
    names = {stored.file for stored in manifest.fluency}
    assert names == {f"{FLUENCY}/{name}.npy" for name in FILES} | {f"{FLUENCY}/model.json"}
    assert list(problems_of(build_folder, manifest)) == []
    assert read_model(build_folder / FLUENCY).num_captions == NUM_CAPTIONS
    negatives = [found for row in read_all_rows(build_folder, manifest) for found in row.negatives]
    corpus = config_of().policy.corpus
    assert corpus is not None
    assert len(negatives) > NUM_CAPTIONS
    assert all(abs(negative.score or 0.0) <= corpus.max_log_ratio for negative in negatives)
    assert {negative.score is None for negative in negatives} == {False}


def test_damage_to_the_model_is_found(build_folder: Path, tmp_path: Path) -> None:
    out = copy_to_damage(build_folder, tmp_path)
    manifest = read_manifest(out)
    path = out / FLUENCY / "counts.npy"
    content = path.read_bytes()
    path.unlink()  # the copy may share its bytes
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    before, after = sha256(content).hexdigest(), sha256(path.read_bytes()).hexdigest()
    assert list(problems_of(out, manifest)) == [
        f"fluency/counts.npy: damaged, SHA-256 {after} instead of {before}"
    ]
    path.unlink()
    with pytest.raises(UsageError, match=r"fluency/counts\.npy: missing"):
        read_manifest(out)


def test_a_model_that_is_not_there_is_said(build_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the corpus model of a finished build"):
        read_model(tmp_path)
    out = copy_to_damage(build_folder, tmp_path)
    path = out / FLUENCY / "model.json"
    path.write_text(path.read_text().replace('"features": [', '"features": ["none", '))
    with pytest.raises(UsageError, match="a corpus model of another version"):
        read_model(out / FLUENCY)


def offers_with(
    folder: Path, texts: Sequence[str], images: Sequence[str] = ()
) -> list[list[Offer]]:
    """Return the offers for each text, weighed by the model in a folder."""
    config = config_of()
    parses = parse_texts(texts, model=model_name(), batch_size=8)
    block = [
        (Caption(f"x:{number}", image, parse.text), parse)
        for number, (parse, image) in enumerate(
            zip(parses, images or [""] * len(texts), strict=True)
        )
    ]
    offered = offers_of(block, chooser_of(config.rules, config.policy, 0))
    slots = [[offer.slot for offer in chain(*offers)] for offers, _ in offered]
    (scorer,) = open_scorers(config.policy, folder)
    assert scorer is not None
    ratios = iter(
        scorer.log_ratios([(*each, found) for each, found in zip(block, slots, strict=True)])
    )
    return [[Offer(slot, next(ratios)) for slot in found] for found in slots]


def ratios_of(offered: Sequence[Sequence[Offer]]) -> list[list[float]]:
    return [list(offer.log_ratios or ()) for offers in offered for offer in offers]


def test_a_model_that_is_written_and_read_gives_the_same_log_ratios(
    build_folder: Path, tmp_path: Path
) -> None:
    rows = list(read_all_rows(build_folder, read_manifest(build_folder)))[::50]
    texts = [TEXT, *(row.caption for row in rows), "A dog sleeps."]
    model = read_model(build_folder / FLUENCY)
    written = write_model(tmp_path, model)
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    before, after = (
        ratios_of(offers_with(place, texts)) for place in (build_folder / FLUENCY, tmp_path)
    )
    assert before == after
    assert len(before) > 20
    assert all(before)


def test_a_pair_has_one_log_ratio_from_either_side(build_folder: Path) -> None:
    """From caption to negative it is minus that from negative to caption, parsed anew."""
    rows = list(read_all_rows(build_folder, read_manifest(build_folder)))[::15]
    texts, images = [row.caption for row in rows], [row.image for row in rows]
    offered = zip(texts, images, offers_with(build_folder / FLUENCY, texts, images), strict=True)
    there = [
        (text, edit.apply(text), image, ratio)
        for text, image, offers in offered
        for slot, ratios in offers
        for edit, ratio in zip(slot.alternatives, ratios or (), strict=True)
        if slot.subtype in {"rel", "att", "obj"} and np.isfinite(ratio)
    ]
    _, negatives, their_images, _ = zip(*there, strict=True)
    back = offers_with(build_folder / FLUENCY, negatives, their_images)
    found = [
        there_ratio + ratio
        for (text, negative, _, there_ratio), offers in zip(there, back, strict=True)
        for slot, ratios in offers
        for edit, ratio in zip(slot.alternatives, ratios or (), strict=True)
        if edit.apply(negative) == text
    ]
    # A word that opens its caption comes back without its capital.
    assert len(found) > 0.8 * len(there) > 100
    assert np.mean(np.abs(found) < 0.01) > 0.9  # the parser reads some otherwise


def test_another_model_in_the_same_folder_is_read_anew(build_folder: Path, tmp_path: Path) -> None:
    write_model(tmp_path, read_model(build_folder / FLUENCY))
    before = ratios_of(offers_with(tmp_path, [TEXT]))
    path = tmp_path / "biases.npy"
    np.save(path, np.load(path) * 0 - 3)
    (tmp_path / "model.json").touch()
    assert ratios_of(offers_with(tmp_path, [TEXT])) != before


PLACES = ("street", "beach", "field", "hill", "roof", "road", "bed", "desk")


def make_corpus() -> list[tuple[Caption, Parse]]:
    """Return captions of 40 images; some are said of two, one caption is said of one alone."""
    corpus = []
    for number in range(40):
        who = "zebra" if number == 17 else ("dog", "cat", "man")[number % 3]
        where = PLACES[number % 8]
        parse = parse_of(
            f"a/DET//det>1 {who}/NOUN//nsubj>2 sits/VERB//ROOT>2 on/ADP//prep>2 "
            f"a/DET//det>5 {where}/NOUN//pobj>3"
        )
        corpus.append((Caption(f"x:{number}", f"image {number}", parse.text), parse))
    return corpus


def replacement_slot(parse: Parse, word: str, *, strict: bool = False) -> Slot:
    token = parse.tokens[1]
    edits = [Edit((Replacement(token.start, token.end, word),))]
    return Slot("any", "replace", "obj", edits, needs_full_coverage=strict)


def test_a_caption_does_not_see_itself_nor_its_fold() -> None:
    """Its features are those that captions of the other folds give, who never heard of it."""
    corpus, words = make_corpus(), Words(Lexicon())
    keys = keys_of([caption for caption, _ in corpus])
    folds = folds_of([keys]).of(keys).tolist()

    def table_without(left_out: int | None) -> Table:
        kept = [n for n, fold in enumerate(folds) if fold != left_out]
        views = [index_caption(corpus[n][1], words) for n in kept]
        return table_of(tally_block(views, [folds[n] for n in kept], words))

    def features(number: int, table: Table, min_context_coverage: float = 0.0) -> Features:
        block, parse = Block(words), corpus[number][1]
        block.add(index_caption(parse, words), [replacement_slot(parse, "horse")], folds[number])
        return features_of(
            block, CountLookup(words, table), min_context_coverage=min_context_coverage
        )

    everything = table_without(None)
    assert len(set(folds)) > 1
    for number, fold in enumerate(folds):
        here, there = features(number, everything), features(number, table_without(fold))
        assert np.array_equal(here.values, there.values)
        assert here.supported.all()
    zebra, horse = features(17, everything).values
    assert np.array_equal(zebra, horse)  # neither was said elsewhere, and letters are as many
    assert features(17, everything, 0.5).supported.tolist() == [False, False]
    assert features(16, everything, 0.5).supported.tolist() == [True, False]


BESIDE = "a park chases a cat and a ball"  # where a cat chases nothing


@pytest.mark.parametrize(
    ("said", "strict", "supported"),
    [
        (["a dog chases a ball", "a cat chases a ball"], False, [True, True]),
        (["a dog chases a ball", "a cat chases a ball"], True, [True, True]),
        (["a dog chases a ball", BESIDE], False, [True, True]),
        (["a dog chases a ball", BESIDE], True, [True, False]),
        (["a cat chases a ball", BESIDE.replace("cat", "dog")], False, [True, True]),
        (["a cat chases a ball", BESIDE.replace("cat", "dog")], True, [False, False]),
    ],
)
def test_a_strict_slot_lets_through_what_was_seen_in_its_very_place(
    said: Sequence[str], *, strict: bool, supported: Sequence[bool]
) -> None:
    """`said`: by captions of other folds than that of "a dog chases a ball"."""
    words = Words(Lexicon())
    views = [index_caption(sentence(text), words) for text in said]
    table = table_of(tally_block(views, [1] * len(views), words))
    block, parse = Block(words), sentence("a dog chases a ball")
    slot = replacement_slot(parse, "cat", strict=strict)
    assert block.add(index_caption(parse, words), [slot], 0) == [True]
    found = features_of(block, CountLookup(words, table), min_context_coverage=0.34)
    assert found.supported.tolist() == supported


@pytest.mark.parametrize(("times", "asked"), [(1, 2), (10, 3)])
def test_rare_words_need_not_have_met(times: int, asked: int) -> None:
    """The dog has chased things, and kites were chased, but no dog was seen with a kite."""
    said = ["a dog chases a ball", "a man chases a kite"] * times + ["a bird eats a seed"] * 10
    words = Words(Lexicon())
    views = [index_caption(sentence(text), words) for text in said]
    table = table_of(tally_block(views, [1] * len(views), words))
    block, parse = Block(words), sentence("a dog chases a kite")
    block.add(index_caption(parse, words), [replacement_slot(parse, "bird")], 0)
    columns: Columns = {name: np.zeros(2) for name in (*FEATURES, "asked")}
    folds = np.zeros(2, np.uint8)
    add_spans(columns, block, folds, CountLookup(words, table))
    add_beside(columns, block, folds, CountLookup(words, table))
    assert columns["asked"].tolist()[0] == asked
    assert columns["unseen beside"].tolist()[0] == asked - 2


def sentence(text: str) -> Parse:
    """Return the parse of "a SUBJECT VERB a OBJECT", and of "and a THING" after that."""
    tags = ("DET//det>1", "NOUN//nsubj>2", "VERB/VBZ/ROOT>2", "DET//det>4", "NOUN//dobj>2",
            "CCONJ/CC/cc>4", "DET//det>7", "NOUN//conj>4")  # fmt: skip
    return parse_of(
        " ".join(f"{word}/{tag}" for word, tag in zip(text.split(), tags, strict=False))
    )


def test_what_is_not_known_is_not_drawn_and_neither_is_what_was_not_laid_out(
    build_folder: Path,
) -> None:
    model, words = read_model(build_folder / FLUENCY), Words(Lexicon())
    ((caption, parse), *_) = make_corpus()
    too_many = Slot("any", "replace", "obj", Lazy(10**6, lambda _: Edit((Replacement(0, 1, "b"),))))
    block = [(caption, parse, [replacement_slot(parse, "circle"), too_many])]
    laid_out, not_laid_out = model.log_ratios(model.sample(block, words, min_context_coverage=0.0))
    assert np.isfinite(laid_out).all()
    assert (len(laid_out), len(not_laid_out)) == (1, 0)
    sample = model.sample(block, words, min_context_coverage=1.0)  # scenes have no dogs that sit
    assert sample.features.shape == (0, len(FEATURES))
    assert model.log_ratios(sample) == [[-np.inf], ()]
    ((caption, parse), *_), empty = make_corpus(), [(caption, parse, [])]
    assert model.log_ratios(model.sample(empty, words, min_context_coverage=1.0)) == []


def test_a_build_with_the_model_of_another_leaves_out_the_same(
    build_folder: Path, tmp_path: Path
) -> None:
    """The same captions with the model made of them: the same shards, without counting."""
    seen: list[str] = []
    manifest = build(
        config_of(fluency_from=build_folder),
        out=tmp_path,
        report=lambda stage, _: seen.append(stage),
    )
    assert set(seen) == {"parse", "choose"}
    assert manifest.fluency == ()
    assert not (tmp_path / FLUENCY).exists()
    assert manifest.shards == read_manifest(build_folder).shards
    assert manifest.config["negatives"]["fluency_from"] == read_manifest(build_folder).fingerprint


def test_a_build_without_a_model_is_none_to_take_one_from(tmp_path: Path) -> None:
    config = build_config(
        {
            "data": {"source": {"name": "scenes"}, "limit": 5},
            "negatives": {"choice": {"scorers": []}},
        }
    )
    assert build(config, out=tmp_path / "plain").fluency == ()
    with pytest.raises(UsageError, match=r"expected the corpus model .*--preset natural"):
        build(config_of(fluency_from=tmp_path / "plain"), out=tmp_path / "out")
    with pytest.raises(UsageError, match="not a finished build"):
        build(config_of(fluency_from=tmp_path), out=tmp_path / "out")


def test_captions_in_memory_are_weighed_where_there_is_a_model(build_folder: Path) -> None:
    (_, weighed), *_ = generate([TEXT], fluency_from=build_folder)
    with pytest.warns(UserWarning, match="without a corpus model"):
        (_, plain), *_ = generate([TEXT] * 20)
    assert weighed
    assert None not in {negative.score for negative in weighed}
    assert {negative.score for negative in plain} <= {None}
    arguments = ["preview", TEXT, "--fluency-from", str(build_folder)]
    output = CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout
    assert all(negative.text in output for negative in weighed)
    assert "without a corpus model" not in output


def test_kinds_are_thinned_where_a_greatest_share_is_asked_for(
    build_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(build_folder / FLUENCY, tmp_path / FLUENCY))
    path = folder / "model.json"
    yields = {"replace/att": 8.0, "replace/obj": 2.0, "count/num": 2.0, "swap/obj": 2.0}
    content = {**json.loads(path.read_text()), "yields": yields}
    path.unlink()  # the copy may share its bytes
    path.write_text(json.dumps(content))
    plain = PairPolicy(scorers=(CorpusScoring(),))
    assert with_thinning(plain, folder) == plain
    found = with_thinning(replace(plain, max_share=0.38, keep={"count/num": 0.5}), folder)
    assert isinstance(found, PairPolicy)
    assert found.keep == {**dict.fromkeys(yields, 1.0), "replace/att": 0.4597, "count/num": 0.5}


def test_a_seed_is_an_option_too(build_folder: Path) -> None:
    (_, found), *_ = generate([TEXT], fluency_from=build_folder, options={"seed": 5})
    assert found == next(generate([TEXT], fluency_from=build_folder, seed=5))[1]


@pytest.mark.slow
def test_two_workers_make_the_same_bytes(build_folder: Path, tmp_path: Path) -> None:
    build(config_of(), out=tmp_path / "out", workers=2)
    assert content_of(tmp_path / "out") == content_of(build_folder)


LEARNING = ("count", "merge", "fit")


def killer(stage: str, after: int) -> Callable[[str, int], None]:
    left = iter(range(after))

    def report(now: str, _num_captions: int) -> None:
        if now == stage and next(left, None) is None:
            raise Killed

    return report


def test_a_build_killed_while_it_learns_goes_on_to_the_same_bytes(
    build_folder: Path, stages: list[str], tmp_path: Path
) -> None:
    """Killed after every step of learning, and once the model is there."""
    steps = [(stage, step) for stage in LEARNING for step in range(stages.count(stage))]
    assert len(steps) == 7  # three blocks to count anew and three to lay out, and a merge
    for stage, after in (*steps, ("choose", 0)):
        finished = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.done")}
        with pytest.raises(Killed):
            build(config_of(), out=tmp_path, report=killer(stage, after))
        assert (
            finished.items()
            <= {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.done")}.items()
        )
    (tmp_path / "work" / FLUENCY / "keys.half-written").touch()
    manifest: Manifest = build(config_of(), out=tmp_path)
    assert manifest == read_manifest(build_folder)
    assert content_of(tmp_path) == content_of(build_folder)


@pytest.mark.parametrize(
    ("yields", "kept"),
    [
        ([], []),
        ([5.0], [1.0]),
        ([5.0, 1.0], [0.2, 1.0]),  # two kinds cannot have less than a half each
        ([0.0, 5.0, 1.0], [1.0, 0.2, 1.0]),
        ([5.0, 5.0, 5.0], [1.0, 1.0, 1.0]),
        ([5.0, 5.0, 1.0], [0.3167, 0.3167, 1.0]),
        ([8.0, 2.0, 2.0, 2.0], [0.4597, 1.0, 1.0, 1.0]),  # .38 x 9.68 = 3.68
    ],
)
def test_no_kind_outweighs_the_rest(yields: list[float], kept: list[float]) -> None:
    kinds = {f"replace/{number}": each for number, each in enumerate(yields)}
    found = list(keep_probabilities(kinds, max_share=0.38).values())
    assert found == pytest.approx(kept, abs=1e-3)
    left = np.array(found) * yields
    most = max(0.38, 1 / max(1, np.count_nonzero(yields)))
    assert left.max(initial=0.0) <= most * left.sum() + 1e-2
