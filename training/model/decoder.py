"""A frozen text model that has to write one caption from the text tower's state of another.

READ-CLIP (arXiv 2510.16540): one state of the text tower, projected to the model's width, is the
model's only input. A model with an encoder (T5) attends to it instead of the encoder's states; a
causal one gets it before the first token. The model is not trained: its weights are in no
checkpoint and in no optimizer.

Shape suffixes: N texts to write, L tokens, W width of the model, V its vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from data.config import base_name
from data.errors import UsageError
from training.batches.tokenizer import Tokenizer

_LONGEST: Final = 77
_OPTION: Final = "training.decoder"


@dataclass(frozen=True, slots=True)
class Decoder:
    """A frozen text model.

    Attributes:
        name: its name in a run's record.
        tokenizer: text -> ids, including the end of the text.
        network: a model of transformers.
        width: of its input.
    """

    name: str
    tokenizer: Tokenizer
    network: Any
    width: int

    def __call__(self, prompt_NW: Tensor, token_NL: Tensor, /) -> Tensor:
        """Return logits_NLV of each token, given the preceding ones.

        `token_NL`: NO_TOKEN after the end of a text.
        """
        id_NL = token_NL.clamp_min(0)
        prompt_N1W = prompt_NW[:, None]
        if self.network.config.is_encoder_decoder:
            start = self.network.config.decoder_start_token_id
            given_NL = torch.cat([torch.full_like(id_NL[:, :1], start), id_NL[:, :-1]], dim=1)
            out = self.network(
                encoder_outputs=(prompt_N1W,), decoder_input_ids=given_NL, use_cache=False
            )
        else:
            given_NLW = self.network.get_input_embeddings()(id_NL[:, :-1])
            seen_NLW = torch.cat([prompt_N1W.to(given_NLW.dtype), given_NLW], dim=1)
            out = self.network(inputs_embeds=seen_NLW, use_cache=False)
        logits_NLV: Tensor = out.logits
        return logits_NLV

    def state(self) -> dict[str, Tensor]:
        """Return its weights."""
        state: dict[str, Tensor] = self.network.state_dict()
        return state

    def to(self, device: torch.device) -> "Decoder":
        """Return the decoder with its network on a device."""
        return Decoder(self.name, self.tokenizer, self.network.to(device), self.width)


def open_decoder(place: str) -> Decoder:
    """Return the text model in a folder or of a name on the hub.

    Raises:
        UsageError: it cannot be opened, or has no end-of-text token; transformers is missing.
    """
    try:
        from training.model.text_models import open_text_model  # noqa: PLC0415  (transformers' door)
    except ImportError as error:
        raise UsageError(
            f"{_OPTION}: expected the library transformers, found none: "
            "pip install 'caption-negatives[llm]'"
        ) from error
    tokenizer, network = open_text_model(place, option=_OPTION, kind="any")
    network.requires_grad_(requires_grad=False)
    end = tokenizer.eos_token_id
    if end is None:
        raise UsageError(f"{_OPTION} {place}: expected a tokenizer with a token that ends a text")
    if network.config.is_encoder_decoder and network.config.decoder_start_token_id is None:
        raise UsageError(f"{_OPTION} {place}: expected a config with decoder_start_token_id")
    encode = _encoder(tokenizer, end)
    is_seq2seq = network.config.is_encoder_decoder
    embedded = network.get_input_embeddings().embedding_dim
    name = base_name(place)
    return Decoder(
        name=name,
        tokenizer=Tokenizer(encode=encode, name=f"{name} as a decoder's"),
        network=network,
        width=network.config.hidden_size if is_seq2seq else embedded,
    )


def _encoder(tokenizer: Any, end: int) -> Callable[[list[str]], list[list[int]]]:  # noqa: ANN401
    def encode(texts: list[str]) -> list[list[int]]:
        rows = tokenizer(texts, add_special_tokens=False).input_ids
        return [[*row[: _LONGEST - 1], end] for row in rows]

    return encode
