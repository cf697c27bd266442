"""What is gained and what is lost, as a picture: one figure of the summary against another."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from data.errors import UsageError
from data.texts import nearest
from training.evaluation.results import Results

_WIDTH: Final = 640
_HEIGHT: Final = 440
_LEFT: Final = 64
_BOTTOM: Final = 48
_TOP: Final = 24
_RIGHT: Final = 24
_COLOURS: Final = ("#0b62a4", "#c2410c", "#15803d", "#7c3aed", "#b91c1c", "#0f766e", "#a16207")
_STEPS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)


class _Point(NamedTuple):
    x: float
    y: float
    run: tuple[str, str]
    label: str


def tradeoff(results: Sequence[Results], *, across: str, up: str) -> str:
    """Return an SVG with a point for each run, in per cent; alphas of one run are joined.

    Raises:
        UsageError: a run has no such figure.
    """
    points = [
        _Point(_figure(r, across), _figure(r, up), _run(r), r.name)
        for r in sorted(results, key=lambda r: (r.weights, r.alpha or 0.0))
    ]
    xs, ys = _axis([p.x for p in points]), _axis([p.y for p in points])
    parts = [_frame(xs, ys, across=across, up=up)]
    for number, run in enumerate(dict.fromkeys(point.run for point in points)):
        own = [point for point in points if point.run == run]
        parts.append(_curve(own, xs, ys, colour=_COLOURS[number % len(_COLOURS)]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{escape(up)} against '
        f"{escape(across)}</title>{''.join(parts)}</svg>\n"
    )


def _run(results: Results) -> tuple[str, str]:
    """Return what is equal for the alphas of one run alone: other runs may be called alike."""
    return results.weights, results.digest if results.alpha is None else ""


def _figure(results: Results, name: str) -> float:
    if name not in results.summary:
        raise UsageError(
            f"{results.name}: no figure {name!r} in its summary; {nearest(name, results.summary)}"
        )
    return 100 * results.summary[name]


def _axis(values: Sequence[float]) -> list[float]:
    """Return round ticks that hold all values between them."""
    low, high = round(min(values), 6), round(max(values), 6)  # 56.00000000000001 is 56
    step = next((s for s in _STEPS if (high - low) / s <= 6), _STEPS[-1])
    first, last = int(low // step), int(-(-high // step))
    last += first == last
    return [step * number for number in range(first, last + 1)]


def _x(value: float, ticks: Sequence[float]) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, ticks: Sequence[float]) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _frame(xs: Sequence[float], ys: Sequence[float], *, across: str, up: str) -> str:
    grey = 'stroke="#d4d4d8"'
    lines = [
        f'<path d="M{_x(x, xs):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" {grey}/>'
        f'<text x="{_x(x, xs):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle" '
        f'fill="#52525b">{x:g}</text>'
        for x in xs
    ]
    lines += [
        f'<path d="M{_LEFT} {_y(y, ys):.1f}H{_WIDTH - _RIGHT}" {grey}/>'
        f'<text x="{_LEFT - 8}" y="{_y(y, ys) + 4:.1f}" text-anchor="end" '
        f'fill="#52525b">{y:g}</text>'
        for y in ys
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    upright = (_TOP + _HEIGHT - _BOTTOM) / 2
    lines.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle" fill="#18181b">'
        f"{escape(across)}, %</text>"
        f'<text transform="translate(16 {upright}) rotate(-90)" text-anchor="middle" '
        f'fill="#18181b">{escape(up)}, %</text>'
    )
    return "".join(lines)


def _curve(
    points: Sequence[_Point], xs: Sequence[float], ys: Sequence[float], *, colour: str
) -> str:
    places = [(_x(point.x, xs), _y(point.y, ys)) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{escape(point.label)}: '
        f"{point.x:.1f}, {point.y:.1f}</title></circle>"
        f'<text x="{x + (8 if x < _WIDTH / 2 else -8):.1f}" y="{y - 8:.1f}" fill="{colour}" '
        f'text-anchor="{"start" if x < _WIDTH / 2 else "end"}">{escape(point.label)}</text>'
        for point, (x, y) in zip(points, places, strict=True)
    ]
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return (line if len(points) > 1 else "") + "".join(marks)
