"""The tokenizer of a folder of transformers; CLIP's own if the vocabulary is the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from torch import Tensor

from data.errors import UsageError
from training.model.foreign.configs import OPEN_CLIP, Described, read_json

VOCABULARY: Final = "vocab.json"
_WHOLE: Final = "tokenizer.json"
_FILES: Final = (_WHOLE, VOCABULARY, "spiece.model", "tokenizer.model")
_OPTIONS: Final = ("clean", "language", "strip_sep_token", "tokenizer_mode")

MARKS: Final = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
"""The two marks, with open_clip's and transformers' names."""


def vocabulary_of(simple: SimpleTokenizer) -> dict[str, int]:
    """Return CLIP's vocabulary in transformers' format."""
    return {MARKS.get(token, token): number for token, number in simple.encoder.items()}


class UpToEnd:
    """Texts for CLIP with a custom vocabulary, padded with 0 after the end mark.

    transformers pads with the end mark itself, which would hide the end of a text.
    """

    def __init__(self, folder: Path, *, context_length: int) -> None:
        self.inner = HFTokenizer(
            str(folder), context_length=context_length, trust_remote_code=False
        )

    def __call__(self, texts: str | Sequence[str]) -> Tensor:
        """Return ids as T x context_length; the end mark is the largest id."""
        ids_TL: Tensor = self.inner([texts] if isinstance(texts, str) else list(texts))
        end_T1 = ids_TL.argmax(-1, keepdim=True)
        return torch.where(torch.arange(ids_TL.shape[1]) > end_T1, 0, ids_TL)

    def save_pretrained(self, folder: Path) -> None:
        """Write the tokenizer's files in transformers' format."""
        self.inner.save_pretrained(folder)


def folder_tokenizer(folder: Path, described: Described) -> Any:  # noqa: ANN401 - of open_clip
    """Return the tokenizer of a folder's model.

    Raises:
        UsageError: the folder has none, and its vocabulary is not CLIP's.
        ImportError: it needs the library transformers.
    """
    length = described.text["max_position_embeddings"]
    has_files = any((folder / name).is_file() for name in _FILES)
    simple = SimpleTokenizer(context_length=length)
    size = described.text["vocab_size"]
    if described.family == "clip" and size == simple.vocab_size:
        theirs = _vocabulary(folder)
        if theirs is None or theirs == vocabulary_of(simple):
            return simple
    if not has_files:
        raise UsageError(
            f"{folder}: expected a tokenizer ({', '.join(_FILES)}) for its {size:,} ids, found "
            "none; add its files"
        )
    if described.family == "clip":
        return UpToEnd(folder, context_length=length)
    return HFTokenizer(
        str(folder), context_length=length, clean="canonicalize", trust_remote_code=False
    )


def safe_options(folder: Path) -> dict[str, bool]:
    """Return open_clip's options for the tokenizer of one of its own folders.

    open_clip passes tokenizer_kwargs to transformers, where some options run code.

    Raises:
        UsageError: the folder's tokenizer_kwargs have other than open_clip's own options.
    """
    path = folder / OPEN_CLIP
    model = read_json(path).get("model_cfg")
    text = model.get("text_cfg") if isinstance(model, dict) else None
    if not isinstance(text, dict):
        raise UsageError(f"{path}: expected model_cfg with text_cfg, found none")
    given = text.get("tokenizer_kwargs", {})
    if not isinstance(given, dict):
        raise UsageError(f"{path}: tokenizer_kwargs: expected a mapping, found {given!r}")
    for name, value in given.items():
        if name not in _OPTIONS or not isinstance(value, str | bool | None):
            raise UsageError(
                f"{path}: tokenizer_kwargs: expected only the options {', '.join(_OPTIONS)}, found "
                f"{name!r}: {value!r}, which could run the folder's code; remove it"
            )
    return {"trust_remote_code": False} if text.get("hf_tokenizer_name") else {}


def has_clips_vocabulary(tokenize: object) -> bool:
    """Tell whether open_clip has the tokenizer built in."""
    return isinstance(tokenize, SimpleTokenizer)


def _vocabulary(folder: Path) -> dict[str, int] | None:
    """Return the vocabulary of a folder's tokenizer; None if it has no files."""
    if (folder / VOCABULARY).is_file():
        return read_json(folder / VOCABULARY)
    if (folder / _WHOLE).is_file():
        found = read_json(folder / _WHOLE).get("model", {}).get("vocab")
        return found if isinstance(found, dict) else {}
    return None
