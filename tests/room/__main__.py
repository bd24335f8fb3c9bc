"""python -m tests.room docs/room.png: a picture of the room, from a real browser and what the programs print."""

from __future__ import annotations

import base64
import html
import sys
import tempfile
from pathlib import Path

from .browser import browser
from .gather import Room, Terminal, Window, gathered

CAPTIONS = {
    "2011": "socket.io-client 0.9.17: the protocol of 2011",
    "ada": "python -m sioclient.server brings this page",
    "today": "socket.io-client 4.8.1: the protocol of today",
    "bot": "python chatbot.py localhost 8080",
    "trio": "python examples/trio_chat.py http://localhost:8080 trio",
}

STYLE = """
body { margin: 0; padding: 20px; width: 1080px; background: #e6e3dc; color: #23302c; }
body { font: 14px system-ui, "Noto Sans", sans-serif; }
div { display: grid; gap: 14px; grid-template-columns: repeat(6, 1fr); }
figure { margin: 0; grid-column: span 2; } figure.terminal { grid-column: span 3; }
figcaption { margin: 0 0 6px; } img { width: 100%; display: block; border: 1px solid #b9b4a6; border-radius: 6px; }
pre { margin: 0; padding: 12px; background: #1c2421; color: #dfe8e4; border-radius: 6px; font: 12px/1.5 monospace; }
"""


def picture(room: Room) -> str:
    """Return a page with what every member sees."""
    figures = "".join(map(_window, room.windows)) + "".join(map(_terminal, room.terminals))
    return f"<!DOCTYPE html><meta charset=utf-8><style>{STYLE}</style><div>{figures}</div>"


def _window(window: Window) -> str:
    window.look()
    window.driver.execute_script("document.activeElement.blur()")
    image = window.driver.get_screenshot_as_base64()
    return f"<figure><figcaption>{CAPTIONS[window.name]}</figcaption><img src='data:image/png;base64,{image}'></figure>"


def _terminal(terminal: Terminal) -> str:
    lines = html.escape("\n".join(terminal.lines))
    return f"<figure class=terminal><figcaption>{CAPTIONS[terminal.name]}</figcaption><pre>{lines}</pre></figure>"


def main(target: Path) -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as driver, gathered(driver) as room:
        room.converse()
        page = picture(room)
        driver.switch_to.new_window("window")
        driver.get("about:blank")
        driver.execute_script("document.write(arguments[0]); document.close()", page)
        box = driver.execute_script(
            "const box = document.body.getBoundingClientRect(); return [Math.ceil(box.width), Math.ceil(box.height)]"
        )
        clip = {"x": 0, "y": 0, "width": box[0], "height": box[1], "scale": 1}
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        target.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
