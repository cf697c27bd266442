"""A Hub of one process on loopback, with faults on demand, and how the real client comes to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fake_hub_handler import Handler
from tests.fake_hub_state import TOKEN, FakeHub, Fault
from tests.loopback import on_loopback

__all__ = ["TOKEN", "FakeHub", "Fault", "environment", "serving", "use_in_client"]


@contextmanager
def serving() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Bound(Handler):
        state = hub

    with on_loopback(Bound) as hub.url:
        yield hub


@contextmanager
def use_in_client(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, place: Path) -> Iterator[None]:
    """Let the client in this process take the server for the Hub; its pauses take no time."""
    import huggingface_hub  # noqa: PLC0415  (a second)
    from huggingface_hub import constants, file_download  # noqa: PLC0415
    from huggingface_hub.utils import _http  # noqa: PLC0415

    for name, value in {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_CACHE": str(place / "cache"),
    }.items():
        monkeypatch.setattr(constants, name, value)
    for module in (_http, file_download):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda _seconds: None))
    for name, text in environment(hub, place).items():
        monkeypatch.setenv(name, text)
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


def environment(hub: FakeHub, place: Path) -> dict[str, str]:
    """Return what a new process needs to take the server for the Hub."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
        "HF_HOME": str(place / "hf"),
        "XDG_CACHE_HOME": str(place / "xdg"),
    }
