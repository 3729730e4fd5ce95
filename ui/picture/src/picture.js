// One picture: sigma on its stage, the controls around it, and what Python says and hears.
import Sigma from "sigma";
import { createNodeBorderProgram } from "@sigma/node-border";
import { EdgeLineProgram, EdgeRectangleProgram } from "sigma/rendering";
import { mix, theme } from "./colours.js";
import { Feed } from "./feed.js";
import { Groups, title, value } from "./groups.js";
import { Ink, litBy } from "./ink.js";
import { Model, rows as rowsOf } from "./model.js";
import { Card, FilterPanel, Legend, Timeline } from "./panels.js";
import { place } from "./place.js";
import { save } from "./png.js";
import { Search } from "./search.js";
import { h, number, plural } from "./text.js";
import { Filters, show, shortest } from "./visible.js";

const circle = createNodeBorderProgram({
  borders: [{ size: { value: 0.14 }, color: { attribute: "rim" } }, { size: { fill: true }, color: { attribute: "color" } }],
});
const LEGEND = 210; // pixels that a legend takes
const CARD = 260; // pixels that the card takes
const MANY = 15_000; // relations from which lines are one pixel wide
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class Picture {
  constructor(root, key, mounts) {
    Object.assign(this, { key, mounts, stamp: null, imposed: null, shown: "", flown: "", selected: [], path: [], hovered: null });
    this.model = new Model();
    this.filters = new Filters();
    this.groups = new Groups();
    this.sizeMode = "size";
    this.fresh = new Set();
    this.kept = this.remembered();
    this.build(root);
    this.feed = new Feed(() => this.model.seq, (delta) => this.grow(delta), (state) => this.say(state));
  }

  // ---- the page around the stage
  build(root) {
    this.search = new Search(this.model, (row) => this.choose(row));
    this.legend = new Legend((group) => this.flip(group));
    this.panel = new FilterPanel(this.filters, () => this.filter());
    this.timeline = new Timeline((step) => { this.filters.step = step; this.filter(); });
    this.card = new Card({
      unselect: (row) => this.select(this.selected.filter((one) => one !== row)),
      around: (around) => { this.filters.around = around; this.filter(); if (around) this.fit(true); },
      fly: (row) => this.fly(row),
      command: (name) => this.tell.command(name, this.selected.map((row) => row.key)),
    });
    this.colourBy = h("select", { "aria-label": "Colour by", onchange: () => this.recolour(this.colourBy.value) });
    this.sizeBy = h("select", { "aria-label": "Size by", onchange: () => { this.sizeMode = this.sizeBy.value; this.restyle(); } });
    this.funnel = this.button("Filters", "Filters", () => this.openFilters());
    this.funnel.setAttribute("aria-controls", "filters");
    this.stage = h("div", { className: "stage", role: "img", tabIndex: 0, onkeydown: (event) => this.stageKey(event) });
    this.empty = h("p", { className: "empty", hidden: true });
    this.status = h("p", { className: "status", role: "status" });
    this.element = h("div", { className: "gg" },
      h("div", { className: "bar", role: "toolbar", "aria-label": "Picture" }, this.search.element,
        h("label", { className: "by" }, h("span", { textContent: "Colour" }), this.colourBy),
        h("label", { className: "by" }, h("span", { textContent: "Size" }), this.sizeBy),
        this.funnel, h("span", { className: "space" }),
        h("span", { className: "tools" },
          this.button("−", "Zoom out", () => this.zoom(1.5)), this.button("+", "Zoom in", () => this.zoom(1 / 1.5)),
          this.button("Fit", "Show the whole graph", () => this.fit()), this.button("PNG", "Save what is shown as a PNG picture", () => save(this)))),
      h("div", { className: "middle" }, this.stage, this.empty, this.legend.element, this.panel.element, this.card.element),
      h("div", { className: "foot" }, this.timeline.element, this.status));
    for (const name of ["keydown", "keypress", "keyup"]) this.element.addEventListener(name, (event) => this.typed(event));
    this.element.picture = this;
    root.append(this.element);
    this.host = root.host ?? root;
    this.legend.element.open = this.element.clientWidth > 760 || this.element.clientWidth === 0;
    this.global = (event) => this.anywhere(event);
    addEventListener("keydown", this.global);
    this.watch = setInterval(() => this.retheme(), SECOND);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.stage);
  }

  // A stage that was hidden, or changed its size, is drawn anew; the observer also calls once without a change.
  resized() {
    if (!this.renderer) return;
    const { width, height } = this.renderer.getDimensions();
    if (width !== this.stage.clientWidth || height !== this.stage.clientHeight) this.renderer.scheduleRefresh();
  }

  button(text, label, onclick) {
    return h("button", { type: "button", textContent: text, title: label, "aria-label": label, onclick });
  }

  // ---- what Python says
  update(data, tell) {
    this.tell = tell;
    this.settings = data.settings ?? {};
    this.element.style.height = `${data.height}px`;
    this.theme ??= theme(this.host);
    const renewed = data.stamp !== this.stamp;
    if (renewed) this.load(data);
    this.stamp = data.stamp;
    if (data.imposed !== this.imposed) this.impose(data);
    this.imposed = data.imposed;
    const path = data.path.join("\u0000");
    if (path !== this.shown || (renewed && path)) this.showPath(data.path);
    this.shown = path;
    const focus = this.settings.focus ?? "";
    if (focus !== this.flown && this.model.nodes.has(focus)) this.fly(this.model.nodes.get(focus));
    this.flown = focus;
    this.feed.follow(data.feed);
  }

  load(data) {
    const known = this.model.nodes;
    this.model.load(rowsOf(data.nodes), rowsOf(data.edges), this.settings.seq);
    place(this.model, [...this.model.nodes.values()]);
    const same = [...this.model.nodes.keys()].some((key) => known.has(key));
    this.selected = this.again(this.selected);
    this.path = this.again(this.path);
    this.hovered = null;
    if (!known.size) this.prefer();
    this.choices();
    this.groups.learn(this.model, this.settings.communities);
    this.timeline.span(this.model.first(), this.model.last());
    if (!known.size && Number.isFinite(this.settings.step)) this.timeline.set(this.settings.step);
    show(this.model, this.filters, (row) => this.groups.of(row));
    this.scale();
    this.model.draw(this.model.nodes.values(), this.model.edges.values(), this.paint);
    if (!this.renderer) this.start(); // on an empty graph, so that the full one is drawn once, where it belongs
    this.ink.rank();
    if (!same) this.frame(known.size === 0);
    this.renderer.setGraph(this.model.graph);
    this.draw();
  }

  again(rows) {
    return rows.map((row) => this.model.nodes.get(row.key)).filter(Boolean);
  }

  // Settings are wishes for the first time; later the reader's own choice stays.
  prefer() {
    this.groups.mode = this.settings.colour ?? "community";
    this.sizeMode = this.settings.size ?? "size";
  }

  choices() {
    const fill = (select, names, now) => {
      select.replaceChildren(...names.map((name) => h("option", { value: name, textContent: title(name) })));
      select.value = names.includes(now) ? now : names[0];
      return select.value;
    };
    this.groups.mode = fill(this.colourBy, ["community", "age", "degree", ...this.model.columns], this.groups.mode);
    this.sizeMode = fill(this.sizeBy, ["size", "degree", ...this.model.columns], this.sizeMode);
    this.sizeBy.options[0].textContent = "Importance";
  }

  // ---- sigma
  start() {
    this.renderer = new Sigma(new Model().graph, this.stage, {
      allowInvalidContainer: true, renderLabels: false, zIndex: true, stagePadding: 36,
      minCameraRatio: 0.01, maxCameraRatio: 4, zoomDuration: CALM.matches ? 0 : 180,
      nodeProgramClasses: { circle }, edgeProgramClasses: { line: EdgeLineProgram, band: EdgeRectangleProgram },
      defaultDrawNodeHover: () => {},
      nodeReducer: (_, data) => { data.hidden = !data.row.on; return data; },
      edgeReducer: (_, data) => { data.hidden = !data.row.on; return data; },
    });
    this.ink = new Ink(this.renderer, this.model);
    for (const [name, canvas] of Object.entries(this.renderer.getCanvases()))
      if (!["lit", "mouse"].includes(name)) canvas.classList.add("base", name);
    const on = (name, act) => this.renderer.on(name, act);
    on("afterRender", () => this.inked());
    on("enterNode", ({ node }) => this.hover(this.model.nodes.get(node)));
    on("leaveNode", () => this.hover(null));
    on("clickNode", ({ node, event }) => this.click(this.model.nodes.get(node), event.original.shiftKey));
    on("doubleClickNode", ({ node, event, preventSigmaDefault }) => {
      preventSigmaDefault(); // two quick clicks are two clicks where they hit two concepts
      const row = this.model.nodes.get(node);
      if (!this.selected.includes(row)) this.click(row, event.original.shiftKey);
    });
    on("clickStage", () => this.select([]));
    this.renderer.getCamera().on("updated", () => this.remember());
  }

  // The extent that is the whole picture: it stays when the graph grows, so that the camera does.
  frame(first) {
    const kept = first ? this.kept : null;
    this.renderer.setCustomBBox(kept?.box ?? this.room([...this.model.nodes.values()]));
    this.renderer.getCamera().setState(kept?.camera ?? { x: 0.5, y: 0.5, ratio: 1, angle: 0 });
  }

  // The extent of rows, and on a wide page the places of the legend and of the card beside it.
  room(rows) {
    const { x, y } = box(rows);
    const left = this.legend.element.open ? LEGEND : 0;
    const right = this.card.element.hidden ? 0 : CARD;
    const wide = this.stage.clientWidth - left - right;
    const share = wide > 500 ? (x[1] - x[0]) / wide : 0;
    return { x: [x[0] - left * share, x[1] + right * share], y };
  }

  get paint() {
    const { theme: colours, groups } = this;
    const bands = this.model.edges.size <= MANY;
    const faint = new Map();
    const tint = (colour, share) => {
      const known = colour + share;
      if (!faint.has(known)) faint.set(known, mix(colour, colours.paper, share));
      return faint.get(known);
    };
    const share = this.model.edges.size > 3000 ? 0.16 : 0.3;
    return {
      node: (row) => {
        row.colour = groups.colour(groups.of(row), colours);
        return { size: row.px, color: row.colour, rim: colours.paper, zIndex: Math.round(row.px * 4), type: "circle" };
      },
      edge: (row) => {
        const [one, other] = [groups.of(row.source), groups.of(row.target)];
        const colour = one === other ? tint(groups.colour(one, colours), share + 0.1) : tint(colours.ink, share / 2);
        const size = Math.min(2.2, 0.7 + 0.3 * Math.log2(Math.max(1, row.support)));
        return { color: colour, size, type: bands ? "band" : "line" };
      },
    };
  }

  scale() {
    const nodes = [...this.model.nodes.values()];
    const seen = nodes.map((row) => Math.max(0, value(row, this.sizeMode)));
    const top = seen.reduce((a, b) => Math.max(a, b), 0) || 1;
    const crowd = Math.min(1, Math.max(0.3, 14 / Math.sqrt(nodes.length + 1) + 0.25));
    nodes.forEach((row, at) => (row.px = crowd * (3.2 + 14 * Math.sqrt(seen[at] / top))));
  }

  restyle() {
    this.scale();
    const { node, edge } = this.paint;
    this.model.graph.updateEachNodeAttributes((_, data) => Object.assign(data, node(data.row)));
    this.model.graph.updateEachEdgeAttributes((_, data) => Object.assign(data, edge(data.row)));
    this.ink.rank();
    this.renderer.refresh();
    this.draw();
  }

  recolour(mode) {
    this.groups.mode = mode;
    this.filters.groups.clear();
    this.groups.learn(this.model, this.settings.communities);
    this.filter();
    this.restyle();
  }

  retheme() {
    const now = theme(this.host);
    if (!this.renderer || now.stamp === this.theme.stamp) return;
    this.theme = now;
    this.restyle();
  }

  // ---- growth
  grow(delta) {
    if (!delta.nodes.length && !delta.edges.length && !delta.gone.length) return void (this.model.seq = delta.seq ?? this.model.seq);
    const { fresh, links } = this.model.merge(delta.nodes, delta.edges, delta.gone);
    this.model.seq = delta.seq ?? this.model.seq;
    place(this.model, fresh);
    this.groups.learn(this.model, this.settings.communities);
    this.timeline.span(this.model.first(), this.model.last());
    show(this.model, this.filters, (row) => this.groups.of(row));
    this.scale();
    const { node } = this.paint;
    this.model.draw(fresh, links, this.paint);
    this.model.graph.updateEachNodeAttributes((_, data) => Object.assign(data, node(data.row)));
    this.ink.rank();
    this.selected = this.again(this.selected);
    this.path = this.again(this.path);
    this.fresh = new Set(fresh);
    clearTimeout(this.glow);
    this.glow = setTimeout(() => { this.fresh = new Set(); this.renderer.refresh({ partialGraph: {}, skipIndexation: true }); }, 4 * SECOND);
    if (!this.renderer.getCustomBBox() || fresh.length === this.model.nodes.size) {
      this.frame(false);
      this.renderer.refresh();
    }
    this.draw();
  }

  // ---- what is shown
  filter() {
    const changed = show(this.model, this.filters, (row) => this.groups.of(row));
    if (changed.nodes.length || changed.edges.length) this.renderer.refresh({ partialGraph: changed, skipIndexation: true });
    this.selected.length === 2 ? this.join() : this.light();
    this.draw();
  }

  flip(group) {
    const off = this.filters.groups;
    off.has(group) ? off.delete(group) : off.add(group);
    this.filter();
  }

  // ---- selection, hover and path
  click(row, more) {
    if (!more) return this.select(this.selected.length === 1 && this.selected[0] === row ? [] : [row]);
    this.select(this.selected.includes(row) ? this.selected.filter((one) => one !== row) : [...this.selected, row]);
  }

  choose(row) {
    this.select([row]);
    this.fly(row);
  }

  select(rows, told = false) {
    const same = rows.length === this.selected.length && rows.every((row, at) => row === this.selected[at]);
    if (same && !this.path.length) return;
    this.selected = rows;
    this.path = [];
    this.tried = false;
    if (rows.length === 2) this.join();
    if (!same && !told) this.tell.selected(rows.map((row) => row.key), this.imposed);
    this.light();
    this.draw();
  }

  impose(data) {
    if (this.imposed === null && !data.selected.length) return;
    this.select(data.selected.map((key) => this.model.nodes.get(key)).filter(Boolean), true);
  }

  join() {
    const [from, to] = this.selected;
    this.path = (from.on && to.on && shortest(from, to)) || [];
    this.tried = !this.path.length;
    this.light();
  }

  showPath(keys) {
    this.path = keys.map((key) => this.model.nodes.get(key)).filter(Boolean);
    this.light();
    this.draw();
    if (keys.length && this.renderer) this.fit(true);
  }

  hover(row) {
    this.hovered = row ?? null;
    this.stage.style.cursor = row ? "pointer" : "";
    this.light();
  }

  light() {
    const over = this.hovered && !this.selected.includes(this.hovered); // what is selected stays lit under the pointer
    this.lit = over ? litBy([this.hovered], []) : litBy(this.selected.filter((row) => row.on), this.path.filter((row) => row.on));
    this.stage.classList.toggle("dim", this.lit !== null);
    if (this.ink) this.inkLit();
  }

  inked() {
    if (!this.ink) return;
    this.named = this.ink.names(this.theme);
    this.inkLit();
  }

  inkLit() {
    const fresh = { nodes: new Set([...this.fresh].filter((row) => row.on)), edges: [], rings: new Set(), fresh: this.fresh, strong: false };
    this.ink.lit(this.theme, this.lit ?? fresh);
  }

  // ---- camera
  fly(row) {
    if (!row.on) this.reveal(row);
    const { x, y } = this.renderer.getNodeDisplayData(row.key);
    const ratio = Math.min(this.renderer.getCamera().ratio, Math.max(0.08, Math.min(0.5, 9 / Math.sqrt(this.model.nodes.size))));
    this.move({ x, y, ratio });
  }

  // A concept that was asked for is shown, whatever was filtered.
  reveal(row) {
    this.filters.clear();
    if (row.first_seq > this.filters.step) this.timeline.set(Number(this.timeline.input.max));
    this.filter();
  }

  move(state) {
    const camera = this.renderer.getCamera();
    if (CALM.matches) camera.setState(state);
    else camera.animate(state, { duration: 450, easing: "quadraticInOut" });
  }

  zoom(factor) {
    this.move({ ratio: this.renderer.getCamera().getBoundedRatio(this.renderer.getCamera().ratio * factor) });
  }

  fit(shown = false) {
    const rows = [...this.model.nodes.values()].filter((row) => row.on || !shown);
    if (!rows.length) return;
    this.renderer.setCustomBBox(this.room(rows));
    this.renderer.refresh();
    this.move({ x: 0.5, y: 0.5, ratio: 1 });
  }

  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(`graphgrow ${this.key}`));
    } catch {
      return null; // storage is refused, or holds something else
    }
  }

  remember() {
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      const kept = { camera: this.renderer.getCamera().getState(), box: this.renderer.getCustomBBox() };
      try {
        sessionStorage.setItem(`graphgrow ${this.key}`, JSON.stringify(kept));
      } catch {
        this.kept = kept; // storage is refused: the camera lasts as long as the picture
      }
    }, 250);
  }

  // ---- keys
  typed(event) {
    if (event.key === "Escape") return event.type === "keydown" && this.escape(event);
    if (event.key === "/" && event.type === "keydown" && event.composedPath()[0].tagName !== "INPUT") this.toSearch(event);
    event.stopPropagation(); // the page around has one-letter shortcuts of its own
  }

  anywhere(event) {
    const from = event.composedPath()[0];
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName) || from.isContentEditable) return;
    if (event.key === "/") this.toSearch(event);
    if (event.key === "Escape") this.escape(event);
  }

  toSearch(event) {
    event.preventDefault();
    this.search.input.focus();
    this.search.input.select();
  }

  escape(event) {
    event.preventDefault();
    event.stopPropagation();
    this.search.clear();
    this.panel.element.hidden = true;
    this.hovered = null;
    if (this.filters.around) {
      this.filters.around = null;
      this.filter();
    }
    this.select([]);
  }

  stageKey(event) {
    const camera = this.renderer.getCamera();
    const step = 0.1 * camera.ratio;
    const moves = { ArrowLeft: { x: camera.x - step }, ArrowRight: { x: camera.x + step }, ArrowUp: { y: camera.y + step }, ArrowDown: { y: camera.y - step } };
    if (moves[event.key]) this.move(moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.5);
    else if (event.key === "-") this.zoom(1.5);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  openFilters() {
    this.panel.element.hidden = !this.panel.element.hidden;
    this.draw();
  }

  // ---- words
  draw() {
    const { model, filters, settings } = this;
    if (!this.renderer) return;
    const on = { nodes: 0, edges: 0 };
    for (const row of model.nodes.values()) on.nodes += row.on;
    for (const row of model.edges.values()) on.edges += row.on;
    const noun = settings.noun ?? "concepts";
    const total = Math.max(settings.total ?? 0, model.nodes.size);
    this.words = on.nodes < total
      ? `showing ${number(on.nodes)} of ${plural(total, noun)}, ${plural(on.edges, "relations")}`
      : `${plural(total, noun)}, ${plural(on.edges, "relations")}`;
    this.say();
    const groups = this.groups.list(model);
    this.stage.setAttribute("aria-label", this.alternative(on, noun, groups));
    this.legend.draw(this.groups, model, filters.groups, this.theme);
    if (!this.panel.element.hidden) this.panel.draw(model);
    this.funnel.setAttribute("aria-expanded", String(!this.panel.element.hidden));
    this.funnel.classList.toggle("active", filters.active);
    this.card.draw({ selected: this.selected, path: this.path, tried: this.tried && this.selected.length === 2, around: filters.around, commands: settings.commands ?? [], groups: this.groups });
    this.empty.hidden = on.nodes > 0;
    this.empty.textContent = model.nodes.size ? "Nothing is left to show: the filters or the slider hide everything." : (settings.empty ?? "Nothing here yet. Concepts appear as soon as the graph grows.");
    this.element.classList.toggle("bare", model.nodes.size === 0);
  }

  say(live = this.live) {
    this.live = live;
    const words = [this.words, live === "live" ? "live" : live === "waiting" ? "waiting for the server" : ""].filter(Boolean).join(" · ");
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.dataset.live = live ?? "";
  }

  alternative(on, noun, groups) {
    const named = groups.slice(0, 5).map(({ group, count }) => `${this.groups.label(group)} ${number(count)}`).join(", ");
    const drawn = `Graph of ${plural(on.nodes, noun)} and ${plural(on.edges, "relations")}`;
    return on.nodes ? `${drawn}, coloured by ${title(this.groups.mode).toLowerCase()}: ${named}.` : "An empty picture.";
  }

  stop() {
    this.feed.stop();
    this.timeline.stop();
    this.observer.disconnect();
    removeEventListener("keydown", this.global);
    for (const timer of [this.watch, this.glow, this.later]) clearTimeout(timer);
    this.renderer?.kill();
    this.element.remove();
  }
}

const SECOND = 1000;

function box(rows) {
  const span = (all) => {
    if (!all.length) return [0, 1];
    const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
    const edge = low === high ? 1 : 0;
    return [low - edge, high + edge];
  };
  return { x: span(rows.map((row) => row.x)), y: span(rows.map((row) => row.y)) };
}
