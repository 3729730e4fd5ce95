// The parts around the stage: legend, filters, what is selected, and the slider through time.
import { title } from "./groups.js";
import { h, line, number, plural, short } from "./text.js";
import { between } from "./visible.js";

const PREDICATES = 60;
const NAMED = 4; // selected concepts that are called by name
const STEPS = 30;
const LONG = 11; // entries of a legend, unless somebody wants all

export class Legend {
  constructor(toggle) {
    this.toggle = toggle;
    this.isLong = false;
    this.heading = h("summary");
    this.list = h("ul");
    this.element = h("details", { className: "legend", open: true }, this.heading, this.list);
  }

  draw(groups, model, off, theme, ruled) {
    this.heading.textContent = title(groups.mode);
    const entries = groups.list(model, off);
    const shown = this.isLong || entries.length <= LONG + 1 ? entries : entries.slice(0, LONG);
    this.list.replaceChildren(...shown.map(({ group, count }) =>
      h("li", {}, h("button", {
          type: "button", title: "Show or hide", "aria-pressed": String(!off.has(group)), onclick: () => this.toggle(group),
        },
        h("i", { className: "dot", style: `background:${groups.colour(group, theme)}` }),
        h("span", { textContent: groups.label(group) }), h("small", { textContent: number(count) })))));
    this.list.append(...ruled.map(({ colour, label }) => h("li", { className: "rule" },
      h("i", { className: "dot", style: `background:${colour}` }), h("span", { textContent: short(label, 34) }))));
    if (entries.length <= LONG + 1) return;
    this.list.append(h("li", {}, h("button", {
      type: "button", className: "more", textContent: this.isLong ? "Fewer" : `${entries.length - LONG} more…`,
      onclick: () => { this.isLong = !this.isLong; this.draw(groups, model, off, theme, ruled); },
    })));
  }
}

export class FilterPanel {
  constructor(filters, changed) {
    this.filters = filters;
    this.changed = changed;
    this.degree = this.range("Minimum connections", 20, (value) => (filters.degree = value));
    this.core = this.range("Minimum connections within what is shown", 10, (value) => (filters.core = value));
    this.core.element.title = "The densest parts: concepts that each have at least this many connections to one another (k-core)";
    this.predicates = h("div", { className: "predicates", role: "group", "aria-label": "Relations shown" });
    const all = (off) => () => { filters.predicates = new Set(off ? this.known : []); this.changed(); };
    this.element = h("div", { className: "filters", id: "filters", hidden: true, role: "group", "aria-label": "Filters" },
      this.degree.element, this.core.element,
      h("div", { className: "row" }, h("b", { textContent: "Relations" }),
        h("button", { type: "button", textContent: "all", onclick: all(false) }),
        h("button", { type: "button", textContent: "none", onclick: all(true) })),
      this.predicates,
      h("button", { type: "button", className: "wide", textContent: "Show everything again", onclick: () => { filters.clear(); this.changed(); } }));
  }

  range(label, max, set) {
    const output = h("output", { textContent: "0" });
    const input = h("input", { type: "range", min: 0, max, value: 0, "aria-label": label,
      oninput: () => { set(Number(input.value)); this.changed(); } });
    return { input, output, element: h("label", { className: "slide" }, h("span", { textContent: label }), output, input) };
  }

  draw(model) {
    const { filters } = this;
    for (const [part, value] of [[this.degree, filters.degree], [this.core, filters.core]]) {
      part.input.value = value;
      part.output.textContent = value;
    }
    const count = new Map();
    for (const edge of model.edges.values()) count.set(edge.predicate, (count.get(edge.predicate) ?? 0) + 1);
    this.known = [...count.keys()];
    const shown = [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, PREDICATES);
    const scroll = this.predicates.scrollTop;
    this.predicates.replaceChildren(...shown.map(([name, many]) => h("label", {},
      h("input", { type: "checkbox", checked: !filters.predicates.has(name), onchange: (event) => {
        filters.predicates[event.target.checked ? "delete" : "add"](name);
        this.changed();
      } }),
      h("span", { textContent: short(name, 34) }), h("small", { textContent: number(many) }))));
    this.predicates.scrollTop = scroll;
  }
}

