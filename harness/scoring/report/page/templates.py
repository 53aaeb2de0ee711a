"""The templates, style and script of the pages, put together into one file of HTML."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

SCRIPTS = ("page.js", "diff.js", "pane.js", "views.js")
STYLES = ("page.css", "pane.css")
TEMPLATES = ("page.html.j2", "parts.html.j2", "report.html.j2")
STEPS = (
    ("h0", "< 0.5x"), ("h1", "0.5x"), ("h2", "0.8x"), ("h3", "1x"), ("h4", "1.02x"), ("h5", "1.25x"), ("h6", "2x"), ("h7", "4x"),
)  # fmt: skip
"""Legend of the heat map: the class of a colour and where it begins."""
MARKS = {
    "circle": "M11 2a4 4 0 1 0 .01 0Z", "square": "M7.5 2.5h7v7h-7Z", "triangle-up": "M11 1.5l4.5 8h-9Z",
    "diamond": "M11 1l5 5-5 5-5-5Z", "cross": "M9.5 2h3v2.5H15v3h-2.5V10h-3V7.5H7v-3h2.5Z", "triangle-down": "M11 10.5l4.5-8h-9Z",
}  # fmt: skip
"""The shapes of the plots, for the legend."""


def render(template: str, **context: Any) -> str:
    """A page. Its policy names the script by its hash, so that the browser runs nothing else."""
    script = "\n".join(_text(name) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    css = "\n".join(_text(name) for name in STYLES)
    fixed = {"script": Markup(script), "css": Markup(css), "script_hash": f"sha256-{digest}", "steps": STEPS, "marks": MARKS}
    return _environment().get_template(template).render(**fixed, **context)


@cache
def _environment() -> Environment:
    sources = {name: _text(name) for name in TEMPLATES}
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
