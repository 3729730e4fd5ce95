// Saves what is shown, with its legend, as a PNG picture of any width, as SVG or as PDF: one drawing on any kind of paper.
import { parts } from "./colours.js";

const LINE = 20; // pixels of a line in the legend, which stands below the stage
const WORDS = "400 12px";
const LARGEST = 12_000; // pixels that a canvas may be wide everywhere

export function png(picture, width) {
  const size = paper(picture);
  const scale = Math.min(LARGEST, Math.max(200, width)) / size.width;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(size.width * scale), height: Math.round(size.height * scale) });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  paint(picture, context, size);
  canvas.toBlob((blob) => hand(blob, "graph.png"));
}

export function svg(picture) {
  const size = paper(picture);
  const context = new Svg(size, picture.ink.context("names"));
  paint(picture, context, size);
  picture.inked();
  hand(new Blob([context.text], { type: "image/svg+xml" }), "graph.svg");
}

// The page has lines and circles as such, and its words as one picture of the width: a PDF has no letters of all scripts.
export async function pdf(picture, width) {
  const size = paper(picture);
  const context = new Pdf(size, Math.min(LARGEST, Math.max(2 * size.width, width)) / size.width);
  paint(picture, context, size);
  hand(new Blob(await context.file(), { type: "application/pdf" }), "graph.pdf");
}

// The size of the paper: the stage, and below it the legend in as many columns as fit.
function paper(picture) {
  const { width, height } = picture.renderer.getDimensions();
  const { entries, theme } = picture;
  const ruler = picture.ink.context("names");
  ruler.font = `${WORDS} ${theme.font}`;
  const wide = Math.max(...entries.map(({ label }) => ruler.measureText(label).width), 0) + 44;
  const columns = Math.max(1, Math.floor((width - 16) / wide));
  const lines = Math.ceil(entries.length / columns);
  return { width, stage: height, height: height + (lines ? LINE * lines + 16 : 0), wide, columns };
}

