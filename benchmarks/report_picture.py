"""A pipeline's report -> the picture of it in README.

    make demo
    python -m benchmarks.report_picture out/demo/report.html docs/report.png

Takes a screenshot with Chromium or Chrome, which must be installed, of the top of the page.
`--dark` shows the page as in a browser that prefers dark pages.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_COLOURS: Final = 160
_TIMEOUT_S: Final = 120


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_picture")
    parser.add_argument("page", type=Path, help="report.html of `negatives run`")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    parser.add_argument("--width", type=int, default=1200, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=1030, help="of the window, in pixels")
    parser.add_argument(
        "--dark", action="store_true", help="as for a reader who prefers dark pages"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        screenshot(given.page, shot, size=(given.width, given.height), dark=given.dark)
        with Image.open(shot) as image:
            small = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
            small.save(given.picture, optimize=True)


def screenshot(page: Path, shot: Path, *, size: tuple[int, int], dark: bool = False) -> None:
    """Write a screenshot of the top of a page.

    Raises:
        SystemExit: there is no browser or no such page.
    """
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"expected one of {', '.join(_BROWSERS)} on PATH; install Chromium")
    if not page.is_file():
        raise SystemExit(f"{page}: no such file; expected report.html of `negatives run`")
    arguments = [
        "--headless=new",
        "--no-sandbox",  # the page is our own, and root may not use the sandbox
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={shot.parent / 'profile'}",
        f"--window-size={size[0]},{size[1]}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--screenshot={shot}",
        page.resolve().as_uri(),
    ]
    subprocess.run(  # noqa: S603 - found on PATH
        [browser, *arguments], check=True, capture_output=True, timeout=_TIMEOUT_S
    )


if __name__ == "__main__":
    main()
