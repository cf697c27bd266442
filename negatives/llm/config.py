"""The `llm` options of pipeline.yaml, and the backend that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal
from urllib.parse import urlsplit

from data.commit import Json
from data.config import base_name, parse_options
from data.errors import UsageError
from data.storage import AnyPath
from negatives.llm.limits import WHERE, Limits
from negatives.llm.requests import TEXT, Backend, ModelInfo
from negatives.words.lexicon import Lexicon

_WHERE = "negatives.llm"
_OF_ALL = ("backend", "model", "cache", "limits")
_OF_LOCAL = ("device", "dtype")
_LIMITS_OF_ALL = ("thinking_tokens", "stop_after", "max_unanswered", "max_requests")


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmConfig:
    """Who answers the llm rules.

    `backend`: "local" (`model`: None for the packaged one, a folder or a name on the hub; `device`,
    `dtype`) or "openai" (`url` of a server, `model` as it calls it, `version` of it, to be named in
    manifests; prices in dollars for a million tokens). `cache`: where answers are kept, None for
    OUT/answers.
    """

    backend: Literal["local", "openai"] = "local"
    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    version: str = ""
    url: str = "http://127.0.0.1:8000/v1"
    key_env: str = "OPENAI_API_KEY"
    prompt_price: float | None = None
    completion_price: float | None = None
    limits: Limits = field(default_factory=Limits)
    cache: AnyPath | None = None

    def __post_init__(self) -> None:
        """Refuse what would be ignored, and a key in an address."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{_WHERE}.url: expected http(s)://HOST/v1")
        if parts.username or parts.password or parts.query:
            raise UsageError(
                f"{_WHERE}.url: expected an address without a key; put the key in the variable "
                f"{self.key_env} of the environment"
            )
        if self.backend == "openai" and self.model is None:
            raise UsageError(f"{_WHERE}.model: expected the server's name for it, found none")
        self._refuse_ignored()
        if self.limits.max_cost is not None and None in (self.prompt_price, self.completion_price):
            raise UsageError(
                f"{_WHERE}.limits.max_cost: expected prompt_price and completion_price (dollars "
                "for a million tokens) beside it, found none"
            )

    def _refuse_ignored(self) -> None:
        """Refuse options of the other backend."""
        is_local = self.backend == "local"
        for each in fields(self):
            is_ours = each.name in _OF_ALL or (each.name in _OF_LOCAL) == is_local
            if not is_ours and getattr(self, each.name) != each.default:
                raise UsageError(
                    f"{_WHERE}.{each.name}: does nothing with the backend {self.backend}; leave it "
                    f"out, or set {_WHERE}.backend={'openai' if is_local else 'local'}"
                )
        for each in fields(Limits):
            is_ours = not is_local or each.name in _LIMITS_OF_ALL
            if not is_ours and getattr(self.limits, each.name) != each.default:
                raise UsageError(
                    f"{WHERE}.{each.name}: is for a server; leave it out, or set "
                    f"{_WHERE}.backend=openai"
                )

    def content(self) -> Json:
        """Return what shapes answers: no address, no limit, no place of a machine."""
        model = None if self.model is None else base_name(self.model)
        return {"backend": self.backend, "model": model, "version": self.version}


def llm_config(section: Mapping[str, Any], *, asks: bool) -> LlmConfig:
    """Return the checked `llm` section of a pipeline.yaml; `asks`: whether a rule needs it.

    Raises:
        UsageError: an option is unknown, of another type, or would be ignored.
    """
    limits = section.get("limits")
    if isinstance(limits, Mapping):
        limits = parse_options(Limits, limits, where=f"{_WHERE}.limits")
        section = {**section, "limits": limits}
    found = parse_options(LlmConfig, section, where=_WHERE)
    if found != LlmConfig() and not asks:
        raise UsageError(
            f"{_WHERE}: no rule asks a language model; expected the preset natural-llm, or a rule "
            "llm_infill or llm_rewrite"
        )
    return found


def backend_of(config: LlmConfig, lexicon: Lexicon) -> Backend:
    """Return who answers; nothing is loaded or asked yet.

    Raises:
        UsageError: a library is not installed.
    """
    if config.backend == "local":
        from negatives.llm.local import LocalBackend  # noqa: PLC0415 - not for a server

        return LocalBackend(
            lexicon=lexicon,
            model=config.model,
            device=config.device,
            dtype=config.dtype,
            limits=config.limits,
        )
    try:
        from negatives.llm.server import ServerBackend  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"a server expects the library {error.name}, found none: "
            "pip install 'caption-negatives[llm]'"
        ) from error
    return ServerBackend(
        url=config.url,
        model_info=ModelInfo(
            base_name(str(config.model)),
            config.version,
            TEXT,
            config.prompt_price,
            config.completion_price,
        ),
        model=config.model,
        key_env=config.key_env,
        limits=config.limits,
    )