function paint(picture, context, { width, height, stage, wide, columns }) {
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
  const seats = [...model.nodes.values()].filter((row) => row.on).map((row) => ({ row, ...ink.seat(row) }));
  for (const { row, x, y, r } of seats.sort((one, other) => one.r - other.r)) { // the large ones lie on top, as on the stage
    context.beginPath();
    context.arc(x, y, r, 0, 2 * Math.PI);
    Object.assign(context, { fillStyle: row.tint, strokeStyle: theme.paper, lineWidth: 1.2 });
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
  if (lit) ink.lit(theme, lit, context);
  else ink.names(theme, context);
  context.font = `${WORDS} ${theme.font}`;
  context.fillStyle = theme.paper;
  if (height > stage) context.fillRect(0, stage, width, height - stage + 1);
  picture.entries.forEach(({ colour, label }, at) => {
    const [x, y] = [8 + wide * (at % columns), stage + 8 + LINE * (Math.floor(at / columns) + 0.5)];
    context.beginPath();
    context.arc(x + 12, y, 5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.fillStyle = theme.ink;
    context.fillText(label, x + 24, y);
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

const ROUND = 0.5523; // of a radius: where the handles of the curve stand that is a quarter of a circle
const zipped = async (bytes) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer());

// The same as one page of a PDF.
class Pdf {
  constructor({ width, height }, scale) {
    Object.assign(this, { width, height, ops: [], path: [], alphas: [1], globalAlpha: 1 });
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    this.words = this.canvas.getContext("2d");
    this.words.scale(scale, scale);
  }

  measureText(text) {
    this.words.font = this.font;
    return this.words.measureText(text);
  }

  clearRect() {}

  fillRect(x, y, width, height) {
    this.words.clearRect(x, y, width, height); // what is under it is hidden, words too
    this.beginPath();
    this.path.push(`${round(x)} ${round(y)} ${round(width)} ${round(height)} re`);
    this.fill();
  }

  beginPath() {
    this.path = [];
  }

  moveTo(x, y) {
    this.path.push(`${round(x)} ${round(y)} m`);
  }

  lineTo(x, y) {
    this.path.push(`${round(x)} ${round(y)} ${this.path.length ? "l" : "m"}`);
  }

  arc(x, y, r) {
    const k = ROUND * r;
    this.moveTo(x + r, y);
    const curve = (...points) => this.path.push(`${points.map(round).join(" ")} c`);
    curve(x + r, y + k, x + k, y + r, x, y + r);
    curve(x - k, y + r, x - r, y + k, x - r, y);
    curve(x - r, y - k, x - k, y - r, x, y - r);
    curve(x + k, y - r, x + r, y - k, x + r, y);
    this.path.push("h");
  }

  fill() {
    this.ink(`${colour(this.fillStyle)} rg`, "f");
  }

  stroke() {
    this.ink(`${colour(this.strokeStyle)} RG ${Math.max(0.1, this.lineWidth).toFixed(2)} w [${(this.dashes ?? []).join(" ")}] 0 d`, "S");
  }

  ink(how, verb) {
    if (!this.alphas.includes(this.globalAlpha)) this.alphas.push(this.globalAlpha);
    this.ops.push(`/A${this.alphas.indexOf(this.globalAlpha)} gs ${how} ${this.path.join(" ")} ${verb}`);
  }

  setLineDash(dashes) {
    this.dashes = dashes;
  }

  strokeText(text, x, y) {
    this.pen().strokeText(text, x, y);
  }

  fillText(text, x, y) {
    this.pen().fillText(text, x, y);
  }

  pen() {
    const { font, fillStyle, strokeStyle, lineWidth, textBaseline, lineJoin } = this;
    return Object.assign(this.words, { font, fillStyle, strokeStyle, lineWidth, textBaseline, lineJoin });
  }

  // The parts of the file.
  async file() {
    const { width, height, canvas } = this;
    const pixels = this.words.getImageData(0, 0, canvas.width, canvas.height).data;
    const [colours, shades] = [new Uint8Array((pixels.length / 4) * 3), new Uint8Array(pixels.length / 4)];
    for (let at = 0; at < shades.length; at++) {
      colours.set(pixels.subarray(4 * at, 4 * at + 3), 3 * at);
      shades[at] = pixels[4 * at + 3];
    }
    const drawing = `1 J 1 j 1 0 0 -1 0 ${height} cm\n${this.ops.join("\n")}\n/A0 gs q ${width} 0 0 ${-height} 0 ${height} cm /Words Do Q`;
    const image = `/Type /XObject /Subtype /Image /Width ${canvas.width} /Height ${canvas.height} /BitsPerComponent 8`;
    const states = this.alphas.map((alpha, at) => `/A${at} << /ca ${alpha} /CA ${alpha} >>`).join(" ");
    const objects = [
      ["<< /Type /Catalog /Pages 2 0 R >>"],
      ["<< /Type /Pages /Kids [3 0 R] /Count 1 >>"],
      [`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Contents 4 0 R /Resources << /XObject << /Words 5 0 R >> /ExtGState << ${states} >> >> >>`],
      ["", new TextEncoder().encode(drawing)],
      [`${image} /ColorSpace /DeviceRGB /SMask 6 0 R`, colours],
      [`${image} /ColorSpace /DeviceGray`, shades],
    ];
    const [out, starts] = [["%PDF-1.4\n"], []];
    let length = out[0].length;
    const put = (part) => { out.push(part); length += part.length; };
    for (const [at, [head, bytes]] of objects.entries()) {
      starts.push(length);
      put(`${at + 1} 0 obj\n`);
      if (bytes) {
        const held = await zipped(bytes);
        put(`<< ${head} /Filter /FlateDecode /Length ${held.length} >>\nstream\n`);
        put(held);
        put("\nendstream");
      } else put(head);
      put("\nendobj\n");
    }
    const end = length;
    put(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${starts.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("")}`);
    put(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${end}\n%%EOF\n`);
    return out;
  }
}

const colour = (text) => parts(text).map((part) => (part / 255).toFixed(3)).join(" ");
