"""A phone: diagrams rendered by a real browser in a column as narrow as a phone's."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WIDTH = 390  # of the screen, in CSS pixels; a renderer leaves 16 at each side
MARGIN = 16

_PAGE = """\
<!DOCTYPE html><meta charset="utf-8">
<style>body {{ margin: 0 {margin}px; width: {inner}px }}</style>
{figures}
<script src="{mermaid}"></script>
<script>
const told = [];
function colours(element) {{
  const style = getComputedStyle(element), found = [];
  const drawn = element instanceof SVGElement && !(element instanceof SVGSVGElement);
  const shape = drawn && ['rect', 'path', 'polygon', 'circle', 'ellipse', 'line', 'text', 'tspan']
    .includes(element.tagName.toLowerCase());
  if (shape && element.getBoundingClientRect().width > 0) {{
    found.push(style.fill);
    if (style.strokeWidth !== '0px') found.push(style.stroke);
  }}
  if (!drawn && element.textContent.trim()) found.push(style.color, style.backgroundColor);
  return found;
}}
async function draw() {{
  mermaid.initialize({{ startOnLoad: false }});
  for (const figure of document.querySelectorAll('figure')) {{
    const said = {{ error: '', texts: [], colours: [], lines: [], overflow: 0 }};
    told.push(said);
    try {{
      figure.innerHTML = (await mermaid.render('d' + told.length, figure.textContent)).svg;
    }} catch (error) {{
      said.error = String(error.message || error);
      continue;
    }}
    const svg = figure.querySelector('svg'), box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    said.overflow = Math.max(0, Math.round(box.right - {margin} - {inner}));
    const drawn = '.node *, .edgeLabel *, .edgePaths *, .edgePath *';
    for (const element of svg.querySelectorAll(drawn)) {{
      (element.closest('.node') ? said.colours : said.lines).push(...colours(element));
      if (element.childNodes.length && [...element.childNodes].some(
          child => child.nodeType === 3 && child.data.trim())) {{
        const size = parseFloat(getComputedStyle(element).fontSize) * scale;
        said.texts.push([element.textContent, Math.round(size * 10) / 10]);
      }}
    }}
    said.colours = [...new Set(said.colours)];
    said.lines = [...new Set(said.lines)];
  }}
}}
draw().catch(error => told.push({{ error: String(error) }})).finally(() => {{
  const result = document.createElement('pre');
  result.id = 'told';
  result.textContent = JSON.stringify(told);
  document.body.append(result);
}});
</script>
"""


@dataclass(frozen=True)
class Drawn:
    """A diagram as it was drawn.

    ``error`` is what Mermaid says of its syntax, ``texts`` are (text, height in pixels on the
    screen), ``colours`` are the CSS colours of its nodes, ``lines`` those of its edges and their
    labels, and ``overflow`` counts the pixels that stick out.
    """

    error: str
    texts: tuple[tuple[str, float], ...] = ()
    colours: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    overflow: int = 0


def browser() -> str:
    """The browser's program, "" where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), "")


def mermaid() -> str:
    """The file with Mermaid that a browser loads, "" where nobody names one."""
    named = os.environ.get("LABS_TEST_MERMAID", "")
    return named if named and Path(named).is_file() else ""


def drawn(diagrams: Sequence[str], folder: Path) -> list[Drawn]:
    """Have the browser draw them; ``folder`` is an empty one for its files."""
    page = folder / "page.html"
    figures = "\n".join(f"<figure style='margin: 0'>{html.escape(d)}</figure>" for d in diagrams)
    page.write_text(
        _PAGE.format(
            figures=figures,
            mermaid=Path(mermaid()).as_uri(),
            margin=MARGIN,
            inner=WIDTH - 2 * MARGIN,
        ),
        encoding="utf-8",
    )
    told = subprocess.run(
        [
            browser(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},2000",
            "--virtual-time-budget=60000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    match = re.search(r'<pre id="told">(.*?)</pre>', told.stdout, re.DOTALL)
    assert match, f"the browser drew nothing: {told.stderr[-2000:]}"
    return [
        Drawn(
            said["error"],
            tuple((text, size) for text, size in said.get("texts", [])),
            tuple(said.get("colours", [])),
            tuple(said.get("lines", [])),
            said.get("overflow", 0),
        )
        for said in json.loads(html.unescape(match[1]))
    ]
