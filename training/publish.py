"""A run -> a folder with a card that open_clip opens, locally or from the Hub."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from data.commit import write_atomically
from data.errors import RetryableError, UsageError
from data.texts import one_line
from training.batches.draw import describe
from training.export import Weights, write_weights
from training.model.library import hub_config
from training.run.logs import describe_measures, records
from training.run.start import model_label

CONFIG: Final = "open_clip_config.json"
FILE: Final = "open_clip_model.safetensors"
CARD: Final = "README.md"


class Hub(Protocol):
    """The part of huggingface_hub.HfApi that is used."""

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> object:
        """Create a model repository."""
        ...

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> object:
        """Upload a folder's files as one commit."""
        ...


def write_folder(weights: Weights, folder: Path, *, repository: str, run: Path) -> list[str]:
    """Write weights, configuration and card; return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    config = hub_config(weights.model, weights.name)
    write_weights(weights, folder / FILE)
    write_atomically(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    text = card(weights, repository=repository, validation=_validation_of(weights, run))
    write_atomically(folder / CARD, text)
    return [CONFIG, FILE, CARD]


def upload(hub: Hub, folder: Path, *, repository: str, private: bool, step: int) -> None:
    """Create the repository if necessary, and upload the folder.

    Raises:
        RetryableError: the Hub rejects the upload, or cannot be reached.
    """
    message = f"Weights of step {step}"
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        hub.upload_folder(repo_id=repository, folder_path=str(folder), commit_message=message)
    except Exception as error:  # the client does not translate its transport's errors
        reason = one_line(error)
        raise RetryableError(
            f"{repository}: {type(error).__name__}: {reason}; run `hf auth login` and try again; "
            f"the files are in {folder}"
        ) from error


def card(weights: Weights, *, repository: str, validation: Mapping[str, Any] | None) -> str:
    """Return the model card.

    Raises:
        UsageError: the run is of an earlier version.
    """
    config, source = weights.facts["config"], weights.facts["source"]
    if "losses" not in config:
        raise UsageError(
            "the run comes from an earlier version with other names for its losses; "
            "use `train export` for its weights"
        )
    lora = config["lora"]
    rows = {
        "base": f"{model_label(weights.name)}, weights {config['pretrained'] or 'random'}",
        "captions": f"{weights.facts['captions']:,} of {source.get('name', 'unknown')}",
        "licence of the captions": source.get("licence") or "unknown",
        "preset": config["preset"],
        "losses": "; ".join(map(_describe_loss, config["losses"])),
        "negatives a step": describe(config["draw"]) or "none",
        "trained": f"LoRA, rank {lora['rank']}, alpha {lora['alpha']:g}" if lora["rank"] else "all",
        "steps, batch": f"{weights.step:,} of {config['batch_size']:,} captions",
        "learning rate": f"{config['optimizer']['lr']:g}",
        "WiSE-FT alpha": f"{weights.alpha:g}",
        "seed": config["seed"],
    }
    if validation is not None:
        rows["validation"] = describe_measures(validation)
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"""---
library_name: open_clip
pipeline_tag: zero-shot-image-classification
license: other
tags:
- clip
- compositionality
---
# {repository}

A CLIP model fine-tuned with hard negative captions (FSC-CLIP, arXiv 2410.05210).

```python
import open_clip

model, _, preprocess = open_clip.create_model_and_transforms("hf-hub:{repository}")
tokenizer = open_clip.get_tokenizer("hf-hub:{repository}")
```

| | |
|---|---|
{table}

The weights are subject to the licences of their base model and of the data.
"""


def _describe_loss(spec: Mapping[str, Any]) -> str:
    """Describe a loss of run.json: its name, weight and options."""
    options = {name: value for name, value in spec.items() if name != "loss"}
    values = (f"{n} {v:g}" if isinstance(v, float) else f"{n} {v}" for n, v in options.items())
    return f"{spec['loss']}: {', '.join(values)}"


def _validation_of(weights: Weights, run: Path) -> Mapping[str, Any] | None:
    """Return the measurements of these weights, None if there are none."""
    if weights.alpha < 1:
        return None
    found = (record.get("validation") for record in records(run, step=weights.step))
    return next((each for each in found if isinstance(each, dict)), None)
