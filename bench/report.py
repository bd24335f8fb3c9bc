"""The results as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from .clients import CLIENTS, Client, Figures
from .table import MEASURES, Measure

FLOOR = "raw"

Results = dict[str, dict[str, "list[Figures | None]"]]
"""Figures by measure, client and round."""

_PICTURE = ("receive", "receive_64k", "receive_1m", "send", "send_64k", "send_1m", "ask", "call", "reply")
_COLOURS = {
    "sioclient": "#2b6cb0",
    "python_socketio": "#a0aec0",
    "socketio_client": "#cbd5e0",
    "js_0_9": "#f6ad55",
    "js_4": "#dd6b20",
    "websockets_sync": "#68d391",
}


def ratios(results: Results, measure: Measure, client: str, floor: str = FLOOR) -> list[float]:
    """Return the ratios to the floor, round by round."""
    mine, others = (results.get(measure.source or measure.name, {}).get(name, []) for name in (client, floor))
    pairs = zip(mine, others, strict=False)
    return [m[measure.figure] / f[measure.figure] for m, f in pairs if m and f and f[measure.figure] > 0]


def rows(
    results: Results, measures: list[Measure], clients: Mapping[str, Client], floor: str = FLOOR
) -> list[list[str]]:
    """Return the table's cells: the floor's figure, then for each client its ratio to it, with the spread behind."""
    lines = [["measure", *(client.title for client in clients.values()), "target"]]
    for measure in measures:
        aim = "" if measure.target is None else f"{'<=' if measure.lower else '>='} {measure.target:g}"
        lines.append([measure.title, *(_cell(results, measure, name, floor) for name in clients), aim])
    return lines


def table(results: Results, measures: list[Measure], clients: Mapping[str, Client], floor: str = FLOOR) -> str:
    """Return the table for a terminal."""
    lines = rows(results, measures, clients, floor)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def markdown(results: Results, measures: list[Measure], clients: Mapping[str, Client], floor: str = FLOOR) -> str:
    """Return the table for docs/speed.md, without the targets."""
    head, *lines = [line[:-1] for line in rows(results, measures, clients, floor)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def _cell(results: Results, measure: Measure, client: str, floor: str) -> str:
    values = [
        figures[measure.figure]
        for figures in results.get(measure.source or measure.name, {}).get(client, [])
        if figures
    ]
    if not values:
        return "-"
    text = _number(median(values))
    found = ratios(results, measure, client, floor)
    if client == floor or not found:
        return text
    spread = f" ({_number(min(found))}-{_number(max(found))})" if len(found) > 1 else ""
    return f"{text} = {_number(median(found))}x{spread}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def draw(results: Results, clients: list[str], path: Path) -> None:
    """Draw the ratios as bars, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        print("there is no picture without matplotlib: pip install -e .[dev]")
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "sioclient", "font.size": 9})
    from matplotlib import pyplot

    rows = [measure for measure in MEASURES if measure.name in _PICTURE and measure.name in results]
    shown = [name for name in _COLOURS if name in clients]
    if not (rows and shown):
        return
    figure, axes = pyplot.subplots(figsize=(9, 0.55 * len(rows) + 1.2))
    height = 0.8 / len(shown)
    for place, name in enumerate(shown):
        found = [ratios(results, measure, name) for measure in rows]
        spots = [row + (place - (len(shown) - 1) / 2) * height for row in range(len(rows))]
        bars = axes.barh(
            spots, [median(f) if f else 0 for f in found], height, color=_COLOURS[name], label=CLIENTS[name].title
        )
        if name == "sioclient":
            axes.bar_label(bars, [f"{_number(median(f))}x" if f else "" for f in found], padding=3)
    axes.set_xscale("log")
    axes.axvline(1, color="#4a5568", linewidth=1)
    axes.set_yticks(range(len(rows)), [measure.title for measure in rows])
    axes.invert_yaxis()
    axes.set_xlabel("times raw websocket-client in the same round (log scale, more is better)")
    axes.legend(fontsize=8, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
