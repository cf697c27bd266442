"""The colours of pages and plots: each has a name and values for light and dark mode."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Tone(NamedTuple):
    """A colour on a light ground and on a dark one, as in "#1b1d22"."""

    light: str
    dark: str


TONES: Final[Mapping[str, Tone]] = {
    "ground": Tone("#f7f7f5", "#131519"),
    "card": Tone("#ffffff", "#1b1e24"),
    "ink": Tone("#1b1d22", "#e9ebef"),
    "muted": Tone("#5a606c", "#a6acb8"),
    "line": Tone("#dddfe4", "#333842"),
    "accent": Tone("#2458a8", "#8ab4ff"),
    "accent-soft": Tone("#dfe9f8", "#25334b"),
    "good": Tone("#146c43", "#62cf95"),
    "bad": Tone("#b3261e", "#ff8d84"),
    "open": Tone("#7d5300", "#f0bd62"),
    "violet": Tone("#6d3fb8", "#c0a3ff"),
    "teal": Tone("#0b6a72", "#5cc9d3"),
    "pink": Tone("#a2266f", "#f795cb"),
    "put-in": Tone("#d5f0dd", "#174a2e"),
    "put-in-ink": Tone("#0b4527", "#c9f5d9"),
    "taken": Tone("#fbe1df", "#5a2421"),
    "taken-ink": Tone("#84190f", "#ffd5d1"),
}
SERIES: Final = ("accent", "good", "bad", "open", "violet", "teal", "pink")
"""The tones of the lines of a chart, in order."""


def css_variables() -> str:
    """Return the CSS rule that defines the tones as variables: --ink, --muted, ..."""
    values = "".join(f"  --{name}: light-dark({t.light}, {t.dark});\n" for name, t in TONES.items())
    return f":root {{\n  color-scheme: light dark;\n{values}}}\n"


def css_for_dark() -> str:
    """Return CSS rules that switch a drawing's light tones to dark ones in dark mode."""
    rules = "".join(
        f'[{part}="{tone.light}"]{{{part}:{tone.dark}}}'
        for tone in TONES.values()
        for part in ("fill", "stroke")
    )
    return f"@media(prefers-color-scheme:dark){{{rules}}}"
