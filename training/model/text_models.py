"""Text models of transformers with their tokenizers: causal ones, and those with an encoder."""

import contextlib
import io
import logging
from typing import Any, Literal

import torch
import transformers

from data.errors import UsageError
from data.texts import one_line

Kind = Literal["causal", "any"]


def open_text_model(
    place: str, *, option: str, kind: Kind = "causal", file: str | None = None
) -> tuple[Any, Any]:
    """Return the tokenizer and model in a folder or of a name on the hub, in float32.

    Args:
        place: the folder or the name.
        option: the option that names it, for messages.
        kind: "causal", or "any" to accept a model with an encoder as well.
        file: a GGUF file in the folder.

    Raises:
        UsageError: it cannot be opened, or weights are missing.
    """
    logging.getLogger("transformers").setLevel(logging.ERROR)
    options: dict[str, Any] = {"gguf_file": file} if file else {}
    weights: dict[str, Any] = {"dtype": torch.float32}
    if file and hasattr(transformers, "GgufConfig"):  # otherwise packed weights stay packed
        weights["quantization_config"] = transformers.GgufConfig(dequantize=True)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # transformers' own progress bar for GGUF
            tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
            made = _class_for(place, kind)
            loaded: Any = made.from_pretrained(
                place, output_loading_info=True, **weights, **options
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise UsageError(f"{option} {place}: cannot be opened: {one_line(error)}") from error
    network, report = loaded
    if report["missing_keys"]:
        what = "a causal model" if kind == "causal" else "a text model"
        raise UsageError(f"{option} {place}: expected all weights of {what}")
    return tokenizer, network.eval()


def _class_for(place: str, kind: Kind) -> Any:  # noqa: ANN401 - transformers is untyped
    if kind == "any" and transformers.AutoConfig.from_pretrained(place).is_encoder_decoder:
        return transformers.AutoModelForSeq2SeqLM
    return transformers.AutoModelForCausalLM
