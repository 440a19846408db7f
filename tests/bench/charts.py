# SPDX-License-Identifier: MIT
"""Bar charts as SVG: small, the same for the same figures, readable on a light and a dark page.

Not matplotlib: it brings 100 MB of packages, and a chart of its has one background, light or dark.
"""

from html import escape

WIDTH = 720
MARGIN = 16
LABELS = 190  # the width of the names
VALUES = 120  # the width left for the figures behind the bars
ROW = 24
GAP = 18

STYLE = """
  .page { fill: #ffffff; }
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .quiet { fill: #59636e; }
  .ours { fill: #0969da; }
  .other { fill: #9aa4af; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .ours { fill: #4493f8; }
    .other { fill: #656c76; }
  }
"""


def bar_chart(groups):
    """Groups of a title and bars, which are (name, value, figure, is it ours?).

    Without a value there is no bar, and the figure says why. Each group has a scale of its own.
    """
    parts = []
    y = MARGIN
    for title, bars in groups:
        y += ROW
        parts.append(text(MARGIN, y - 8, title, "title"))
        most = max((value for _, value, _, _ in bars if value is not None), default=0) or 1
        for name, value, figure, ours in bars:
            width = 0 if value is None else value / most * (WIDTH - 2 * MARGIN - LABELS - VALUES)
            left = MARGIN + LABELS
            y += ROW
            parts.append(text(left - 8, y - 8, name, anchor="end"))
            if value is not None:
                kind = "ours" if ours else "other"
                parts.append(
                    f'<rect class="{kind}" x="{left}" y="{y - 21}" '
                    f'width="{max(width, 1):.1f}" height="16"/>'
                )
            parts.append(text(left + width + 8, y - 8, figure, "quiet"))
        y += GAP
    height = y + MARGIN - GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}">',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
            *parts,
            "</svg>\n",
        ]
    )


def text(x, y, words, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
