// What is shown: filters, the slider and the view around one concept, as one pass over the rows.
import { otherEnd } from "./model.js";

export class Filters {
  constructor() {
    this.step = Infinity;
    this.clear();
  }

  // All of it as JSON can hold it, and back.
  get state() {
    const { groups, predicates, beside, hidden, degree, core, around, step } = this;
    return { groups: [...groups], predicates: [...predicates], beside: [...beside], hidden: [...hidden], degree, core, around, step: Number.isFinite(step) ? step : null };
  }

  set state(kept) {
    const list = (value) => new Set(Array.isArray(value) ? value : []);
    for (const name of ["groups", "predicates", "beside", "hidden"]) this[name] = list(kept?.[name]);
    for (const name of ["degree", "core"]) this[name] = Number(kept?.[name]) || 0;
    this.around = typeof kept?.around?.key === "string" ? { key: kept.around.key, depth: Number(kept.around.depth) || 1 } : null;
    this.step = Number.isFinite(kept?.step) ? kept.step : Infinity;
  }

  clear() {
    this.groups = new Set(); // legend entries that are switched off
    this.predicates = new Set(); // predicates that are switched off
    this.degree = 0;
    this.core = 0;
    this.around = null; // { key, depth }
    this.beside = new Set(); // keys whose neighbours are shown beside what is around
    this.hidden = new Set(); // keys that are hidden one by one
  }

  get active() {
    return this.groups.size > 0 || this.predicates.size > 0 || this.degree > 0 || this.core > 0 || this.around !== null || this.hidden.size > 0;
  }
}

// Marks what is on and returns the rows that changed.
export function show(model, filters, groupOf) {
  const nodes = [...model.nodes.values()];
  const edges = [...model.edges.values()];
  const before = [nodes.map((row) => row.on), edges.map((row) => row.on)];
  for (const row of nodes) row.on = row.first_seq <= filters.step && !filters.groups.has(groupOf(row)) && !filters.hidden.has(row.key);
  const settle = () => {
    for (const row of edges) {
      row.on =
        row.source.on && row.target.on && row.first_seq <= filters.step && !filters.predicates.has(row.predicate);
    }
  };
  settle();
  if (filters.around && model.nodes.has(filters.around.key)) {
    const near = neighbourhood(model.nodes.get(filters.around.key), filters.around.depth);
    for (const key of filters.beside) {
      const row = model.nodes.get(key);
      if (row) for (const one of neighbourhood(row, 1)) near.add(one);
    }
    for (const row of nodes) row.on &&= near.has(row);
    settle();
  }
  const least = Math.max(filters.degree, filters.predicates.size ? 1 : 0);
  if (least) {
    const degree = degrees(nodes, edges);
    for (const row of nodes) row.on &&= degree.get(row) >= least;
    settle();
  }
  if (filters.core) {
    peel(nodes, edges, filters.core);
    settle();
  }
  return {
    nodes: nodes.filter((row, place) => row.on !== before[0][place]).map((row) => row.key),
    edges: edges.filter((row, place) => row.on !== before[1][place]).map((row) => row.key),
  };
}

function degrees(nodes, edges) {
  const degree = new Map(nodes.map((row) => [row, 0]));
  for (const row of edges) {
    if (!row.on) continue;
    degree.set(row.source, degree.get(row.source) + 1);
    degree.set(row.target, degree.get(row.target) + 1);
  }
  return degree;
}

// Leaves only the k-core of what is on: concepts with k relations among themselves.
function peel(nodes, edges, k) {
  const degree = degrees(nodes, edges);
  const queue = nodes.filter((row) => row.on && degree.get(row) < k);
  while (queue.length) {
    const row = queue.pop();
    if (!row.on) continue;
    row.on = false;
    for (const edge of row.links) {
      const other = otherEnd(edge, row);
      if (!edge.on || !other.on) continue;
      degree.set(other, degree.get(other) - 1);
      if (degree.get(other) < k) queue.push(other);
    }
  }
}

export function neighbourhood(row, depth) {
  const near = new Set([row]);
  let rim = [row];
  for (let ring = 0; ring < depth; ring++) {
    const next = [];
    for (const one of rim) {
      for (const edge of one.links) {
        const other = otherEnd(edge, one);
        if (!edge.on || near.has(other)) continue;
        near.add(other);
        next.push(other);
      }
    }
    rim = next;
  }
  return near;
}

// The shortest path among what is on, as rows; null if there is none.
export function shortest(from, to) {
  const came = new Map([[from, null]]);
  let rim = [from];
  while (rim.length && !came.has(to)) {
    const next = [];
    for (const row of rim) {
      for (const edge of row.links) {
        const other = otherEnd(edge, row);
        if (!edge.on || came.has(other)) continue;
        came.set(other, row);
        next.push(other);
      }
    }
    rim = next;
  }
  if (!came.has(to)) return null;
  const path = [];
  for (let row = to; row; row = came.get(row)) path.unshift(row);
  return path;
}

// The relation that a path goes by from one to its neighbour: of several the surest, as the words of paths say.
const sure = (edge) => Math.round(1e4 * edge.confidence);
export function between(one, other) {
  const found = one.links.filter((edge) => otherEnd(edge, one) === other);
  return found.sort((a, b) => b.on - a.on || sure(b) - sure(a) || (b.source === one) - (a.source === one) || (a.predicate < b.predicate ? -1 : 1))[0] ?? null;
}
