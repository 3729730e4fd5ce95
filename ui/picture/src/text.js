// Names come from a language model: whatever they hold, they are shown as one short line of text.
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu;

export function line(text) {
  return String(text).slice(0, 400).replace(CONTROL, " ").replace(/\s+/g, " ").trim() || "(no name)";
}

export function short(text, length = 48) {
  const points = [...text];
  return points.length <= length ? text : points.slice(0, length - 1).join("").trimEnd() + "…";
}

export const number = (value) =>
  Number.isInteger(value) ? value.toLocaleString("en") : value.toLocaleString("en", { maximumSignificantDigits: 3 });

// A number with its noun, which is given in the plural: 1 concept, 2,300 concepts, 1 community.
export const plural = (count, noun) =>
  `${number(count)} ${count === 1 ? noun.replace(/ies$/, "y").replace(/s$/, "") : noun}`;

// An element with properties and children; text is only ever textContent.
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Gives a root of the page rules of style, which bind inside it alone where it is a shadow root.
export function dress(root, ...texts) {
  const sheets = root.adoptedStyleSheets ?? document.adoptedStyleSheets;
  for (const text of texts) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.push(sheet);
  }
}
