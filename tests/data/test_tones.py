"""The tones: what is written in one can be read on its ground, in light and in dark."""

from data.tones import SERIES, TONES, css_variables


def test_colours_can_be_told_from_their_ground() -> None:
    inks = [(ink, ground) for ink in ("ink", "muted", *SERIES) for ground in ("ground", "card")]
    for ink, ground in (
        *inks,
        ("put-in-ink", "put-in"),
        ("taken-ink", "taken"),
        ("ink", "accent-soft"),
    ):
        for scheme in (0, 1):
            assert contrast(TONES[ink][scheme], TONES[ground][scheme]) >= 4.5, (ink, ground)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2, from 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_page_has_a_variable_for_each() -> None:
    assert all(
        f"--{name}: light-dark({t.light}, {t.dark});" in css_variables()
        for name, t in TONES.items()
    )
    assert set(SERIES) <= set(TONES)
