"""In a browser: the first screen needs no scrolling, 320 pixels suffice, and each depth shows what it should."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from report.toy_study import Study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; the page is then tested as text only"),
]

PROBE = """
<!doctype html><body style="margin:0">
{frames}
<script>
const shown = (d, s) => [...d.querySelectorAll(s)].filter(e => e.getClientRects().length).length;
addEventListener('load', () => {{
  const out = [...document.querySelectorAll('iframe')].map(f => {{
    const d = f.contentDocument;
    return {{
      wide: d.documentElement.scrollWidth, room: f.clientWidth,
      tiles: Math.max(...[...d.querySelectorAll('.tile')].map(e => e.getBoundingClientRect().bottom)),
      reviewer: shown(d, '.reviewer'), developer: shown(d, '.developer'), public: shown(d, '.public-only'),
      now: [...d.querySelectorAll('#top .shown-now')].filter(e => e.getClientRects().length)
           .map(e => e.parentElement.firstChild.textContent.trim()),
      links: shown(d, 'a.to-public') + shown(d, 'a.to-reviewer') + shown(d, 'a.to-developer'),
      arrived: d.defaultView.scrollY,
    }};
  }});
  const pre = document.createElement('pre');
  pre.id = 'probe'; pre.textContent = JSON.stringify(out);
  document.body.append(pre);
}});
</script>
"""


def probed(folder: Path, frames: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Open the page in frames of given fragment, width and height, and measure each."""
    boxes = [f'<iframe src="report.html{part}" style="width:{w}px;height:{h}px;border:0">' for part, w, h in frames]
    probe = folder / "probe.html"
    probe.write_text(PROBE.format(frames="</iframe>".join(boxes) + "</iframe>"), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    flags += " --disable-component-update --disable-quic --allow-file-access-from-files --virtual-time-budget=8000"
    command = [str(CHROMIUM), *flags.split(), f"--user-data-dir={folder / 'profile'}", "--dump-dom", probe.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="probe">(.*?)</pre>', shown, re.DOTALL)
    assert found is not None, shown[-500:]
    measured: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return measured


def test_the_page_in_a_browser(study: Study) -> None:
    study.rows[30]["path"] += "x" * 200  # a long name that does not read
    study.write()
    depths = ["", "#reviewer", "#developer", "#reviewer-copied", "#claims"]
    laptop, *at_depth = probed(study.folder, [("", 1280, 720), *((depth, 320, 800) for depth in depths)])
    assert laptop["tiles"] <= 650, "the four tiles are on a laptop's first screen"
    for frame in (laptop, *at_depth):
        assert frame["wide"] <= frame["room"], "nothing is wider than the window"
        assert len(frame["now"]) == 1
    public, reviewer, developer, deep, section = at_depth
    assert (public["reviewer"], public["developer"], public["now"]) == (0, 0, ["Public"])
    assert (reviewer["developer"], reviewer["public"], reviewer["now"]) == (0, 0, ["Reviewer"])
    assert 0 < reviewer["reviewer"] <= developer["reviewer"]
    assert developer["developer"] > 0
    assert deep["reviewer"] == reviewer["reviewer"]
    assert deep["arrived"] > 500
    assert section["reviewer"] == 0
    assert {frame["links"] for frame in (reviewer, developer, deep, section)} == {public["links"]}
