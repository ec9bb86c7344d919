"""Checks of the page's layout: texts that overflow their box or overlap another text."""

from typing import Any

from playwright.sync_api import Page

# A text with an ellipsis is as wide as its box; a text for screen readers takes no room.
_TEXTS = """(place) => {
  const lines = [];
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest(".sr-only, option")) continue;
    if (!parent.checkVisibility()) continue;
    let box = parent;
    const isInline = ({ display, overflowX }) =>
      display === "inline" || (display === "inline-block" && overflowX === "visible");
    while (isInline(getComputedStyle(box))) box = box.parentElement;
    const cut = getComputedStyle(box).overflowX !== "visible";
    const room = box.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      const seen = !cut ? { left, right, top, bottom } : {
        left: Math.max(left, room.left), right: Math.min(right, room.right),
        top: Math.max(top, room.top), bottom: Math.min(bottom, room.bottom),
      };
      lines.push({ node, text: node.data.trim(), seen, room, cut });
    }
  }
"""
_OVERRUNS = f"""{_TEXTS}
  const width = document.documentElement.clientWidth;
  const over = lines.filter(({{ seen, room, cut }}) =>
    !cut && (seen.right > room.right + 1 || seen.left < room.left - 1 || seen.right > width + 1));
  const extent = ({{ left, right }}) => `${{left.toFixed()}} to ${{right.toFixed()}}`;
  return over.map(({{ text, seen, room }}) => `${{text}}: ${{extent(seen)}} in ${{extent(room)}}`);
}}"""
_COLLISIONS = f"""{_TEXTS}
  const found = [];
  lines.forEach((one, index) => lines.slice(index + 1).forEach((other) => {{
    const [a, b] = [one.seen, other.seen];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (one.node !== other.node && across > 1 && down > 5)
      found.push(`${{one.text}} on ${{other.text}}`);
  }}));
  return found;
}}"""

# What has a place of its own, whatever it shows.
_PLACES = """(place) => [...place.querySelectorAll(
    ":is(main, aside) :is(section, [role=slider], [role=meter], tr, dl > div, [aria-pressed])"
  )].filter((part) => part.checkVisibility()).map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect();
    const name = part.dataset.testid ?? part.ariaLabel ?? part.tagName;
    const [left, top] = [x + scrollX, y + scrollY];
    return `${name} ${[left, top, width, height].map(Math.round)}`;
  })"""


def overruns(page: Page, place: str = "body") -> list[str]:
    """Return the texts in ``place``, a CSS selector, that are wider than their box or the page."""
    return _found(page, place, _OVERRUNS)


def collisions(page: Page, place: str = "body") -> list[str]:
    """Return the texts in ``place``, a CSS selector, that overlap each other."""
    return _found(page, place, _COLLISIONS)


def moved(before: list[str], page: Page) -> list[str]:
    """Return what has another place or size than ``before``, which ``places`` has returned."""
    return sorted(set(before) ^ set(places(page)))


def places(page: Page) -> list[str]:
    """Return the place and the size of each panel, chart, bar and row of the page."""
    return _found(page, "body", _PLACES)


def _found(page: Page, place: str, script: str) -> list[str]:
    found: Any = page.locator(place).first.evaluate(script)
    return list(found)
