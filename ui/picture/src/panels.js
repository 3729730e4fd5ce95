// The parts around the stage: legend, filters, what is selected, and the slider through time.
import { title } from "./groups.js";
import { h, number, plural, short } from "./text.js";
import { between } from "./visible.js";

const PREDICATES = 60;

export class Legend {
  constructor(toggle) {
    this.toggle = toggle;
    this.heading = h("summary");
    this.list = h("ul");
    this.element = h("details", { className: "legend", open: true }, this.heading, this.list);
  }

  draw(groups, model, off, theme) {
    this.heading.textContent = title(groups.mode);
    this.list.replaceChildren(...groups.list(model).map(({ group, count }) =>
      h("li", {}, h("button", {
          type: "button", title: "Show or hide", "aria-pressed": String(!off.has(group)), onclick: () => this.toggle(group),
        },
        h("i", { className: "dot", style: `background:${groups.colour(group, theme)}` }),
        h("span", { textContent: groups.label(group) }), h("small", { textContent: number(count) })))));
  }
}

export class FilterPanel {
  constructor(filters, changed) {
    this.filters = filters;
    this.changed = changed;
    this.degree = this.range("Connections, at least", 20, (value) => (filters.degree = value));
    this.core = this.range("k-core", 10, (value) => (filters.core = value));
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

// What is selected, the path between two, and the commands that go to Python.
export class Card {
  constructor(actions) {
    this.actions = actions;
    this.element = h("section", { className: "card", hidden: true, "aria-label": "Selection", "aria-live": "polite" });
  }

  draw({ selected, path, tried, around, commands, groups }) {
    this.element.hidden = !selected.length && !path.length;
    const parts = selected.map((row) => h("div", { className: "one" },
      h("i", { className: "dot", style: `background:${row.colour}` }),
      h("span", {}, h("b", { textContent: row.label, title: row.name.slice(0, 300) }),
        h("small", { textContent: `${plural(row.degree, "relations")} · since step ${row.first_seq} · ${groups.mode === "community" ? groups.label(groups.of(row)) : ""}`.replace(/ · $/, "") })),
      h("button", { type: "button", className: "quiet", textContent: "×", "aria-label": `Unselect ${row.label}`, onclick: () => this.actions.unselect(row) })));
    if (selected.length === 1) parts.push(this.depths(selected[0], around), hint("Shift-click another concept for the path between the two."));
    if (path.length) parts.push(hops(path, this.actions.fly));
    else if (tried) parts.push(hint("No path between the two in what is shown."));
    if (selected.length) parts.push(h("div", { className: "row" }, ...commands
      .filter((name) => (name === "merge" ? selected.length === 2 : true))
      .map((name) => h("button", { type: "button", className: "command", textContent: label(name), onclick: () => this.actions.command(name) }))));
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
const label = (name) => short(String(name).replaceAll("_", " ").replace(/^./, (one) => one.toUpperCase()), 24);

function hops(path, fly) {
  const items = path.map((row, at) => {
    const edge = at ? between(path[at - 1], row) : null;
    const said = edge ? (edge.target === row ? `${short(edge.predicate, 30)} →` : `← ${short(edge.predicate, 30)}`) : "";
    return h("li", {}, edge ? h("small", { textContent: said }) : null,
      h("button", { type: "button", className: "quiet", textContent: row.label, onclick: () => fly(row) }));
  });
  return h("div", { className: "path" }, h("small", { textContent: plural(path.length - 1, path.length === 2 ? "hop" : "hops") }), h("ol", {}, ...items));
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
