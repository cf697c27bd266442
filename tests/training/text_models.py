"""Tiny text models of transformers with random weights, one with an encoder and a causal one."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from training.batches.tokenizer import Tokenizer as OurTokenizer
from training.model.decoder import Decoder

VOCABULARY, WIDTH = 12, 8
_T5 = {
    "vocab_size": VOCABULARY, "d_model": WIDTH, "d_kv": 4, "d_ff": 8, "num_layers": 1,
    "num_heads": 2, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0,
}  # fmt: skip
_LLAMA = {
    "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": 8,
    "num_hidden_layers": 1, "num_attention_heads": 2, "eos_token_id": 1,
}  # fmt: skip


def network(kind: str) -> Any:  # noqa: ANN401 - transformers is untyped
    """Return a network: t5 or llama."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made: Any = (
            T5ForConditionalGeneration(T5Config(**_T5))
            if kind == "t5"
            else LlamaForCausalLM(LlamaConfig(**_LLAMA))
        )
    return made.eval().requires_grad_(requires_grad=False)


def decoder(kind: str = "t5") -> Decoder:
    """Return a decoder in float64, whose tokenizer is not asked."""
    nothing = OurTokenizer(encode=lambda _texts: [[1]], name="none")
    return Decoder(kind, nothing, network(kind).double(), WIDTH)


def text_model_folder(folder: Path, kind: str, words: list[str]) -> Path:
    """Write a text model as transformers keeps one; other words are one unknown."""
    names = ["<pad>", "</s>", "<unk>", *words]
    assert len(names) <= VOCABULARY
    vocabulary = {name: number for number, name in enumerate(names)}
    made = Tokenizer(models.WordLevel(vocabulary, names[2]))
    made.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]  # as documented
    marks = dict(zip(("pad_token", "eos_token", "unk_token"), names, strict=False))
    PreTrainedTokenizerFast(tokenizer_object=made, **marks).save_pretrained(folder)
    network(kind).save_pretrained(folder)
    return folder
