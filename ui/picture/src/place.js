// Places for concepts that came without: amid their neighbours, then a few steps of a force that moves only them.
import { otherEnd } from "./model.js";

const STEPS = 5;
const LONGEST = 0.15; // of a step, in gaps between concepts

// A number in [0, 1) from a text, so that the same concept always starts at the same side.
function chance(text) {
  let hash = 2166136261;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 16777619);
  return (hash >>> 0) / 4294967296;
}

export function place(model, fresh) {
  const lost = new Set(fresh.filter((row) => !Number.isFinite(row.x) || !Number.isFinite(row.y)));
  if (!lost.size) return;
  const settled = [...model.nodes.values()].filter((row) => !lost.has(row));
  const { width, centre } = extent(settled);
  const gap = width / Math.sqrt(Math.max(settled.length, 16));
  // A chain of new concepts is placed from its known end outwards.
  for (let rest = [...lost]; rest.length; ) {
    const ready = rest.filter((row) => row.links.some((edge) => Number.isFinite(otherEnd(edge, row).x)));
    for (const row of ready.length ? ready : rest) seat(row, gap, centre, width);
    rest = ready.length ? rest.filter((row) => !Number.isFinite(row.x)) : [];
  }
  for (let step = 0; step < STEPS; step++) for (const row of lost) settle(row, model.nodes, gap);
}

function extent(settled) {
  if (!settled.length) return { width: 1, centre: [0, 0] };
  const [xs, ys] = [settled.map((row) => row.x), settled.map((row) => row.y)];
  const low = [xs, ys].map((all) => all.reduce((a, b) => Math.min(a, b)));
  const high = [xs, ys].map((all) => all.reduce((a, b) => Math.max(a, b)));
  return {
    width: Math.max(high[0] - low[0], high[1] - low[1]) || 1,
    centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2],
  };
}

function seat(row, gap, centre, width) {
  const near = row.links.map((edge) => otherEnd(edge, row)).filter((other) => Number.isFinite(other.x));
  const turn = chance(row.key) * 2 * Math.PI;
  const reach = near.length === 0 ? 0.45 * width : near.length === 1 ? gap : gap / 2;
  const mean = (axis) => near.reduce((sum, other) => sum + other[axis], 0) / near.length;
  const [x, y] = near.length ? [mean("x"), mean("y")] : centre;
  row.x = x + reach * Math.cos(turn);
  row.y = y + reach * Math.sin(turn);
}

function settle(row, nodes, gap) {
  let [dx, dy] = [0, 0];
  for (const other of nodes.values()) {
    const [x, y] = [row.x - other.x, row.y - other.y];
    const square = x * x + y * y;
    if (other === row || !square || square > 9 * gap * gap) continue;
    dx += (x * gap) / square;
    dy += (y * gap) / square;
  }
  for (const edge of row.links) {
    const other = otherEnd(edge, row);
    dx += (0.4 * (other.x - row.x)) / gap / row.links.length;
    dy += (0.4 * (other.y - row.y)) / gap / row.links.length;
  }
  const length = Math.hypot(dx, dy);
  if (!length) return;
  const move = Math.min(0.25 * length, LONGEST) * gap;
  row.x += (move * dx) / length;
  row.y += (move * dy) / length;
}
