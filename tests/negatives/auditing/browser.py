"""A real browser for the tests of pages: Chromium, where it is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom")


def dom_after_script(page: str, folder: Path) -> str:
    """Return the page's markup after its script has run, the scripts themselves taken out."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium: the page is not tried in a browser")
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [program, *_FLAGS, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)
