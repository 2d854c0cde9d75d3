"""Curves as SVG, without any plotting package: dark on white, so that they can be read on light and dark pages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

#: Told apart with and without red–green blindness (Okabe and Ito 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#444444")

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 400, 310, 58, 14, 46, 44


@dataclass(frozen=True)
class Line:
    """A curve; without a label it is not in the legend."""

    label: str
    xs: list[float]
    ys: list[float]
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """A diagram with named axes and their units; what is outside ``y_range`` is cut off."""

    title: str
    x_label: str
    y_label: str
    lines: list[Line]
    y_range: tuple[float, float]


def write_figure(panels: list[Panel], path: Path) -> None:
    """Writes panels side by side."""
    width = _WIDTH * len(panels)
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="12" fill="#1b1b1b">',
        f'<rect width="{width}" height="{_HEIGHT}" rx="6" fill="white"/>',
    ]
    for place, panel in enumerate(panels):
        text += [f'<g transform="translate({place * _WIDTH} 0)">', *_panel(panel, place), "</g>"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*text, "</svg>", ""]), encoding="utf-8")


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers from ``low`` to ``high``, at most so many."""
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    while (high - low) / step > most:
        # 1, 2, 5, 10, …
        step *= 2.5 if f"{step:e}"[0] == "2" else 2
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _panel(panel: Panel, place: int) -> list[str]:
    xs = [x for line in panel.lines for x in line.xs]
    (left, right), (low, high) = (min(xs), max(xs)), panel.y_range
    end, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x_of(x: float) -> float:
        return _LEFT + (end - _LEFT) * (x - left) / (right - left)

    def y_of(y: float) -> float:
        return bottom - (bottom - _TOP) * (y - low) / (high - low)

    text = [
        f'<clipPath id="plot{place}"><path d="M{_LEFT} {_TOP}H{end}V{bottom}H{_LEFT}Z"/></clipPath>',
        f'<text x="{_LEFT}" y="19" font-weight="bold">{escape(panel.title)}</text>',
        f'<text x="{(_LEFT + end) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(panel.x_label)}</text>',
        f'<text transform="translate(15 {(_TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(panel.y_label)}</text>",
    ]
    for value in ticks(left, right):
        x = x_of(value)
        text.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#e4e4e4"/>')
        text.append(_number(x, bottom + 16, "middle", value))
    for value in ticks(low, high):
        y = y_of(value)
        text.append(f'<path d="M{_LEFT} {y:.1f}H{end}" stroke="#e4e4e4"/>')
        text.append(_number(_LEFT - 6, y + 4, "end", value))
    text.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{end}" fill="none" stroke="#1b1b1b"/>')
    for line in panel.lines:
        # Far outside, lines would only make the file longer.
        points = " ".join(
            f"{x_of(x):.1f},{y_of(min(max(y, 2 * low - high), 2 * high - low)):.1f}" for x, y in zip(line.xs, line.ys)
        )
        dash = ' stroke-dasharray="5 3"' if line.dashed else ""
        style = f'stroke="{_COLOURS[line.colour]}" stroke-width="1.8"{dash}'
        text.append(f'<polyline clip-path="url(#plot{place})" points="{points}" fill="none" {style}/>')
    return text + _legend(panel.lines)


def _number(x: float, y: float, anchor: str, value: float) -> str:
    number = f"{round(value, 9) + 0.0:g}".replace("-", "−")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{number}</text>'


def _legend(lines: list[Line]) -> list[str]:
    text, x = [], _LEFT
    for line in lines:
        if line.label:
            dash = ' stroke-dasharray="5 3"' if line.dashed else ""
            text.append(f'<path d="M{x:.1f} 35h22" stroke="{_COLOURS[line.colour]}" stroke-width="1.8"{dash}/>')
            text.append(f'<text x="{x + 27:.1f}" y="39">{escape(line.label)}</text>')
            x += 42 + 6.6 * len(line.label)
    return text
