"""open_clip's models with patch and token features.

Nothing of open_clip is forked: weights, configurations and modules are its own.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import open_clip
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.transformer import QuickGELU, TextTransformer, VisionTransformer
from torch import Tensor, nn

from data.errors import UsageError
from training.batches.batch import Batch, laid_out
from training.batches.images import normalized
from training.batches.layout import Layout, TextForm, lay_out
from training.model.memory import making_again
from training.model.towers import TextKind, encode_images, encode_patches, encode_texts
from training.objective.features import Features, by_place
from training.presets import Tower

Tokenize = Callable[[Sequence[str]], Tensor]  # texts -> int64 ids, T x context_length
MOST_LOGIT_SCALE: Final = math.log(100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocess:
    """The image tower's input: size in pixels, mean and standard deviation of RGB.

    `resize_mode`: shortest (then cropped) or squash, for evaluations.
    """

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str = "shortest"


class ClipModel(nn.Module):
    """An open_clip model that computes the features of a batch.

    Attributes:
        clip: open_clip's model; its state dict is what `open_clip.create_model` reads.
        form: how its text tower reads, for loaders that lay out texts.
        has_patches: whether the image tower gives patches in the joint space.
        has_bias: whether it adds a bias to similarities, as SigLIP does; it is frozen until
            `train_bias`.
        note: a note for the user, or "".
        found: what it was loaded from, in one line, or "".
        thrifty: whether cheap outputs are recomputed in the backward pass (memory.py), which
            compiled models do not support.
    """

    def __init__(self, clip: nn.Module, tokenize: Tokenize) -> None:
        super().__init__()
        self.clip: Any = clip
        self.thrifty = True
        self.found = ""
        self.text_kind = _text_kind(clip)
        self.form = _text_form(clip, self.text_kind, tokenize)
        self.has_patches = _gives_patches(clip)
        self.note = (
            ""
            if self.text_kind == "causal"
            else f"{type(getattr(clip, 'text', clip)).__name__} does not read causally up to EOT: "
            "its texts are padded, which costs time but does not change results"
        )
        self.has_bias = getattr(clip, "logit_bias", None) is not None
        if self.has_bias:
            self.clip.logit_bias.requires_grad = False  # it cancels in a softmax

    def forward(self, batch: Batch, *, tokens: bool = False) -> Features:
        """Return the batch's features.

        Args:
            batch: on the model's device. Images of uint8 are normalised for the model; floats are
                used unchanged.
            tokens: also return patches and tokens, for losses that need them.

        Raises:
            UsageError: patches are requested from an image tower without them.
        """
        if tokens:
            self.require_patches()
        layout = laid_out(batch, self.form).layout
        assert layout is not None
        image_BCHW = batch.image_BCHW
        if image_BCHW.dtype == torch.uint8:
            wanted = self.preprocess
            image_BCHW = normalized(image_BCHW, mean=wanted.mean, std=wanted.std)
        with making_again(self.clip) if self.thrifty else nullcontext():
            return self._encode(image_BCHW, layout, tokens=tokens)

    def _encode(self, image_BCHW: Tensor, layout: Layout, *, tokens: bool) -> Features:
        image_BD, patch_BPD = (
            encode_patches(self.clip.visual, image_BCHW)
            if tokens
            else (encode_images(self.clip.visual, image_BCHW), None)
        )
        text_TD, token_BMD = encode_texts(self.clip, layout, kind=self.text_kind, tokens=tokens)
        num_texts, positive_BQ = len(layout.place_T), layout.positive_BQ
        positive_BQD = (
            by_place(text_TD[num_texts:], layout.positive_N, shape=positive_BQ.shape)
            if positive_BQ is not None and layout.positive_N is not None
            else None
        )
        return Features(
            image_BD=image_BD,
            text_TD=text_TD[:num_texts],
            place_T=layout.place_T,
            valid_BC=layout.valid_BC,
            scale=self.clip.logit_scale.exp().squeeze(),
            bias=self.clip.logit_bias.squeeze() if self.has_bias else None,
            positive_BQD=positive_BQD,
            positive_BQ=positive_BQ,
            patch_BPD=patch_BPD,
            token_BMD=token_BMD,
            path_TL=layout.path_TL if tokens else None,
        )

    def require_patches(self) -> None:
        """Raise UsageError if the image tower has no patches for the local loss."""
        if not self.has_patches:
            raise UsageError(
                "the local loss needs an image tower with patch tokens in the joint space, but "
                f"this model has {type(self.clip.visual).__name__}: leave that loss out "
                "(training.losses)"
            )

    def freeze(self, tower: Tower) -> None:
        """Freeze a tower, including its projection into the joint space."""
        visual = set(self.clip.visual.parameters())
        shared = {self.clip.logit_scale, getattr(self.clip, "logit_bias", None)}
        for parameter in self.clip.parameters():
            if parameter not in shared and (parameter in visual) == (tower == "image"):
                parameter.requires_grad = False

    def train_bias(self) -> None:
        """Make the bias trainable, for losses that use it.

        Raises:
            UsageError: the model has no bias.
        """
        if not self.has_bias:
            raise UsageError(
                "the sigmoid losses need a model with a bias, such as SigLIP, but "
                "this one has none: choose another model, or other losses (training.losses)"
            )
        self.clip.logit_bias.requires_grad = True

    def encode_images(self, image_BCHW: Tensor) -> Tensor:
        """Return normalised image features as BD."""
        return encode_images(self.clip.visual, image_BCHW)

    def encode_texts(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return normalised features as TD of token ids up to and including EOT."""
        layout = lay_out(texts, [], [], num_negatives=0, form=self.form)
        layout = layout.to(self.clip.logit_scale.device)
        return encode_texts(self.clip, layout, kind=self.text_kind, tokens=False)[0]

    def clamp_scale(self) -> None:
        """Clamp logit_scale to [0, ln 100], as after every step."""
        with torch.no_grad():
            self.clip.logit_scale.clamp_(0, MOST_LOGIT_SCALE)

    @property
    def quick_gelu(self) -> bool:
        """Whether the model runs with QuickGELU; written beside weights in a file."""
        return any(isinstance(module, QuickGELU) for module in self.clip.modules())

    @property
    def preprocess(self) -> Preprocess:
        """The form of images in a batch."""
        config = open_clip.get_model_preprocess_cfg(self.clip)
        size = config["size"]
        height, width = (size, size) if isinstance(size, int) else size
        return Preprocess(
            height=height,
            width=width,
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            interpolation=config["interpolation"],
            resize_mode=config["resize_mode"],
        )


