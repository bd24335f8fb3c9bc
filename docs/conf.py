"""How Sphinx makes the site: ``make docs``."""

from __future__ import annotations

import logging
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.ext import napoleon
from sphinx.ext.napoleon import GoogleDocstring

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

project = "sioclient"
author = "the authors of sioclient"
copyright = author  # noqa: A001  # without a year, so that the same commit always makes the same bytes
version = release = re.findall(r'__version__ = "(.+)"', (ROOT / "sioclient" / "__init__.py").read_text("utf-8"))[0]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["_build"]

OPTIONAL = {"reference/aio.rst": "sioclient.aio", "reference/compat.rst": "sioclient.compat"}
"""The pages of packages that a version may not have yet."""

exclude_patterns += [page for page, package in OPTIONAL.items() if find_spec(package) is None]

# Locust has gevent patch the process that imports it, and is large. For the reference, names are enough.
_locust = Mock(User=type("User", (), {"__module__": "locust"}))
_locust.exception = Mock(
    **{name: type(name, (Exception,), {}) for name in ("LocustError", "RescheduleTask", "StopUser")}
)
sys.modules |= {"locust": _locust, "locust.exception": _locust.exception}

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "both"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_default_options = {
    "members": True,
    "exclude-members": "__init__, __new__, give, follow, change_connection, deliver, run, check",  # for other modules
}
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

nitpicky = True
INTERNAL = "AckOptions|Decoder|EmitOptions|Encoded|JoinOptions|JsonModule|MisfitError|Name|OptionsDict|Packet|PathLike"
INTERNAL += "|Client|Recovery|Rooms|UnknownEventError|UserPacket"
# What is neither Python's own (nothing is fetched while the site is made) nor a public name has no page.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(anyio|asyncio|collections|contextlib|locust|logging|os|pytest|ssl|tornado|typing|typing_extensions)\..*",
    ),
    (r"py:.*", rf"sioclient\..+|.*\[.*|{INTERNAL}"),
]

html_theme = "furo"
html_title = f"sioclient {release}"
html_copy_source = False
html_show_sphinx = False


class Docstring(GoogleDocstring):
    """A docstring whose types are in the signature: what stands before a colon is none."""

    def _consume_inline_attribute(self) -> tuple[str, list[str]]:
        return "", self._consume_to_end()

    def _consume_returns_section(self, preprocess_types: bool = False) -> list[tuple[str, str, list[str]]]:
        return [("", "", self._dedent(self._consume_to_next_section()))]

    def _consume_field(self, parse_type: bool = True, prefer_type: bool = False) -> tuple[str, str, list[str]]:
        name, kind, description = super()._consume_field(parse_type, prefer_type)
        return name.replace(", ", ",\u200b"), kind, description  # several names; at a space, Sphinx would find a type


def _find_by_name(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Resolve a name that a docstring has without its module, such as "ConnectError" in one of ``sioclient.server``."""
    if node.get("refdomain") != "py":
        return None
    domain, name = env.get_domain("py"), node["reftarget"].rpartition(".")[2]
    found = [full for full, entry in domain.objects.items() if full.rpartition(".")[2] == name and not entry.aliased]
    if len(found) != 1:
        found = [full for full in found if full == f"sioclient.{name}"]
    if not found:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)


def setup(app: Sphinx) -> None:
    """Have both of the above used, take no page amiss that is not there yet, and call attributes what they are."""
    napoleon.GoogleDocstring = Docstring  # type: ignore[misc]
    logging.getLogger("sphinx.sphinx.directives.other").addFilter(lambda record: "glob pattern" not in record.msg)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("missing-reference", _find_by_name)
