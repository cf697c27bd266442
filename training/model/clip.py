"""open_clip's models with patch and token features.

Nothing of open_clip is forked: weights, configurations and modules are its own.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final, Self

import open_clip
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.transformer import QuickGELU, TextTransformer, VisionTransformer
from torch import Tensor, nn

from data.errors import UsageError
from training.batches.batch import Batch, laid_out
from training.batches.images import normalized
from training.batches.layout import Layout, TextForm, lay_out
from training.model.memory import recomputing
from training.model.towers import (
    TextKind,
    encode_images,
    encode_patches,
    encode_texts,
    is_resnet,
    pools_by_attention,
)
from training.objective.features import Features, by_place
from training.presets import Tower

Tokenize = Callable[[Sequence[str]], Tensor]  # texts -> int64 ids, T x context_length
MOST_LOGIT_SCALE: Final = math.log(100)
PROMPT: Final = "prompt"


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
        form: the form of its text tower, for loaders that lay out texts.
        has_patches: whether the image tower gives patches in the joint space.
        has_bias: whether it adds a bias to similarities, as SigLIP does; it is frozen until
            `train_bias`.
        note: a note to show the user once, or "".
        statistics_frozen: whether a ResNet's BatchNorm normalises by its stored statistics.
        found: a line for the user about its origin, or "".
        heads: projections that only training needs, by name; they are not exported.
        recomputes: whether cheap outputs are made again in the backward pass (memory.py), which a
            compiled model cannot.
    """

    def __init__(self, clip: nn.Module, tokenize: Tokenize) -> None:
        super().__init__()
        self.clip: Any = clip
        if is_resnet(self.clip.visual):
            self.clip.visual.to(memory_format=torch.channels_last)  # faster convolutions
        self.heads = nn.ModuleDict()
        self.recomputes = True
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
        self.statistics_frozen = False
        self.has_bias = getattr(clip, "logit_bias", None) is not None
        if self.has_bias:
            self.clip.logit_bias.requires_grad = False  # it cancels in a softmax

    def forward(self, batch: Batch, *, tokens: bool = False, patches: bool = False) -> Features:
        """Return the batch's features.

        Args:
            batch: on the model's device. uint8 images are normalised; floats are used as they are.
            tokens: also return patches and tokens, for losses that need them.
            patches: also return patches, without tokens.

        Raises:
            UsageError: patches are requested from an image tower without them.
        """
        if tokens or patches:
            self.require_patches()
        layout = laid_out(batch, self.form).layout
        assert layout is not None
        image_BCHW = batch.image_BCHW
        if image_BCHW.dtype == torch.uint8:
            wanted = self.preprocess
            image_BCHW = normalized(image_BCHW, mean=wanted.mean, std=wanted.std)
        with recomputing(self.clip) if self.recomputes else nullcontext():
            return self._encode(image_BCHW, layout, tokens=tokens, patches=patches or tokens)

    def _encode(
        self, image_BCHW: Tensor, layout: Layout, *, tokens: bool, patches: bool
    ) -> Features:
        image_BD, patch_BPD = (
            encode_patches(self.clip.visual, image_BCHW)
            if patches
            else (encode_images(self.clip.visual, image_BCHW), None)
        )
        text_TD, token_BMD, state_BW = encode_texts(
            self.clip, layout, kind=self.text_kind, tokens=tokens
        )
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
            prompt_BW=self.heads[PROMPT](state_BW) if PROMPT in self.heads else None,
        )

    def require_patches(self) -> None:
        """Raise UsageError if losses need patches and the image tower has none."""
        if not self.has_patches:
            raise UsageError(
                "losses over patches (local, attended_phrases) need an image tower with patch "
                "tokens in the joint space, this model's is "
                f"{type(self.clip.visual).__name__}: leave them out "
                "(training.losses)"
            )

    def add_prompt(self, width: int, *, generator: torch.Generator) -> None:
        """Add a head that projects a caption's state to a decoder's width.

        Raises:
            UsageError: the text tower is not causal, so its states differ.
        """
        tower: Any = getattr(self.clip, "text", self.clip)
        if self.text_kind != "causal":
            raise UsageError(
                "the loss reconstruction needs a text tower that reads causally up to EOT, this "
                f"model's is {type(tower).__name__}: leave that loss out (training.losses)"
            )
        made = prompt_for(tower.positional_embedding.shape[1], width, generator=generator)
        self.heads[PROMPT] = made.to(self.clip.logit_scale)

    def freeze(self, tower: Tower) -> None:
        """Freeze a tower, including its projection into the joint space."""
        visual = set(self.clip.visual.parameters())
        shared = {self.clip.logit_scale, getattr(self.clip, "logit_bias", None)}
        for parameter in self.clip.parameters():
            if parameter not in shared and (parameter in visual) == (tower == "image"):
                parameter.requires_grad = False
        if tower == "image":
            self.freeze_statistics()

    def freeze_statistics(self) -> None:
        """Normalise by BatchNorm's running statistics, also in training, and do not update them.

        Those of a pre-trained model are better than a batch's, and do not depend on its size.
        """
        self.statistics_frozen = True
        self.train(self.training)

    @property
    def sees_whole_batch(self) -> bool:
        """Whether in training an image's features depend on the others in its batch."""
        return not self.statistics_frozen and any(map(_is_batch_norm, self.modules()))

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - nn.Module's signature
        """Change to training or evaluation; frozen statistics stay as they are."""
        super().train(mode)
        if self.statistics_frozen:
            for module in filter(_is_batch_norm, self.modules()):
                module.eval()
        return self

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
        return encode_texts(self.clip, layout, kind=self.text_kind, tokens=False).text_TD

    def clamp_scale(self) -> None:
        """Clamp logit_scale to [0, ln 100], as after every step."""
        with torch.no_grad():
            self.clip.logit_scale.clamp_(0, MOST_LOGIT_SCALE)

    @property
    def quick_gelu(self) -> bool:
        """Whether the model uses QuickGELU; files store this beside the weights."""
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


def _is_batch_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._BatchNorm)  # noqa: SLF001 - of all dimensions


def prompt_for(state_width: int, width: int, *, generator: torch.Generator) -> nn.Linear:
    """Return a random projection from a text tower's states to a decoder's input."""
    prompt = nn.Linear(state_width, width, bias=False)
    bound = state_width**-0.5
    with torch.no_grad():
        prompt.weight.uniform_(-bound, bound, generator=generator)
    return prompt


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
    """Infer the pad id, and whether texts begin with a start mark, from the tokenizer's output."""
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
    is_plain = isinstance(visual, VisionTransformer) and visual.attn_pool is None
    return is_resnet(visual) or pools_by_attention(visual) or (is_plain and visual.proj is not None)
