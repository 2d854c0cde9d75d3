"""Learning curves as a picture, without any plotting package."""

from __future__ import annotations

import math
from pathlib import Path
from xml.sax.saxutils import escape

_COLOURS = ["#0b62a4", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#117a8b", "#7f8c8d", "#5d4037", "#1b1b1b"]
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 300, 60, 170, 34, 40


def write_curves(rows: list[dict], path: Path) -> None:
    """Writes the loss and the validation errors of each epoch as SVG, errors on logarithmic axes.

    Parameters
    ----------
    rows : list of dict
        Lines of a run's log.
    """
    epochs = [row["epoch"] for row in rows]
    panels = [("training loss", {"loss": [row["loss"] for row in rows]})]
    for key, title in (
        ("force_meV_per_A", "validation: force, mean absolute error, meV/Å"),
        ("energy_meV_per_atom", "validation: energy, mean absolute error, meV/atom"),
    ):
        names = [name for name in rows[-1]["valid"] if name == "all" or name.startswith("kind ")]
        lines = {name: [row["valid"].get(name, {}).get(key, math.nan) for row in rows] for name in names}
        if lines:
            panels.append((title, lines))
    height = len(panels) * _HEIGHT
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]
    for place, (title, lines) in enumerate(panels):
        text += _panel(title, epochs, lines, place * _HEIGHT)
    path.write_text("\n".join([*text, "</svg>", ""]), encoding="utf-8")


def _panel(title: str, xs: list[float], lines: dict[str, list[float]], top: float) -> list[str]:
    values = [value for line in lines.values() for value in line if value > 0 and math.isfinite(value)]
    if not values:
        return []
    low, high = math.log10(min(values)), math.log10(max(values))
    low, high = low - 0.05 * (high - low) - 0.02, high + 0.05 * (high - low) + 0.02
    first, last = min(xs), max(max(xs), min(xs) + 1)
    right, bottom = _WIDTH - _RIGHT, top + _HEIGHT - _BOTTOM

    def x_of(x: float) -> float:
        return _LEFT + (right - _LEFT) * (x - first) / (last - first)

    def y_of(y: float) -> float:
        return bottom - (bottom - top - _TOP) * (math.log10(y) - low) / (high - low)

    text = [
        f'<text x="{_LEFT}" y="{top + 20}" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{_LEFT} {top + _TOP}V{bottom}H{right}" fill="none" stroke="black"/>',
        f'<text x="{right}" y="{bottom + 30}" text-anchor="end">epoch {last}</text>',
        f'<text x="{_LEFT}" y="{bottom + 30}">{first}</text>',
    ]
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for digit in (1, 2, 5):
            value = digit * 10.0**exponent
            if low <= math.log10(value) <= high:
                y = y_of(value)
                text.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
                text.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for place, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        points = [f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(xs, line) if y > 0 and math.isfinite(y)]
        width = 2.5 if name in ("all", "loss") else 1.2
        text.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        label = f"{name.removeprefix('kind ')} {line[-1]:.3g}"
        text.append(f'<text x="{right + 8}" y="{top + _TOP + 12 + 16 * place}" fill="{colour}">{escape(label)}</text>')
    return text