// A strip above the stage: what is selected, the path between two, and the commands that go to Python.
export class Card {
  constructor(actions) {
    this.actions = actions;
    this.element = h("section", { className: "card", hidden: true, "aria-label": "Selection", "aria-live": "polite" });
  }

  draw({ selected, path, edge, tried, around, commands, groups }) {
    this.element.hidden = !selected.length && !path.length;
    const button = (text, className, onclick) => h("button", { type: "button", className, textContent: text, onclick });
    const parts = selected.slice(0, NAMED).map((row) => h("div", { className: "one" },
      h("i", { className: "dot", style: `background:${row.colour}` }),
      h("b", { textContent: row.label, title: row.name.slice(0, 300) }),
      selected.length === 1 ? h("small", { textContent: [plural(row.degree, "relations"), `since step ${row.first_seq}`, groups.mode === "community" ? groups.label(groups.of(row)) : ""].filter(Boolean).join(" · ") }) : null,
      h("button", { type: "button", className: "quiet", textContent: "×", "aria-label": `Unselect ${row.label}`, onclick: () => this.actions.unselect(row) })));
    if (selected.length > NAMED) parts.push(hint(`and ${plural(selected.length - NAMED, "more")}`));
    if (path.length) parts.push(hops(path, this.actions.fly, edge));
    else if (tried) parts.push(hint("No path between the two in what is shown."));
    if (selected.length === 1) parts.push(this.depths(selected[0], around));
    const names = Object.entries(Array.isArray(commands) ? Object.fromEntries(commands.map((name) => [name, name])) : commands);
    const fitting = names.filter(([name]) => (name === "merge" ? selected.length === 2 : name === "expand" ? selected.length <= 2 : true));
    if (selected.length) parts.push(h("div", { className: "row" }, ...fitting.map(([name, words]) =>
      button(label(words) + (name === "reject" && selected.length > 1 ? (selected.length === 2 ? " both" : ` all ${selected.length}`) : ""), "command", () => this.actions.command(name)))));
    this.element.replaceChildren(...parts);
  }

  depths(row, around) {
    const now = around?.key === row.key ? around.depth : 0;
    const button = (depth) => h("button", { type: "button", textContent: depth || "all", "aria-pressed": String(now === depth),
      "aria-label": depth ? `Show only what is within ${depth} of ${row.label}` : "Show everything",
      onclick: () => this.actions.around(depth ? { key: row.key, depth } : null) });
    return h("div", { className: "row depth" }, h("small", { textContent: "Around it" }), ...[0, 1, 2, 3].map(button));
  }
}

const hint = (text) => h("p", { className: "hint", textContent: text });
const label = (name) => short(String(name).replaceAll("_", " ").replace(/^./, (one) => one.toUpperCase()), 48);

function hops(path, fly, only = null) {
  const items = path.map((row, at) => {
    const edge = at ? (only ?? between(path[at - 1], row)) : null;
    const said = edge ? (edge.target === row ? `${short(edge.predicate, 30)} →` : `← ${short(edge.predicate, 30)}`) : "";
    return h("li", {}, edge ? h("small", { textContent: said }) : null,
      h("button", { type: "button", className: "quiet", textContent: row.label, onclick: () => fly(row) }));
  });
  return h("div", { className: "path" }, h("small", { textContent: plural(path.length - 1, "hops") }), h("ol", {}, ...items));
}

export class Timeline {
  constructor(changed) {
    this.changed = changed;
    this.timer = 0;
    this.atEnd = true;
    this.input = h("input", { type: "range", "aria-label": "Step of growth that is shown", oninput: () => this.moved() });
    this.output = h("output");
    this.button = h("button", { type: "button", className: "play", "aria-label": "Play the growth", "aria-pressed": "false", textContent: "▶", onclick: () => this.play() });
    this.element = h("div", { className: "timeline" }, this.button, this.input, this.output);
  }

  span(first, last) {
    Object.assign(this.input, { min: first, max: Math.max(first, last) });
    if (this.atEnd) this.input.value = last;
    this.output.style.minWidth = `${2 * number(last).length + 9}ch`; // whatever it says, the slider keeps its length
    this.element.hidden = last <= first;
    this.say();
  }

  set(step) {
    this.input.value = step;
    this.moved();
  }

