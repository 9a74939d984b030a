"""The chart: for each workload, how many times the floor's time Satchel and its peers take, on a logarithmic scale.

It is processors' time, but for servers, of which only real time can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from bench.page import FLOOR, SERVERS, Figures, ratio
from bench.workloads import DOCUMENTS

ROW, BAR, LEFT, WIDTH = 76, 12, 270, 560
LEAST, MOST = 0.1, 1000.0
COLOURS = {
    "satchel": "#1f6f54",
    "oracle": "#8a8a8a",
    "mongodb": "#555555",
    "neosqlite": "#c98a2b",
    "mongomock": "#8c5aa5",
    "tinymongo": "#4a78b8",
}


def chart(figures: Figures) -> str:
    """Return an SVG picture."""
    peers = [peer for peer in COLOURS if peer in figures]
    rows = [workload for workload in DOCUMENTS if workload.name in figures.get(FLOOR, {})]
    height = ROW * len(rows) + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {height}" font-family="sans-serif" '
        'font-size="13">',
        f'<rect width="100%" height="100%" fill="#fff"/>{_legend(peers)}{_grid(height)}',
    ]
    for number, workload in enumerate(rows):
        top = 50 + number * ROW
        parts.append(
            f'<text x="{LEFT - 10}" y="{top + 20}" text-anchor="end">{escape(workload.title.replace("`", ""))}</text>'
        )
        for position, peer in enumerate(peers):
            pair = figures[peer].get(workload.name), figures[FLOOR].get(workload.name)
            found = ratio(*pair, of_processor=peer not in SERVERS)
            if found:
                parts.append(_bar(top + position * (BAR - 1), found, COLOURS[peer]))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(ratio: float) -> float:
    bounded = min(max(ratio, LEAST), MOST)
    return LEFT + WIDTH * math.log10(bounded / LEAST) / math.log10(MOST / LEAST)


def _bar(top: int, ratio: float, colour: str) -> str:
    one, end = _x(1), _x(ratio)
    left, width = min(one, end), max(abs(end - one), 1)
    label = f'<text x="{max(one, end) + 4:.0f}" y="{top + 10}" font-size="10" fill="#444">{ratio:.2g} ×</text>'
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR - 3}" fill="{colour}"/>{label}'


def _legend(peers: list[str]) -> str:
    return "".join(
        f'<rect x="{LEFT + 110 * n}" y="12" width="12" height="12" fill="{COLOURS[peer]}"/>'
        f'<text x="{LEFT + 110 * n + 17}" y="23">{peer}</text>'
        for n, peer in enumerate(peers)
    )


def _grid(height: int) -> str:
    return "".join(_line(ratio, height) for ratio in _decades())


def _decades() -> Iterator[float]:
    ratio = LEAST
    while ratio <= MOST:
        yield ratio
        ratio *= 10


def _line(ratio: float, height: int) -> str:
    x = _x(ratio)
    colour = "#222" if ratio == 1 else "#ddd"
    return (
        f'<line x1="{x:.0f}" y1="36" x2="{x:.0f}" y2="{height - 20}" stroke="{colour}"/>'
        f'<text x="{x:.0f}" y="{height - 5}" text-anchor="middle" fill="#666">{ratio:g} ×</text>'
    )