def _text_kind(clip: nn.Module) -> TextKind:
    tower: Any = getattr(clip, "text", clip)
    if isinstance(tower, HFTextEncoder):
        return "huggingface"
    if not isinstance(tower, open_clip.CLIP | TextTransformer):
        raise UsageError(
            f"expected a text tower of CLIP, SigLIP or transformers, found {type(tower).__name__}: "
            "choose another model"
        )
    pool = tower.text_pool_type if isinstance(tower, open_clip.CLIP) else tower.pool_type
    plain = tower.attn_mask is not None and getattr(tower, "cls_emb", None) is None
    return "causal" if plain and pool in {"argmax", "eos"} else "padded"


def _text_form(clip: nn.Module, kind: TextKind, tokenize: Tokenize) -> TextForm:
    """Infer the pad id, and whether texts begin with a mark, from the tokenizer's output."""
    empty, word = tokenize([""])[0].tolist(), tokenize(["a"])[0].tolist()
    tower: Any = getattr(clip, "text", clip)
    huggingface = kind == "huggingface"
    return TextForm(
        causal=kind == "causal",
        context_length=None if huggingface else int(tower.context_length),
        pad_id=int(tower.config.pad_token_id) if huggingface else empty[-1],
        first=int(empty[0] == word[0]),
    )


def _gives_patches(clip: nn.Module) -> bool:
    visual: Any = clip.visual
    return (
        isinstance(visual, VisionTransformer)
        and visual.attn_pool is None
        and visual.proj is not None
    )
