// Names that do not collide, and on top of everything what is lit: a concept with its neighbours, a selection, a path.
import { mix } from "./colours.js";
import { otherEnd } from "./model.js";
import { between } from "./visible.js";

const PAD = 3;
const NEAR = 5; // pixels from a line that count as on it
const MANY = 2000; // concepts of a large graph
const ALL = 40; // concepts up to which every name is written
const FIRST = 6; // of the largest, whose names are always written
const TOOLS = [56, 112]; // pixels of the corner in which the camera's buttons are
const KEPT = 400; // circles up to which names keep off all of them

// Rectangles that are taken, in cells, so that asking for a free place costs little.
class Taken {
  constructor() {
    this.cells = new Map();
  }

  *cellsOf([x, y, w, h]) {
    for (let i = Math.floor(x / 96); i <= Math.floor((x + w) / 96); i++)
      for (let j = Math.floor(y / 24); j <= Math.floor((y + h) / 24); j++) yield `${i} ${j}`;
  }

  free(box) {
    for (const cell of this.cellsOf(box))
      for (const [x, y, w, h] of this.cells.get(cell) ?? [])
        if (box[0] < x + w && x < box[0] + box[2] && box[1] < y + h && y < box[1] + box[3]) return false;
    return true;
  }

  // The area, in square pixels, that a rectangle shares with those that are taken.
  hidden([x, y, w, h]) {
    const met = new Set([...this.cellsOf([x, y, w, h])].flatMap((cell) => this.cells.get(cell) ?? []));
    const shared = (a, b, c, d) => Math.max(0, Math.min(a + b, c + d) - Math.max(a, c));
    return [...met].reduce((sum, one) => sum + shared(x, w, one[0], one[2]) * shared(y, h, one[1], one[3]), 0);
  }

  take(box) {
    for (const cell of this.cellsOf(box)) this.cells.set(cell, [...(this.cells.get(cell) ?? []), box]);
  }
}

export class Ink {
  constructor(renderer, model) {
    this.renderer = renderer;
    this.model = model;
    this.widths = new Map();
    this.ranked = [];
    renderer.createCanvasContext("names", { beforeLayer: "mouse" });
    renderer.createCanvasContext("lit", { beforeLayer: "mouse" });
    for (const layer of ["names", "lit"]) this.canvas(layer).style.pointerEvents = "none";
    renderer.resize(true);
  }

  canvas(layer) {
    return this.renderer.getCanvases()[layer];
  }

  context(layer) {
    const context = this.canvas(layer).getContext("2d");
    const { width, height } = this.renderer.getDimensions();
    context.clearRect(0, 0, width, height);
    context.textBaseline = "middle";
    context.lineJoin = "round";
    return context;
  }

  // The largest first: they keep their names when the picture gets crowded.
  rank() {
    this.ranked = [...this.model.nodes.values()].sort((a, b) => b.px - a.px || b.degree - a.degree || (a.key < b.key ? -1 : 1));
  }

  seat(row) {
    const data = this.renderer.getNodeDisplayData(row.key);
    if (!data) return null;
    const { x, y } = this.renderer.framedGraphToViewport(data);
    return { x, y, r: this.renderer.scaleSize(data.size) };
  }

