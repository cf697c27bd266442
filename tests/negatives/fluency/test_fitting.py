"""What is fitted to slots: biases outside of each fold, flows in balance."""

import numpy as np
from numpy.typing import NDArray

from data.streams import Stream
from negatives.exclusion.model import NOTHING_EXCLUDED
from negatives.exclusion.rivals import NO_RIVALS
from negatives.fluency.corpus import POOLED, CorpusModel, Sample
from negatives.fluency.counts import NUM_FOLDS, Table
from negatives.fluency.features import FEATURES
from negatives.fluency.fitting import Parameters, _biases_outside, _Drawable, fit_parameters
from negatives.fluency.folds import Folds
from negatives.sampling import Acceptance

MAX_LOG_RATIO = 3.0
NUM_WORDS = 4
FOLD = 2

# --- biases do not see their own fold ---


def drawable(seed: str, *, num: int = 600) -> _Drawable:
    """Return alternatives of words 0 to 3; few replace 0 by 1."""
    stream = Stream("drawable", seed)
    rows = []
    for _ in range(num):
        own = stream.below(NUM_WORDS)
        other = (own + 1 + stream.below(NUM_WORDS - 1)) % NUM_WORDS
        if own or other != 1 or stream.chance(0.2):  # one-sided, so that there is what to balance
            gain = 2 * stream.unit() - 1
            rows.append((gain, own, other, stream.below(NUM_FOLDS)))
    gains, own, other, fold = (np.array(column) for column in zip(*rows, strict=True))
    return _Drawable(gains, np.stack([own, other]), fold, np.zeros(len(gains), np.int64))


def with_fold_of(drawn: _Drawable, another: _Drawable, fold: int) -> _Drawable:
    """Return `drawn` with the captions of one fold from another."""
    left, taken = drawn.fold != fold, another.fold == fold
    return _Drawable(
        *(
            np.concatenate([one[..., left], two[..., taken]], axis=-1)
            for one, two in zip(drawn, another, strict=True)
        )
    )


def test_biases_of_a_fold_do_not_change_with_its_captions() -> None:
    drawn = drawable("one")
    changed = with_fold_of(drawn, drawable("two", num=900), FOLD)
    assert len(changed.gains) != len(drawn.gains)
    before, after = (
        _biases_outside(each, NUM_WORDS, max_log_ratio=MAX_LOG_RATIO) for each in (drawn, changed)
    )
    assert np.array_equal(before[:, FOLD], after[:, FOLD])
    assert np.abs(before[:, FOLD]).max() > 0.01
    for fold in set(range(NUM_FOLDS)) - {FOLD}:
        assert not np.array_equal(before[:, fold], after[:, fold])


# --- flows in balance ---


def one_sided_sample() -> Sample:
    """Return slots of four words; where word 0 is the caption's, most with word 1 are refused."""
    stream = Stream("one-sided")
    names, features, refused, folds = [], [], [], []
    num_slots = 1500
    for _ in range(num_slots):
        own = stream.below(NUM_WORDS)
        for word in (own, *(word for word in range(NUM_WORDS) if word != own)):
            names.append(word)
            features.append([stream.unit() for _ in FEATURES])
            refused.append(own == 0 and word == 1 and stream.chance(0.8))
        folds.append(stream.below(NUM_FOLDS))
    return Sample(
        is_laid_out=np.ones(num_slots, bool),
        kinds=np.full(num_slots, "replace/obj"),
        sizes=np.full(num_slots, NUM_WORDS),
        folds=np.array(folds, np.uint8),
        supported=np.ones(len(names), bool),
        names=np.array(names, np.uint64),
        features=np.array(features, np.float32),
        refused=np.array(refused),
    )


def net_flow(sample: Sample, found: Parameters) -> NDArray[np.float64]:
    """Return how often each word comes in less how often it goes out, as the draws have it."""
    nothing, none = np.zeros(0, np.uint64), np.zeros(0, np.uint8)
    model = CorpusModel(
        table=Table(nothing, np.zeros((0, NUM_FOLDS), np.uint32)),
        exclusion=NOTHING_EXCLUDED,
        rivals=NO_RIVALS,
        folds=Folds(nothing, none, nothing, none),
        num_captions=0,
        **found._asdict(),
    )
    net = np.zeros(NUM_WORDS)
    names = sample.names.astype(int).reshape(-1, NUM_WORDS)
    refused = sample.refused.reshape(-1, NUM_WORDS)
    for ratios, words, refuses in zip(model.log_ratios(sample), names, refused, strict=True):
        for index, ratio in enumerate(ratios, start=1):
            if not refuses[index]:
                chance = Acceptance(1.0, MAX_LOG_RATIO).chance(ratio)
                net[words[index]] += chance
                net[words[0]] -= chance
    return net


def test_what_is_refused_on_one_side_is_made_up_for() -> None:
    sample = one_sided_sample()
    found = fit_parameters([sample], max_log_ratio=MAX_LOG_RATIO)
    unaware = fit_parameters(
        [sample._replace(refused=np.zeros_like(sample.refused))], max_log_ratio=MAX_LOG_RATIO
    )
    assert set(found.weights) == {POOLED, "replace/obj"}
    assert set(found.yields) == {"replace/obj"}
    assert found.yields["replace/obj"] > 100
    assert np.abs(net_flow(sample, unaware)).max() > 100
    assert np.abs(net_flow(sample, found)).max() < 5


def test_samples_of_several_blocks_are_one() -> None:
    """Unsupported slots between two halves change neither weights nor biases."""
    whole = one_sided_sample()
    cut = 700
    rows = cut * NUM_WORDS
    by_slot = ("is_laid_out", "kinds", "sizes", "folds")
    by_row = ("supported", "names", "features", "refused")
    parts = [
        whole._replace(
            **{field: getattr(whole, field)[slots] for field in by_slot},
            **{field: getattr(whole, field)[candidates] for field in by_row},
        )
        for slots, candidates in (
            (slice(cut), slice(rows)),
            (slice(cut, None), slice(rows, None)),
        )
    ]
    dead = parts[0]._replace(
        **{field: getattr(parts[0], field)[:1] for field in by_slot},
        supported=np.zeros(NUM_WORDS, bool),
        **{field: getattr(parts[0], field)[:0] for field in by_row[1:]},
    )
    one, several = (
        fit_parameters([whole], max_log_ratio=MAX_LOG_RATIO),
        fit_parameters([parts[0], dead, parts[1]], max_log_ratio=MAX_LOG_RATIO),
    )
    assert np.array_equal(one.biases, several.biases)
    assert np.array_equal(one.weights[POOLED], several.weights[POOLED])
    assert fit_parameters([dead], max_log_ratio=MAX_LOG_RATIO).names.shape == (0,)
