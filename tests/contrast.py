"""How well words on a page can be told from what is behind them, by the formula of WCAG 2."""

from playwright.sync_api import Page

LEAST = 4.5

_MEASURE = """(within) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[3] * top[at] + (1 - top[3]) * below[at]).concat(1);
  const light = (colour) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.slice(0, 3).map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parent = (one) => one.parentElement ?? one.getRootNode().host ?? null;
  const line = (one) => { const all = []; for (let at = one; at; at = parent(at)) all.unshift(at); return all; };
  const found = [];
  const walk = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) walk(one.shadowRoot);
      const texts = [...one.childNodes].filter((node) => node.nodeType === 3);
      const words = texts.map((node) => node.data.trim()).join(" ").trim();
      const field = ["INPUT", "SELECT", "TEXTAREA"].includes(one.tagName) && !["range", "checkbox"].includes(one.type);
      if (!words && !field) continue;
      if (one.closest("style, script, option, [aria-hidden=true], :disabled, [aria-disabled=true]")) continue;
      const ancestors = line(one);
      if (within && !ancestors.some((at) => at.matches(within))) continue;
      const style = getComputedStyle(one);
      const size = one.getBoundingClientRect();
      if (!size.width || !size.height || style.visibility !== "visible") continue;
      if (style.fontFamily.includes("Material")) continue;
      const [x, y] = [size.x + size.width / 2, size.y + size.height / 2];
      const holds = (box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
      const cuts = (at) => getComputedStyle(at).overflow !== "visible" && getComputedStyle(at).display !== "inline";
      if (y > innerHeight || ancestors.some((at) => cuts(at) && !holds(at.getBoundingClientRect()))) continue;
      let paper = [255, 255, 255, 1];
      let opacity = 1;
      for (const at of ancestors) {
        if (holds(at.getBoundingClientRect())) paper = over(read(getComputedStyle(at).backgroundColor), paper);
        opacity *= Number(getComputedStyle(at).opacity);
      }
      const ink = read(style.color);
      const seen = over([ink[0], ink[1], ink[2], ink[3] * opacity], paper);
      const [a, b] = [light(seen), light(paper)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const name = words || one.placeholder || one.value || one.tagName;
      if (opacity > 0.05) found.push([Math.round(ratio * 100) / 100, name.slice(0, 40)]);
    }
  };
  walk(document);
  return found;
}"""


def poor(page: Page, within: str = "") -> list[tuple[float, str]]:
    """Return the contrast and the words of what cannot be read well, among all that is seen of a page or of a part."""
    measured = page.evaluate(_MEASURE, within)
    assert measured, "there is nothing to read"
    return sorted((ratio, words) for ratio, words in measured if ratio < LEAST)
