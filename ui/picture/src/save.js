// Saves what is shown, with its legend, as a PNG picture of any width or as SVG: one drawing on either kind of paper.
const LINE = 20; // pixels of a line in the legend
const LARGEST = 12_000; // pixels that a canvas may be wide everywhere

export function png(picture, width) {
  const size = picture.renderer.getDimensions();
  const scale = Math.min(LARGEST, Math.max(200, width)) / size.width;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(size.width * scale), height: Math.round(size.height * scale) });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  paint(picture, context, size);
  canvas.toBlob((blob) => hand(blob, "graph.png"));
}

export function svg(picture) {
  const size = picture.renderer.getDimensions();
  const context = new Svg(size, picture.ink.context("names"));
  paint(picture, context, size);
  picture.inked();
  hand(new Blob([context.text], { type: "image/svg+xml" }), "graph.svg");
}

function paint(picture, context, { width, height }) {
  const { renderer, model, theme, ink, lit } = picture;
  Object.assign(context, { textBaseline: "middle", lineJoin: "round", fillStyle: theme.paper });
  context.fillRect(0, 0, width, height);
  context.globalAlpha = lit ? 0.16 : 1;
  for (const edge of model.edges.values()) {
    if (!edge.on) continue;
    const [from, to] = [ink.seat(edge.source), ink.seat(edge.target)];
    const { color, size } = model.graph.getEdgeAttributes(edge.key);
    Object.assign(context, { strokeStyle: color, lineWidth: renderer.scaleSize(size) });
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  for (const row of model.nodes.values()) {
    if (!row.on) continue;
    const { x, y, r } = ink.seat(row);
    context.beginPath();
    context.arc(x, y, r, 0, 2 * Math.PI);
    Object.assign(context, { fillStyle: row.colour, strokeStyle: theme.paper, lineWidth: 1.2 });
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
  if (lit) ink.lit(theme, lit, context);
  else ink.names(theme, context);
  const entries = picture.groups.list(model, picture.filters.groups).slice(0, Math.floor((height - 40) / LINE));
  context.font = `400 12px ${theme.font}`;
  const wide = Math.max(...entries.map(({ group }) => context.measureText(picture.groups.label(group)).width), 0) + 36;
  context.fillStyle = theme.paper;
  if (entries.length) context.fillRect(8, height - 16 - LINE * entries.length, wide, LINE * entries.length + 8);
  entries.forEach(({ group }, at) => {
    const y = height - 2 - LINE * (entries.length - at);
    context.beginPath();
    context.arc(20, y, 5, 0, 2 * Math.PI);
    context.fillStyle = picture.groups.colour(group, theme);
    context.fill();
    context.fillStyle = theme.ink;
    context.fillText(picture.groups.label(group), 32, y);
  });
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => String(text).replace(/[&<>"]/g, (mark) => ESCAPED[mark]);
const round = (value) => Math.round(value * 10) / 10;

// As much of a canvas as the picture draws with; text is measured on a real one.
class Svg {
  constructor({ width, height }, ruler) {
    Object.assign(this, { width, height, ruler, parts: [], path: "", globalAlpha: 1 });
  }

  get text() {
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}">`;
    return `${head}\n${this.parts.join("\n")}\n</svg>\n`;
  }

  measureText(text) {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  clearRect() {}

  fillRect(x, y, width, height) {
    this.parts.push(`<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${this.fillStyle}"/>`);
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x, y) {
    this.path += `${this.path ? "L" : "M"}${round(x)} ${round(y)}`;
  }

  arc(x, y, r) {
    const [left, right] = [round(x - r), round(x + r)];
    this.path += `M${left} ${round(y)}A${round(r)} ${round(r)} 0 1 0 ${right} ${round(y)}A${round(r)} ${round(r)} 0 1 0 ${left} ${round(y)}Z`;
  }

  fill() {
    this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}" opacity="${this.globalAlpha}"/>`);
  }

  stroke() {
    const dashed = this.dashes?.length ? ` stroke-dasharray="${this.dashes}"` : "";
    this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${round(this.lineWidth)}" opacity="${this.globalAlpha}"${dashed}/>`);
  }

  setLineDash(dashes) {
    this.dashes = dashes;
  }

  strokeText(text, x, y) {
    this.written(text, x, y, `fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" stroke-linejoin="round"`);
  }

  fillText(text, x, y) {
    this.written(text, x, y, `fill="${this.fillStyle}"`);
  }

  written(text, x, y, how) {
    this.parts.push(`<text x="${round(x)}" y="${round(y)}" dominant-baseline="central" style="font:${escaped(this.font)}" ${how}>${escaped(text)}</text>`);
  }
}
