// Concepts and relations as the picture holds them: rows with their neighbours, and the graphology graph sigma draws.
import { MultiDirectedGraph } from "graphology";
import { line, short } from "./text.js";

const KNOWN = new Set(["key", "name", "x", "y", "size", "community", "first_seq", "degree", "type"]);
const UNKNOWN = 1; // the confidence of a relation of which nothing is said
const finite = (value) => typeof value === "number" && Number.isFinite(value);

// Plain rows of an Arrow table, in which a big integer becomes a number; or of columns, each of values, or of the places
// of its values among some words.
export function rows(table) {
  if (table?.columns) {
    const columns = Object.entries(table.columns).map(([name, held]) => [name, held.words ? held.places.map((place) => held.words[place]) : held]);
    return Array.from({ length: table.rows }, (_, place) => {
      const row = {};
      for (const [name, values] of columns) row[name] = values[place];
      return row;
    });
  }
  const fields = table?.schema ? table.schema.fields.map((field) => [field.name, table.getChild(field.name).memoize()]) : [];
  return Array.from({ length: table?.numRows ?? 0 }, (_, place) => {
    const row = {};
    for (const [name, column] of fields) {
      const value = column.get(place);
      row[name] = typeof value === "bigint" ? Number(value) : value;
    }
    return row;
  });
}

const edgeKey = (edge) => `${edge.source}\u0000${edge.predicate}\u0000${edge.target}`;

export class Model {
  constructor() {
    this.nodes = new Map();
    this.edges = new Map();
    this.lines = new Map(); // predicates as they are shown
    this.columns = [];
    this.order = { nodes: [], edges: [] };
    this.seq = 0;
    this.graph = new MultiDirectedGraph();
  }

  // Replaces everything by these rows.
  load(nodes, edges, seq) {
    this.nodes = new Map();
    this.edges = new Map();
    this.graph = new MultiDirectedGraph();
    this.columns = Object.keys(nodes[0] ?? {}).filter((name) => !KNOWN.has(name) && finite(nodes[0][name]));
    this.merge(nodes, edges);
    // The rows in the order in which Python has them, for saying which of them are shown.
    this.order = { nodes: nodes.map((row) => this.nodes.get(row.key)), edges: edges.map((edge) => this.edges.get(edgeKey(edge))) };
    this.seq = seq ?? this.last();
  }

  // Adds rows and renews those that are there, which stay where they are; returns the new ones.
  merge(nodes, edges, gone = []) {
    for (const key of gone) this.drop(key);
    const fresh = [];
    for (const raw of nodes) {
      const old = this.nodes.get(raw.key);
      const row = old ?? { key: raw.key, links: [], on: true, x: raw.x, y: raw.y };
      this.describe(row, raw);
      if (old) continue;
      this.nodes.set(row.key, row);
      fresh.push(row);
    }
    const links = edges.filter((edge) => this.link(edge));
    return { fresh, links: links.map((edge) => this.edges.get(edgeKey(edge))) };
  }

  // Bits, a row each, of what is shown, as base64; null where all is.
  shown(kind) {
    const rows = this.order[kind];
    if (rows.every((row) => row?.on)) return null;
    const bytes = new Uint8Array(Math.ceil(rows.length / 8));
    rows.forEach((row, at) => { if (row?.on) bytes[at >> 3] |= 128 >> (at & 7); });
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }

  describe(row, raw) {
    row.name = line(raw.name ?? raw.key);
    row.label = short(row.name);
    row.type = raw.type ? line(raw.type) : (row.type ?? "");
    for (const name of ["community", "first_seq", "degree", "size"]) row[name] = finite(raw[name]) ? raw[name] : (row[name] ?? 0);
    row.values = { ...row.values };
    for (const name of this.columns) if (finite(raw[name])) row.values[name] = raw[name];
  }

  link(edge) {
    const [source, target, key] = [this.nodes.get(edge.source), this.nodes.get(edge.target), edgeKey(edge)];
    const known = this.edges.get(key);
    if (known) Object.assign(known, { support: edge.support ?? known.support, confidence: edge.confidence ?? known.confidence });
    if (known || !source || !target) return false;
    if (!this.lines.has(edge.predicate)) this.lines.set(edge.predicate, line(edge.predicate));
    const row = { key, source, target, predicate: this.lines.get(edge.predicate), raw: edge.predicate, on: true };
    row.support = edge.support ?? 1;
    row.confidence = edge.confidence ?? UNKNOWN;
    row.first_seq = edge.first_seq ?? Math.max(source.first_seq, target.first_seq);
    this.edges.set(key, row);
    source.links.push(row);
    if (source !== target) target.links.push(row);
    return true;
  }

  drop(key) {
    const row = this.nodes.get(key);
    if (!row) return;
    for (const edge of row.links) {
      const other = edge.source === row ? edge.target : edge.source;
      other.links = other.links.filter((one) => one !== edge);
      this.edges.delete(edge.key);
    }
    this.nodes.delete(key);
    if (this.graph.hasNode(key)) this.graph.dropNode(key);
  }

  // Brings rows that sigma does not know yet into its graph.
  draw(nodes, edges, style) {
    for (const row of nodes) this.graph.addNode(row.key, { row, x: row.x, y: row.y, ...style.node(row) });
    for (const row of edges) this.graph.addEdgeWithKey(row.key, row.source.key, row.target.key, { row, ...style.edge(row) });
  }

  last() {
    let last = 0;
    for (const row of this.nodes.values()) last = Math.max(last, row.first_seq);
    for (const row of this.edges.values()) last = Math.max(last, row.first_seq);
    return last;
  }

  first() {
    let first = Infinity;
    for (const row of this.nodes.values()) first = Math.min(first, row.first_seq);
    return Number.isFinite(first) ? first : 0;
  }
}

export const otherEnd = (edge, row) => (edge.source === row ? edge.target : edge.source);
