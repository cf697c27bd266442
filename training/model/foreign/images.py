"""preprocessor_config.json of transformers -> open_clip's options for images."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from data.errors import UsageError
from training.model.foreign.configs import CONFIG, PROCESSORS, RESAMPLING, Described, read_json

_STEPS: Final = ("do_resize", "do_rescale", "do_normalize")


def preprocess_config(folder: Path, found: Described) -> dict[str, Any]:
    """Return open_clip's options for preprocessing images.

    Raises:
        UsageError: the preprocessing is not that of CLIP or SigLIP.
    """
    path = next((folder / name for name in PROCESSORS if (folder / name).is_file()), None)
    content = read_json(path) if path else {}
    content = content.get("image_processor", content)
    is_clip, side = found.family == "clip", found.image["image_size"]
    resize_mode = _resize_mode(content, side, is_clip=is_clip)
    if resize_mode is None:
        seen = ", ".join(
            f"{name} {content.get(name)}" for name in ("size", "do_center_crop", "crop_size")
        )
        raise UsageError(
            f"{path}: expected images of {side} x {side} pixels, as {CONFIG} has them, found "
            f"{seen}; use both files of one model"
        )
    for name in _STEPS:
        if content.get(name) is False:
            raise UsageError(f"{path}: {name}: expected true, found false; choose another model")
    factor = content.get("rescale_factor") or 1 / 255
    if not isinstance(factor, float) or not math.isclose(factor, 1 / 255, rel_tol=1e-3):
        raise UsageError(
            f"{path}: rescale_factor: expected 1 / 255, found {factor}; choose another model"
        )
    resample = content.get("resample", 3)
    if resample not in RESAMPLING:
        raise UsageError(f"{path}: resample: expected 2 or 3 (bilinear, bicubic), found {resample}")
    half = (0.5, 0.5, 0.5)
    given = {"mean": content.get("image_mean"), "std": content.get("image_std")}
    usual = {} if is_clip else {"mean": half, "std": half}  # CLIP's are open_clip's defaults
    return {
        "size": side,
        "interpolation": RESAMPLING[resample],
        "resize_mode": resize_mode,
        **usual,
        **{name: tuple(value) for name, value in given.items() if value},
    }


def _resize_mode(content: Mapping[str, Any], side: int, *, is_clip: bool) -> str | None:
    """Return open_clip's name for how images become squares; None if they do not."""
    size, crop = _without_nulls(content.get("size")), _without_nulls(content.get("crop_size"))
    given = content.get("do_center_crop")
    is_cropped = is_clip if given is None else bool(given)
    square = {"height": side, "width": side}
    if is_cropped and crop not in (None, side, square):
        return None
    if size == square or (not is_clip and size in (None, side)):
        return "squash"
    if is_cropped and size in (None, side, {"shortest_edge": side}):
        return "shortest"
    return None


def _without_nulls(size: object) -> object:
    if isinstance(size, Mapping):
        return {name: value for name, value in size.items() if value is not None}
    return size
