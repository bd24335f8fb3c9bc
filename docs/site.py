"""Checks the finished site: every link inside leads somewhere, and nothing comes from another host.

``python -m docs.site docs/_build/html``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
"""What a browser fetches by itself."""

NO_FILE = frozenset({"canonical", "next", "prev", "search", "index"})
"""Links of a page's head that are not fetched."""


class Page(HTMLParser):
    """What a page of HTML has: anchors, links, and what a browser fetches for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the ids, links and files of an element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get(LOADED.get(tag, "")) and given.get("rel") not in NO_FILE:
            self.loaded.append(given[LOADED[tag]])


def problems(site: Path) -> Iterator[str]:
    """Yield what is wrong with a site: links to nowhere, files of other hosts, no search."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        yield from (f"{where}: {name} comes from elsewhere" for name in page.loaded if urlsplit(name).netloc)
        for link in [*page.links, *page.loaded]:
            if not leads_somewhere(path, link, pages):
                yield f"{where}: {link} leads nowhere"
    if not (site / "searchindex.js").is_file():
        yield "searchindex.js is not there, so nobody can search"


def leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    """Return whether a link of a page leads to a file and an anchor that exist, or out of the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not parts.fragment or target not in pages:
        return target.exists()
    return unquote(parts.fragment) in pages[target].anchors


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) or "Every link of the site leads somewhere.")  # noqa: T201
    sys.exit(bool(found))
