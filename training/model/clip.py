"""open_clip's models with patch and token features. The only door to open_clip.

Nothing of open_clip is forked: weights, configurations and modules are its own.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict
from open_clip.transformer import QuickGELU, TextTransformer, VisionTransformer
from torch import Tensor, nn

from data.errors import UsageError
from data.texts import nearest
from training.batches.batch import Batch, laid_out
from training.batches.layout import Layout, TextForm, lay_out
from training.model.activation import trained_with_quick_gelu
from training.model.memory import making_again
from training.model.towers import Features, TextKind, encode_images, encode_patches, encode_texts
from training.model.weights import explaining, harmless, refuse_not_finite, refuse_program

Tokenize = Callable[[Sequence[str]], Tensor]  # texts -> int64 ids, T x context_length
MOST_LOGIT_SCALE = math.log(100)
_OWN = Path(__file__).parent / "configs"
OWN_MODELS = frozenset(path.name for path in _OWN.glob("*.json"))
"""Files of models so small that a laptop trains them: for demonstrations and studies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocess:
    """What a model's image tower was trained on: size in pixels, mean and deviation of RGB."""

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str


class ClipModel(nn.Module):
    """An open_clip model that gives the features of a batch.

    Attributes:
        clip: open_clip's model; its state dict is what `open_clip.create_model` reads.
        form: how its text tower reads, for loaders that lay texts out.
        has_patches: whether the image tower gives patches in the joint space.
        note: what a user should be told once, or "".
        thrifty: whether cheap outputs are made again in the backward pass (memory.py), which a
            compiled model cannot.
    """

    def __init__(self, clip: nn.Module, tokenize: Tokenize) -> None:
        super().__init__()
        self.clip: Any = clip
        self.thrifty = True
        self.text_kind = _text_kind(clip)
        self.form = _text_form(clip, self.text_kind, tokenize)
        self.has_patches = _gives_patches(clip)
        self.note = (
            ""
            if self.text_kind == "causal"
            else f"{type(getattr(clip, 'text', clip)).__name__} does not read causally up to EOT: "
            "its texts are padded, which costs time and changes nothing"
        )
        if getattr(clip, "logit_bias", None) is not None:
            self.clip.logit_bias.requires_grad = False  # a softmax does not see it

    def forward(self, batch: Batch, *, local: bool) -> Features:
        """Return the batch's features; patches and tokens only where `local` asks for them.

        Raises:
            UsageError: patches are asked of an image tower that has none.
        """
        if local:
            self.require_patches()
        layout = laid_out(batch, self.form).layout
        assert layout is not None
        with making_again(self.clip) if self.thrifty else nullcontext():
            return self._encode(batch.image_BCHW, layout, local=local)

    def _encode(self, image_BCHW: Tensor, layout: Layout, *, local: bool) -> Features:
        image_BD, patch_BPD = (
            encode_patches(self.clip.visual, image_BCHW)
            if local
            else (encode_images(self.clip.visual, image_BCHW), None)
        )
        text_TD, token_BMD = encode_texts(self.clip, layout, kind=self.text_kind, tokens=local)
        return Features(
            image_BD=image_BD,
            patch_BPD=patch_BPD,
            text_TD=text_TD,
            token_BMD=token_BMD,
            scale=self.clip.logit_scale.exp().squeeze(),
        )

    def require_patches(self) -> None:
        """Raise UsageError where the image tower has no patches for the local loss."""
        if not self.has_patches:
            raise UsageError(
                "the local loss needs an image tower with patch tokens in the joint space, this "
                f"model's is {type(self.clip.visual).__name__}: leave that loss out "
                "(--set training.loss.local_weight=0)"
            )

    def encode_images(self, image_BCHW: Tensor) -> Tensor:
        """Return normalised image features as BD."""
        return encode_images(self.clip.visual, image_BCHW)

    def encode_texts(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return normalised features as TD of token ids up to and including EOT."""
        layout = lay_out(texts, [], [], num_negatives=0, form=self.form)
        layout = layout.to(self.clip.logit_scale.device)
        return encode_texts(self.clip, layout, kind=self.text_kind, tokens=False)[0]

    def clamp_scale(self) -> None:
        """Bring logit_scale back into [0, ln 100], as after every step."""
        with torch.no_grad():
            self.clip.logit_scale.clamp_(0, MOST_LOGIT_SCALE)

    @property
    def quick_gelu(self) -> bool:
        """Whether the model runs with QuickGELU: to be written beside weights in a file."""
        return any(isinstance(module, QuickGELU) for module in self.clip.modules())

    @property
    def preprocess(self) -> Preprocess:
        """What images must be made into before they are a batch."""
        config = open_clip.get_model_preprocess_cfg(self.clip)
        size = config["size"]
        height, width = (size, size) if isinstance(size, int) else size
        return Preprocess(
            height=height,
            width=width,
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            interpolation=config["interpolation"],
        )


def load(name: str, *, pretrained: str | None = None, weights: bool = True) -> ClipModel:
    """Build an open_clip model in float32 on the CPU.

    Args:
        name: a name that open_clip lists, or `local-dir:FOLDER`, or `hf-hub:OWNER/NAME`.
        pretrained: one of open_clip's tags for `name`, or a file of weights; None: random weights
            from torch's generator, or those that come with a folder.
        weights: False leaves those of `pretrained` out; pictures are taken as it says all the same.

    Raises:
        UsageError: no such model, tag or file; a library that is missing; weights that do not fit,
            are no numbers, or are of another activation.
    """
    _know(name)
    in_place = name.startswith(("local-dir:", "hf-hub:"))
    if in_place and pretrained:
        raise UsageError(f"{name} brings its weights: leave --pretrained {pretrained} out")
    if not in_place and weights:
        check_weights(name, pretrained)
    chosen = pretrained if weights else None
    what = f"model {name}" if in_place else f"model {name}, weights {pretrained}"
    with explaining(what), harmless():
        clip = open_clip.create_model(name, pretrained=chosen, require_pretrained=in_place)
    if chosen or in_place:
        refuse_not_finite(clip.state_dict(), where=what)
    if pretrained and not weights:
        tag = open_clip.get_pretrained_cfg(name.replace("/", "-"), pretrained)
        seen = merge_preprocess_dict(open_clip.get_model_preprocess_cfg(clip), tag)
        open_clip.model.set_model_preprocess_cfg(clip, seen)
    return ClipModel(clip, tokenizer(name))


def tokenizer(name: str) -> Tokenize:
    """Return the tokenizer of a model that `load` would build by the same name."""
    _know(name)
    plain = name if name.startswith(("local-dir:", "hf-hub:")) else name.replace("/", "-")
    with explaining(f"tokenizer of {name}"):
        tokenize: Tokenize = open_clip.get_tokenizer(plain)
    return tokenize


def evaluation_transform(model: ClipModel) -> Callable[..., Tensor]:
    """Return open_clip's own transform for evaluation: a PIL image -> CHW, normalised."""
    config = open_clip.get_model_preprocess_cfg(model.clip)
    found: Callable[..., Tensor] = image_transform_v2(PreprocessCfg(**config), is_train=False)
    return found


def matched_name(name: str, pretrained: str | None) -> str:
    """Return the model that runs weights as they were trained: `name`, or its QuickGELU variant.

    OpenAI's weights, and some of open_clip's, were trained with QuickGELU; nobody types that.
    """
    variant = f"{name.replace('/', '-')}-quickgelu"
    if pretrained is None or variant not in open_clip.list_models():
        return name
    return variant if _was_quick(name.replace("/", "-"), pretrained) else name


def hub_config(model: ClipModel, name: str) -> dict[str, Any]:
    """Return what open_clip_config.json holds, so that open_clip opens a folder or a repository."""
    seen = dict(open_clip.get_model_preprocess_cfg(model.clip))
    return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": seen}


def _know(name: str) -> None:
    """Tell open_clip of a model of our own: `configs/NAME.json`."""
    path = _OWN / f"{name}.json"
    if path.name in OWN_MODELS and name not in open_clip.list_models():
        open_clip.add_model_config(path)


def imagenet_names() -> tuple[str, ...]:
    """Return what prompts call the classes of ImageNet, in the order of their ids."""
    return tuple(open_clip.IMAGENET_CLASSNAMES)


def imagenet_templates() -> tuple[str, ...]:
    """Return the 80 prompts for ImageNet, with `{}` where the name of a class goes."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)


def _was_quick(name: str, pretrained: str) -> bool | None:
    """Tell whether weights were trained with QuickGELU; None where nothing says so."""
    tag = open_clip.get_pretrained_cfg(name, pretrained)
    return bool(tag.get("quick_gelu")) if tag else trained_with_quick_gelu(Path(pretrained))


def check_weights(name: str, pretrained: str | None) -> None:
    """Refuse weights trained with QuickGELU in a model without, and the other way round.

    open_clip warns of such a pair and goes on; features are then wrong in every layer.

    Raises:
        UsageError: so it is, or there are no such weights.
    """
    name = name.replace("/", "-")
    config = open_clip.get_model_config(name)
    if config is None or pretrained is None:
        return
    if not open_clip.get_pretrained_cfg(name, pretrained) and not Path(pretrained).is_file():
        tags = open_clip.list_pretrained_tags_by_model(name)
        raise UsageError(
            f"weights {pretrained}: not a known tag of {name}, nor a file; "
            f"{nearest(pretrained, tags)}"
        )
    refuse_program(Path(pretrained))
    configured = bool(config.get("quick_gelu"))
    trained = _was_quick(name, pretrained)
    if trained is None or trained == configured:
        return
    other = f"{name}-quickgelu" if trained else name.removesuffix("-quickgelu")
    has_other = other != name and open_clip.get_model_config(other) is not None
    is_run = "with" if configured else "without"
    remedy = f"use --model {other}" if has_other else f"choose weights trained {is_run}"
    raise UsageError(
        f"weights {pretrained} were trained {'with' if trained else 'without'} QuickGELU, model "
        f"{name} runs {is_run}: {remedy}"
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
    """Read the pad id and whether texts open with a mark off the tokenizer's own answers."""
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
