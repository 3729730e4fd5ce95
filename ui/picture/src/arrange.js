// Other ways to place what is drawn: rings around a concept, a disc a community, columns by the first step.
import { otherEnd } from "./model.js";

const TURN = Math.PI * (3 - Math.sqrt(5)); // the golden angle: a spiral by it fills a disc evenly
const SHAPE = 1.6; // width over height

export const LAYOUTS = { force: "Force", radial: "Around the selection", community: "By community", step: "By first step" };

// Returns key -> [x, y] for all rows; null for the places that the server gave.
export function arrange(mode, model, centre) {
  const rows = [...model.nodes.values()];
  if (mode === "radial") return radial(rows, centre ?? rows.reduce((a, b) => (b.degree > a?.degree ? b : a), rows[0]));
  if (mode === "community") return discs(rows);
  if (mode === "step") return columns(rows);
  return null;
}

// A ring for each number of relations away; who hangs on whom stands on its side.
function radial(rows, centre) {
  const places = new Map();
  const seen = new Set(centre ? [centre] : []);
  let ring = centre ? [[centre, 0]] : [];
  for (let depth = 0; ring.length; depth++) {
    ring.sort((a, b) => a[1] - b[1]);
    const next = [];
    ring.forEach(([row, wish], at) => {
      const turn = ring.length > 2 ? lerp(wish, (2 * Math.PI * at) / ring.length, 0.7) : wish;
      places.set(row.key, [SHAPE * depth * Math.cos(turn), depth * Math.sin(turn)]);
      const near = row.links.map((edge) => otherEnd(edge, row)).filter((other) => !seen.has(other) && seen.add(other));
      const share = depth ? (2 * Math.PI) / ring.length : 2 * Math.PI;
      near.forEach((other, place) => next.push([other, turn + share * ((place + 0.5) / near.length - (depth ? 0.5 : 0))]));
    });
    if (!next.length) {
      const rest = rows.filter((row) => !seen.has(row)); // what nothing joins to the centre lies outside
      rest.forEach((row, at) => {
        const turn = (2 * Math.PI * at) / rest.length;
        places.set(row.key, [SHAPE * (depth + 1.2) * Math.cos(turn), (depth + 1.2) * Math.sin(turn)]);
      });
    }
    ring = next;
  }
  return places;
}

const lerp = (a, b, share) => a + share * (b - a);

// A disc a community, as large as its concepts need, the largest in the middle; each has its hub in its middle.
function discs(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.community, [...(groups.get(row.community) ?? []), row]);
  const ordered = [...groups.values()].sort((a, b) => b.length - a.length || a[0].community - b[0].community);
  const placed = [];
  const places = new Map();
  for (const members of ordered) {
    const radius = Math.sqrt(members.length) + 1;
    const clear = (x, y) => placed.every((disc) => Math.hypot(x - disc.x, y - disc.y) >= radius + disc.radius);
    let [x, y] = [0, 0];
    for (let at = 1; !clear(x, y); at++) {
      const away = 0.5 * Math.sqrt(at);
      [x, y] = [SHAPE * away * Math.cos(at * TURN), away * Math.sin(at * TURN)];
    }
    placed.push({ x, y, radius });
    members.sort((a, b) => b.degree - a.degree || (a.key < b.key ? -1 : 1));
    members.forEach((row, at) => {
      const away = Math.sqrt(at);
      places.set(row.key, [x + away * Math.cos(at * TURN), y + away * Math.sin(at * TURN)]);
    });
  }
  return places;
}

// From left to right by the step that brought a concept, one below the other where a step brought several.
function columns(rows) {
  const ordered = [...rows].sort((a, b) => a.first_seq - b.first_seq || b.degree - a.degree || (a.key < b.key ? -1 : 1));
  const tall = Math.max(4, Math.ceil(Math.sqrt(rows.length / SHAPE)));
  const places = new Map();
  ordered.forEach((row, at) => {
    const [column, place] = [Math.floor(at / tall), at % tall];
    const shift = column % 2 ? 0.5 : 0;
    places.set(row.key, [column + (place % 3) * 0.22, -(place + shift)]);
  });
  return places;
}