  moved() {
    this.atEnd = Number(this.input.value) >= Number(this.input.max);
    this.say();
    this.changed(this.atEnd ? Infinity : Number(this.input.value));
  }

  say() {
    this.output.textContent = `step ${number(Number(this.input.value))} of ${number(Number(this.input.max))}`;
    this.input.setAttribute("aria-valuetext", this.output.textContent);
  }

  play() {
    if (this.timer) return this.stop();
    const [low, high] = [Number(this.input.min), Number(this.input.max)];
    if (this.atEnd) this.set(low);
    let exact = Number(this.input.value);
    this.button.textContent = "❚❚";
    this.button.setAttribute("aria-pressed", "true");
    this.timer = setInterval(() => {
      exact = Math.min(high, exact + (high - low) / 160);
      if (Math.floor(exact) !== Number(this.input.value)) this.set(Math.floor(exact));
      if (this.atEnd) this.stop();
    }, 80);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "▶";
    this.button.setAttribute("aria-pressed", "false");
  }
}

// The last steps, the newest first: who was asked about what, and what that brought.
export class Steps {
  constructor(choose) {
    this.choose = choose;
    this.rows = [];
    this.last = h("span");
    this.list = h("ol");
    this.element = h("details", { className: "steps", hidden: true }, h("summary", {}, h("b", { textContent: "Last step " }), this.last), this.list);
  }

  add(rows) {
    const known = new Set(this.rows.map((row) => row.seq));
    const fresh = (rows ?? []).filter((row) => !known.has(row.seq));
    if (!fresh.length) return;
    this.rows = [...fresh, ...this.rows].sort((a, b) => b.seq - a.seq).slice(0, STEPS);
    const say = (row) => `${number(row.seq)} · ${line(row.asked)} → ${line(row.brought)}`;
    this.last.textContent = say(this.rows[0]);
    this.list.replaceChildren(...this.rows.map((row) => h("li", {},
      h("button", { type: "button", className: "quiet", textContent: say(row), title: "Show what it asked about", onclick: () => this.choose(row.keys ?? []) }))));
    this.element.hidden = false;
  }
}

// Views of this graph under names: what is selected, filtered and placed, and where the camera stands.
export class Views {
  constructor(actions) {
    Object.assign(this, actions);
    this.name = h("input", { type: "text", maxLength: 60, placeholder: "Name of this view", "aria-label": "Name of this view", onkeydown: (event) => event.key === "Enter" && this.keep() });
    this.list = h("ul");
    this.element = h("div", { className: "filters views", hidden: true, role: "group", "aria-label": "Views" },
      h("b", { textContent: "Views of this graph" }), this.list, h("div", { className: "row" }, this.name, h("button", { type: "button", textContent: "Save view", onclick: () => this.keep() })));
  }

  keep() {
    const name = this.name.value.trim();
    if (!name) return this.name.focus();
    this.name.value = "";
    this.save(name);
  }

  draw(names) {
    const entries = names.map((name) => h("li", {}, h("button", { type: "button", className: "quiet", textContent: short(line(name)), onclick: () => this.open(name) }),
      h("button", { type: "button", className: "quiet", textContent: "×", "aria-label": `Remove ${short(line(name))}`, onclick: () => this.remove(name) })));
    this.list.replaceChildren(...(entries.length ? entries : [h("li", { className: "hint", textContent: "None yet." })]));
  }
}

// A picture of what is shown, as a file.
export class Saver {
  constructor(save) {
    this.width = h("input", { type: "number", min: 200, max: 12000, step: 100, value: 2400, "aria-label": "Width of the picture in pixels" });
    this.element = h("div", { className: "filters saver", hidden: true, role: "group", "aria-label": "Save a picture" },
      h("b", { textContent: "Save what is shown" }),
      h("label", { className: "row" }, h("span", { textContent: "Width" }), this.width, h("span", { textContent: "pixels" })),
      h("div", { className: "row" },
        h("button", { type: "button", textContent: "Save PNG", onclick: () => save("png", Number(this.width.value) || 2400) }),
        h("button", { type: "button", textContent: "Save SVG", onclick: () => save("svg") }),
        h("button", { type: "button", textContent: "Save PDF", onclick: () => save("pdf", Number(this.width.value) || 2400) })));
  }
}
