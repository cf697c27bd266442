"""Causal language models, loaded and run: the only import of torch and transformers for scoring.

Shapes: R rows of a pack, V entries of the vocabulary.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors import SafetensorError

from data.errors import UsageError
from data.texts import one_line
from negatives.fluency.neural_packs import Pack, packs_of

Precision = Literal["float32", "bfloat16"]

DOCUMENT_END: Final = "<|endoftext|>"
MAX_TOKENS: Final = 2048  # logits of this many fit into memory, and captions are shorter
_DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_TOLERANCES: Final = {"float32": 0.01, "bfloat16": 1.0}  # nats per token
_PROBES: Final = ("A dog runs on the grass.", "A dog sleeps beside a red ball.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A causal language model in memory with its tokenizer.

    `start` precedes every text, each of `ends` ends a turn, `num_tokens` is the longest text that
    it reads.
    """

    model: Any
    tokenizer: Any
    start: int
    ends: frozenset[int]
    num_tokens: int
    device: torch.device
    precision: Precision

    @property
    def revision(self) -> str | None:
        """Return the commit of the hub's repository, None for a local folder."""
        return getattr(self.model.config, "_commit_hash", None)

    def tokens_of(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's tokens, without the start.

        Names of special tokens in a text are read as plain text, half a surrogate pair as "?".
        """
        if not texts:
            return []
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encoded = self.tokenizer(clean, add_special_tokens=False, split_special_tokens=True)
        return [list(tokens) for tokens in encoded["input_ids"]]

    def step_log_probabilities(self, pack: Pack) -> NDArray[np.float64]:
        """Return log p of each step of a pack, in nats."""
        with torch.inference_mode():
            return self._steps(self._logits(pack), pack)

    def next_log_probabilities(self, pack: Pack, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return log p of every token of the vocabulary after some rows of a pack, rows x V."""
        with torch.inference_mode():
            logits_RV = self._logits(pack)[list(rows)].float()  # noqa: N806
            return logits_RV.log_softmax(-1).cpu().numpy()

    def _logits(self, pack: Pack) -> torch.Tensor:
        """Return the model's logits after each row of a pack, R x V."""
        where = self.device
        hidden_RR = torch.from_numpy(~pack.visible()).to(where)  # noqa: N806
        bias_RR = torch.zeros(hidden_RR.shape, dtype=_DTYPES[self.precision], device=where)  # noqa: N806
        bias_RR.masked_fill_(hidden_RR, -torch.inf)
        found: torch.Tensor = self.model(
            input_ids=torch.tensor([pack.tokens], device=where),
            position_ids=torch.tensor([pack.depths], device=where),
            attention_mask=bias_RR[None, None],
            use_cache=False,
        ).logits[0]
        return found

    def plain_log_probabilities(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """Return log p of each token of one text, read alone with the model's own mask."""
        pack = Pack([], [], [], list(range(len(tokens))), list(tokens), [len(tokens)])
        ids = torch.tensor([[self.start, *tokens[:-1]]], device=self.device)
        with torch.inference_mode():
            return self._steps(self.model(input_ids=ids, use_cache=False).logits[0], pack)

    def _steps(self, logits_RV: torch.Tensor, pack: Pack) -> NDArray[np.float64]:  # noqa: N803
        logits_RV = logits_RV.float()  # noqa: N806
        rows = torch.tensor(pack.rows, dtype=torch.long, device=self.device)
        targets = torch.tensor(pack.targets, dtype=torch.long, device=self.device)
        steps = logits_RV[rows, targets] - logits_RV.logsumexp(-1)[rows]
        return steps.double().cpu().numpy()


def load_network(
    source: str, *, gguf_file: str | None, device: str, precision: Precision, label: str
) -> Network:
    """Return the model of a folder (or one GGUF file in it) or of the hub; `label` is for messages.

    Raises:
        UsageError: there is no such device or model, it has no start token, or it cannot read texts
            as a tree.
    """
    where = _device(device)
    try:
        model, tokenizer, missing = _load(source, gguf_file, _DTYPES[precision])
        model = model.eval().to(where, _DTYPES[precision])
    except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
        raise UsageError(
            f"{label}: expected a causal language model, a folder or a name on the hub, found: "
            f"{one_line(error)}"
        ) from error
    if missing:
        names = ", ".join(missing[:3])
        raise UsageError(f"{label}: expected all weights of a causal model, missing are {names}")
    start = _start(tokenizer, label)
    ends = _ends(model, tokenizer, start)
    # Ignore the authors' generation defaults: no penalty, sampling or length.
    settings: Any = transformers.GenerationConfig
    model.generation_config = settings()
    network = Network(
        model=model,
        tokenizer=tokenizer,
        start=start,
        ends=ends,
        num_tokens=_num_tokens(model, tokenizer),
        device=where,
        precision=precision,
    )
    _check(network, label)
    return network


def _load(source: str, gguf_file: str | None, dtype: torch.dtype) -> tuple[Any, Any, list[str]]:
    """Return model, tokenizer and the names of missing weights."""
    options: dict[str, Any] = {
        "trust_remote_code": False,
        "local_files_only": Path(source).exists(),
    }
    weights: dict[str, Any] = {"dtype": dtype}
    if gguf_file is not None:
        options["gguf_file"] = gguf_file
        # Unpacked to plain weights: packed ones are slower, and newer versions download kernels.
        weights["dtype"] = torch.float32
        if hasattr(transformers, "GgufConfig"):
            weights["quantization_config"] = transformers.GgufConfig(dequantize=True)
    with contextlib.redirect_stderr(io.StringIO()):  # progress bars, one after another
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
            source, output_loading_info=True, **weights, **options
        )
    model, report = loaded
    return model, tokenizer, sorted(report["missing_keys"])


def default_device() -> str:
    """Return the device that "auto" means here."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device(default_device())
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch raises it if built without CUDA
        reason = one_line(error)
        raise UsageError(f"device {name!r}: not available on this machine: {reason}") from error
    return device


def _start(tokenizer: Any, label: str) -> int:  # noqa: ANN401 - transformers builds these classes
    """Return the document separator of the training, which comes before a chat's own tokens."""
    vocabulary = tokenizer.get_vocab()
    for token in (DOCUMENT_END, tokenizer.bos_token, tokenizer.eos_token):
        if token in vocabulary:
            return int(vocabulary[token])
    raise UsageError(f"{label}: expected a tokenizer with a token for the start or end, found none")


def _ends(model: Any, tokenizer: Any, start: int) -> frozenset[int]:  # noqa: ANN401 - as _start
    """Return the tokens that end a turn."""
    named = model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    return frozenset({*listed, tokenizer.eos_token_id, start} - {None})


def _num_tokens(model: Any, tokenizer: Any) -> int:  # noqa: ANN401 - as _start
    config = model.config.get_text_config()
    context = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    return int(min(context, MAX_TOKENS))


def _check(network: Network, label: str) -> None:
    """Check that a tree gives the same values as single texts; some models ignore masks.

    Raises:
        UsageError: it does not.
    """
    texts = [tokens[: network.num_tokens] for tokens in network.tokens_of(_PROBES)]
    packs = packs_of(texts, start=network.start, num_rows=MAX_TOKENS)
    found = np.concatenate([network.step_log_probabilities(pack) for _, pack in packs])
    alone = np.concatenate([network.plain_log_probabilities(tokens) for tokens in texts])
    if not np.isfinite(alone).all():
        raise UsageError(
            f"{label}: some log probabilities are not numbers; its weights are "
            f"damaged or too large for {network.precision}; choose another model or dtype"
        )
    if not np.abs(found - alone).max() <= _TOLERANCES[network.precision]:
        raise UsageError(
            f"{label}: expected a causal model that takes attention masks (such as Llama, "
            f"Qwen, GPT-2), found {type(network.model).__name__}; choose another"
        )