  // The line that is nearest to a point of the stage, within a few pixels; null where there is none.
  edgeAt({ x, y }) {
    let [best, found] = [NEAR, null];
    for (const edge of this.model.edges.values()) {
      if (!edge.on || edge.source === edge.target) continue;
      const [from, to] = [this.seat(edge.source), this.seat(edge.target)];
      const [dx, dy] = [to.x - from.x, to.y - from.y];
      const along = Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1)));
      const away = Math.hypot(from.x + along * dx - x, from.y + along * dy - y);
      if (away < best) [best, found] = [away, edge];
    }
    return found;
  }

  width(context, text) {
    const known = `${context.font} ${text}`;
    if (!this.widths.has(known)) this.widths.set(known, context.measureText(text).width);
    return this.widths.get(known);
  }

  // Writes one name beside, above or below its circle, where there is room; `sure` writes it anyway, where it hides least.
  write(context, taken, row, seat, size, sure = false) {
    const w = this.width(context, row.label);
    const [gap, h] = [seat.r + 4, size + 2];
    const places = [
      [seat.x + gap, seat.y],
      [seat.x - gap - w, seat.y],
      [seat.x - w / 2, seat.y + gap + h / 2 - 2],
      [seat.x - w / 2, seat.y - gap - h / 2 + 2],
      [seat.x + seat.r * 0.7 + 3, seat.y + seat.r * 0.7 + h / 2],
      [seat.x + seat.r * 0.7 + 3, seat.y - seat.r * 0.7 - h / 2],
      [seat.x - seat.r * 0.7 - 3 - w, seat.y + seat.r * 0.7 + h / 2],
      [seat.x - seat.r * 0.7 - 3 - w, seat.y - seat.r * 0.7 - h / 2],
    ];
    if (sure) // what is written anyway may stand a line away rather than on another name
      for (const away of [1, 2])
        for (const side of [-1, 1])
          for (const x of [seat.x + gap, seat.x - gap - w, seat.x - w / 2]) places.push([x, seat.y + side * (away * h + (x === seat.x - w / 2 ? seat.r : 0))]);
    const box = ([x, y]) => [x - PAD, y - h / 2 - PAD, w + 2 * PAD, h + 2 * PAD];
    const { width, height } = this.renderer.getDimensions();
    const inside = ([x, y]) => x > 2 && x + w < width - 2 && y > h / 2 && y < height - h / 2;
    const own = [seat.x - seat.r, seat.y - seat.r, 2 * seat.r, 2 * seat.r];
    const place = places.find((one) => inside(one) && taken.free(box(one))) ?? (sure ? least(places, (one) => taken.hidden(box(one)) + (inside(one) ? 0 : 1e6)) : null);
    if (!place) return false;
    taken.take(box(place));
    if (seat.r > 6) taken.take(own);
    context.strokeText(row.label, ...place);
    context.fillText(row.label, ...place);
    return true;
  }

  // The stage with nothing on it but the buttons in its corner.
  free() {
    const { width, height } = this.renderer.getDimensions();
    const taken = new Taken();
    taken.take([width - TOOLS[0], height - TOOLS[1], ...TOOLS]);
    return taken;
  }

  style(context, theme, size, weight = 400, isFaint = false) {
    context.font = `${weight} ${size}px ${theme.font}`;
    context.lineWidth = 3.5;
    context.strokeStyle = theme.paper;
    context.fillStyle = isFaint ? mix(theme.ink, theme.paper, 0.68) : theme.ink;
  }

  names(theme, context = this.context("names")) {
    const { width, height } = this.renderer.getDimensions();
    const room = Math.round((width * height) / 9000);
    const isStage = context === this.canvas("names").getContext("2d"); // and no file that is saved
    const [taken, named] = [isStage ? this.free() : new Taken(), []];
    if (isStage) this.written = taken;
    const seats = [];
    const most = this.ranked.length > MANY ? 4 * room : Infinity; // of a large graph no more than could be named
    for (const row of this.ranked) {
      if (seats.length >= most) break;
      const seat = row.on && this.seat(row);
      if (seat && seat.x > -80 && seat.y > 0 && seat.x < width && seat.y < height) seats.push([row, seat]);
    }
    if (seats.length <= KEPT) for (const [, { x, y, r }] of seats) taken.take([x - r, y - r, 2 * r, 2 * r]);
    for (const [row, seat] of seats) {
      if (named.length >= Math.max(room, ALL)) break;
      const size = seat.r > 11 ? 14 : seat.r > 7 ? 12.5 : 11.5;
      this.style(context, theme, size, seat.r > 11 ? 600 : 400, row.isFaint);
      if (this.write(context, taken, row, seat, size, seats.length <= ALL || named.length < FIRST)) named.push(row.key);
    }
    return named;
  }

  // Draws what is lit over the dimmed picture: lines first, then circles with rings, then names.
  lit(theme, lit, context = this.context("lit")) {
    const seats = new Map([...lit.nodes].map((row) => [row, this.seat(row)]).filter(([, seat]) => seat));
    for (const edge of lit.edges) this.stroke(context, theme, edge, seats, lit.strong);
    for (const [row, seat] of seats) this.circle(context, theme, row, seat, lit);
    const [taken, first] = [lit.named ? this.written : this.free(), (row) => (lit.rings.has(row) ? 1e6 : row.px)];
    const { width, height } = this.renderer.getDimensions();
    const room = Math.round((width * height) / 9000);
    for (const row of lit.rings) {
      const { x, y, r } = seats.get(row) ?? { x: 0, y: 0, r: 0 };
      taken.take([x - r, y - r, 2 * r, 2 * r]);
    }
    const ordered = [...seats].sort(([a], [b]) => first(b) - first(a)).slice(0, room + lit.rings.size);
    for (const [row, seat] of ordered) {
      if (lit.named?.has(row.key)) continue; // written below already
      this.style(context, theme, 13, lit.rings.has(row) ? 700 : 500);
      this.write(context, taken, row, seat, 13, lit.rings.has(row));
    }
    if (lit.edges.length <= 40) for (const edge of lit.edges) this.say(context, theme, edge, seats, taken);
  }

  stroke(context, theme, edge, seats, strong) {
    const [from, to] = [seats.get(edge.source), seats.get(edge.target)];
    if (!from || !to) return;
    context.lineWidth = strong ? 3 : 1.4;
    context.strokeStyle = context.fillStyle = strong ? theme.ink : mix(theme.ink, theme.paper, edge.isFaint ? 0.3 : 0.6);
    context.setLineDash(edge.isFaint ? [5, 4] : []);
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length < from.r + to.r + 2) return;
    const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
    const end = [to.x - ux * (to.r + 2), to.y - uy * (to.r + 2)];
    const head = strong ? 9 : 6;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(end[0] - (ux * head) / 2, end[1] - (uy * head) / 2);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(...end);
    context.lineTo(end[0] - ux * head - uy * head * 0.45, end[1] - uy * head + ux * head * 0.45);
    context.lineTo(end[0] - ux * head + uy * head * 0.45, end[1] - uy * head - ux * head * 0.45);
    context.fill();
  }

  circle(context, theme, row, seat, lit) {
    const ring = lit.rings.has(row);
    const r = Math.max(seat.r, ring ? 6 : 4);
    context.beginPath();
    context.arc(seat.x, seat.y, r, 0, 2 * Math.PI);
    context.fillStyle = row.tint;
    context.fill();
    context.lineWidth = ring ? 2.5 : 1.2;
    context.strokeStyle = ring ? theme.ink : theme.paper;
    context.stroke();
    if (!lit.fresh?.has(row)) return;
    context.beginPath();
    context.arc(seat.x, seat.y, r + 5, 0, 2 * Math.PI);
    context.strokeStyle = row.colour;
    context.stroke();
  }

  // The predicate in the middle of a line that is long enough for it.
  say(context, theme, edge, seats, taken) {
    const [from, to] = [seats.get(edge.source), seats.get(edge.target)];
    if (!from || !to) return;
    this.style(context, theme, 11);
    context.fillStyle = mix(theme.ink, theme.paper, 0.75);
    const text = edge.said ?? (edge.said = edge.predicate.slice(0, 28));
    const [w, length] = [this.width(context, text), Math.hypot(to.x - from.x, to.y - from.y)];
    const [x, y] = [(from.x + to.x - w) / 2, (from.y + to.y) / 2];
    const box = [x - PAD, y - 8, w + 2 * PAD, 16];
    if (length < w + from.r + to.r + 16 || !taken.free(box)) return;
    taken.take(box);
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}

function least(all, cost) {
  return all.map((one) => [cost(one), one]).reduce((a, b) => (b[0] < a[0] ? b : a))[1];
}

// What to light for one concept under the pointer or several selected; null for nothing.
export function litBy(rows, path) {
  if (path.length) {
    const edges = path.slice(1).map((row, at) => between(path[at], row)).filter(Boolean);
    return { nodes: new Set(path), edges, rings: new Set(path), strong: true };
  }
  if (!rows.length) return null;
  const [nodes, edges] = [new Set(rows), new Set()];
  for (const row of rows) {
    for (const edge of row.links) {
      if (!edge.on) continue;
      edges.add(edge);
      nodes.add(otherEnd(edge, row));
    }
  }
  return { nodes, edges: [...edges], rings: new Set(rows), strong: false };
}
