"""The `llm` options of pipeline.yaml, and the backend that they ask for."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from data.commit import Json
from data.config import Positive, place_name
from data.errors import UsageError
from negatives.llm.limits import Limits
from negatives.llm.requests import Backend, Facts
from negatives.words.lexicon import Lexicon


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmConfig:
    """Who answers the llm rules.

    `backend`: "local" (`model`: None for the packaged one, a folder or a name on the hub; `device`,
    `dtype`) or "openai" (`url` of a server, `model` as it calls it, `version` of it, to be named in
    manifests). `first_wait_s`: seconds before what failed for now is asked again, doubled with each
    try up to `longest_wait_s`. Prices are dollars for a million tokens. `cache`: where answers are
    kept, None for OUT/answers.
    """

    backend: Literal["local", "openai"] = "local"
    model: str | None = None
    version: str = ""
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    url: str = "http://127.0.0.1:8000/v1"
    key_env: str = "OPENAI_API_KEY"
    concurrency: Positive = 16
    timeout_s: float = 60.0
    retries: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    max_requests: Positive | None = None
    max_cost: float | None = None
    prompt_price: float | None = None
    completion_price: float | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what would be ignored, and a key in an address."""
        if self.backend == "openai" and self.model is None:
            raise UsageError("negatives.llm.model: expected the server's name for it, found none")
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError("negatives.llm.url: expected http(s)://HOST/v1")
        if parts.username or parts.password or parts.query:
            raise UsageError(
                "negatives.llm.url: expected an address without a key; put the key in the variable "
                f"{self.key_env} of the environment"
            )
        if self.max_cost is not None and None in (self.prompt_price, self.completion_price):
            raise UsageError(
                "negatives.llm.max_cost: expected prompt_price and completion_price (dollars for a "
                "million tokens) beside it, found none"
            )
        if not self.timeout_s > 0 or self.retries < 0:
            raise UsageError(
                "negatives.llm: expected timeout_s above 0 and retries of 0 or more, found "
                f"{self.timeout_s} and {self.retries}"
            )
        if not 0 <= self.first_wait_s <= self.longest_wait_s < inf:
            raise UsageError(
                "negatives.llm: expected first_wait_s from 0 to longest_wait_s, found "
                f"{self.first_wait_s} and {self.longest_wait_s}"
            )

    def content(self) -> Json:
        """Return what shapes answers: no address, no limit, no place of a machine."""
        model = None if self.model is None else place_name(self.model)
        return {"backend": self.backend, "model": model, "version": self.version}


def backend_of(config: LlmConfig, lexicon: Lexicon) -> Backend:
    """Return who answers; nothing is loaded or asked yet.

    Raises:
        UsageError: a library is not installed.
    """
    if config.backend == "local":
        from negatives.llm.local import LocalBackend  # noqa: PLC0415 - not for a server

        return LocalBackend(
            lexicon=lexicon, model=config.model, device=config.device, dtype=config.dtype
        )
    try:
        from negatives.llm.openai import OpenAIBackend  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"a server expects the library {error.name}, found none: "
            "pip install 'hard-negatives[llm]'"
        ) from error
    return OpenAIBackend(
        url=config.url,
        facts=Facts(
            place_name(str(config.model)),
            config.version,
            "text",
            config.prompt_price,
            config.completion_price,
        ),
        model=config.model,
        key_env=config.key_env,
        limits=Limits(
            concurrency=config.concurrency,
            timeout_s=config.timeout_s,
            retries=config.retries,
            first_wait_s=config.first_wait_s,
            longest_wait_s=config.longest_wait_s,
            max_requests=config.max_requests,
            max_cost=config.max_cost,
        ),
    )
