// The legend's entries: a community or a type each, or a fifth of the concepts by a number; every one has a colour and
// can be switched off.
import { OTHER } from "./colours.js";
import { line, number, short } from "./text.js";

const NAMES = { community: "Community", age: "Age (step)", degree: "Degree" };

export const title = (mode) => NAMES[mode] ?? mode.replaceAll("_", " ").replace(/^./, (one) => one.toUpperCase());

export function value(row, mode) {
  if (mode === "age") return row.first_seq;
  if (mode === "degree" || mode === "size") return row[mode];
  return row.values[mode] ?? 0;
}

export class Groups {
  constructor() {
    this.mode = "community";
    this.order = []; // communities, the largest first
    this.colours = {}; // community -> the number of its colour
    this.cuts = [];
  }

  // Takes in what the graph holds now; a community has the colour that the server gave it, for its life.
  learn(model, names, colours) {
    this.names = names ?? {};
    this.colours = { ...this.colours, ...colours };
    const nodes = [...model.nodes.values()];
    if (this.mode === "type") {
      const count = new Map();
      for (const { type } of nodes) if (type) count.set(type, (count.get(type) ?? 0) + 1);
      this.types = [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([one]) => one);
    } else if (this.mode === "community") {
      const count = new Map();
      for (const row of nodes) count.set(row.community, (count.get(row.community) ?? 0) + 1);
      const rest = [...count].filter(([one]) => one >= 0);
      this.order = rest.sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([one]) => one);
      for (const one of this.order) this.colours[one] ??= unused(this.colours);
      this.leaders = leaders(nodes);
    } else {
      const sorted = nodes.map((row) => value(row, this.mode)).sort((a, b) => a - b);
      // Where more than a fifth have the least value, as most concepts have no betweenness, the others are in quarters.
      const more = sorted.filter((one) => one > sorted[0]);
      const [from, shares] = more.length < 0.8 * sorted.length ? [more, [0, 0.25, 0.5, 0.75]] : [sorted, [0.2, 0.4, 0.6, 0.8]];
      const at = (share) => from[Math.min(from.length - 1, Math.floor(share * from.length))];
      this.cuts = [...new Set(shares.map(at))].filter((cut) => cut > sorted[0]);
      this.ends = [sorted[0], sorted.at(-1)];
    }
  }

  of(row) {
    if (this.mode === "community") return row.community >= 0 ? row.community : OTHER;
    if (this.mode === "type") return row.type ? `type ${row.type}` : OTHER;
    const seen = value(row, this.mode);
    return this.cuts.filter((cut) => seen >= cut).length;
  }

  colour(group, theme) {
    if (group === OTHER) return theme.grey;
    if (this.mode === "type") return theme.hues[this.types.indexOf(group.slice(5)) % theme.hues.length] ?? theme.grey;
    if (this.mode === "community") return theme.hues[this.colours[group] % theme.hues.length];
    const last = Math.max(1, this.cuts.length);
    return theme.ramp[Math.round((group / last) * (theme.ramp.length - 1))];
  }

  label(group) {
    if (group === OTHER) return this.mode === "type" ? "Without a type" : "Others";
    if (this.mode === "type") return short(group.slice(5), 34);
    if (this.mode === "community") return short(line(this.names[group] ?? this.leaders.get(group) ?? `Community ${group}`), 34);
    const low = group === 0 ? this.ends[0] : this.cuts[group - 1];
    const high = group === this.cuts.length ? this.ends[1] : this.cuts[group];
    return low === high ? number(low) : `${number(low)} – ${number(high)}`;
  }

  // The entries with how many concepts are shown of each; of one that is switched off, how many it has.
  list(model, off = new Set()) {
    const count = new Map();
    const seen = new Set();
    for (const row of model.nodes.values()) {
      const group = this.of(row);
      seen.add(group);
      if (row.on || off.has(group)) count.set(group, (count.get(group) ?? 0) + (row.values.concepts ?? 1)); // of a community
    }
    const named = { community: this.order, type: this.types?.map((type) => `type ${type}`) }[this.mode];
    const all = named ? [...named, OTHER] : [...Array(this.cuts.length + 1).keys()];
    return all.filter((group) => seen.has(group)).map((group) => ({ group, count: count.get(group) ?? 0 }));
  }
}

// The first colour that no community has.
function unused(colours) {
  const used = new Set(Object.values(colours));
  let free = 0;
  while (used.has(free)) free++;
  return free;
}

// A community without a name is called after the concept with most relations in it.
function leaders(nodes) {
  const best = new Map();
  for (const row of nodes) {
    const old = best.get(row.community);
    if (row.community >= 0 && (!old || row.degree > old.degree)) best.set(row.community, row);
  }
  return new Map([...best].map(([group, row]) => [group, row.name]));
}
