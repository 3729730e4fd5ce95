// One picture: sigma on its stage, the controls around it, and what Python says and hears.
import Sigma from "sigma";
import { createNodeBorderProgram } from "@sigma/node-border";
import { EdgeLineProgram, EdgeRectangleProgram } from "sigma/rendering";
import { arrange, LAYOUTS } from "./arrange.js";
import { Camera, calm, extent } from "./camera.js";
import { mix, theme } from "./colours.js";
import { Feed } from "./feed.js";
import { Groups, title, value } from "./groups.js";
import { Hands } from "./hands.js";
import { Ink, litBy } from "./ink.js";
import { Model, otherEnd, rows as rowsOf } from "./model.js";
import { Card, FilterPanel, Legend, Saver, Steps, Timeline, Views } from "./panels.js";
import { place } from "./place.js";
import { pdf, png, svg } from "./save.js";
import { Rules, StylePanel, words } from "./style.js";
import { h, number, plural } from "./text.js";
import { Filters, show, shortest } from "./visible.js";

const circle = createNodeBorderProgram({
  borders: [{ size: { value: 0.14 }, color: { attribute: "rim" } }, { size: { fill: true }, color: { attribute: "color" } }],
});
const SECOND = 1000;
const MANY = 8_000; // relations from which lines are one pixel wide
const MOVING = 3_000; // concepts up to which they glide to new places
const GLIDE = 600; // milliseconds
const WIDE = 760; // pixels from which the legend is open at first
const FAINT = 0.42; // share of its colour that a concept keeps of which nothing is trusted
const OPEN = 150; // concepts up to which lines are strong
const opened = new Set(); // views that were shown once, since pictures come and go with their page
const CALLED = 2.5 * SECOND; // between two times that Python is told of news

export class Picture {
  constructor(root, key) {
    Object.assign(this, { key, mounts: () => 0, stamp: null, imposed: null, shown: "", flown: "", selected: [], path: [], edge: null, hovered: null });
    Object.assign(this, { layout: "force", kept: new Map(), sizeMode: "size", fresh: new Set(), said: null, words: "" });
    this.model = new Model();
    this.filters = new Filters();
    this.groups = new Groups();
    this.rules = new Rules();
    this.build(root);
    this.feed = new Feed(() => this.model.seq, (delta) => this.grow(delta), (state) => this.say(state));
  }

  // ---- the page around the stage
  build(root) {
    this.legend = new Legend((group) => this.flip(group));
    this.panel = new FilterPanel(this.filters, () => this.filter());
    this.timeline = new Timeline((step) => { this.filters.step = step; this.filter(); });
    this.steps = new Steps((keys) => this.showSteps(keys));
    this.views = new Views({
      open: (name) => this.tell.command("open view", [name]),
      save: (name) => this.tell.command("save view", [name, JSON.stringify(this.state)]),
      remove: (name) => this.tell.command("remove view", [name]),
    });
    this.saver = new Saver((kind, width) => ({ png, svg, pdf })[kind](this, width));
    this.style = new StylePanel(this.rules, () => this.restyled());
    this.card = new Card({
      unselect: (row) => this.select(this.selected.filter((one) => one !== row)),
      around: (around) => this.around(around),
      fly: (row) => this.fly(row),
      command: (name) => this.tell.command(name, this.selected.map((row) => row.key)),
    });
    const choice = (label, onchange) => h("select", { "aria-label": label, onchange });
    this.colourBy = choice("Colour by", () => this.recolour(this.colourBy.value));
    this.sizeBy = choice("Size by", () => { this.sizeMode = this.sizeBy.value; this.restyle(); });
    this.layoutBy = choice("Layout", () => this.arrange(this.layoutBy.value));
    this.layoutBy.append(...Object.entries(LAYOUTS).map(([name, words]) => h("option", { value: name, textContent: words })));
    const opens = (text, label, panel) => Object.assign(this.button(text, label, () => this.open(panel)), { panel });
    this.openers = [opens("Filters", "Filters", this.panel), opens("Save", "Save what is shown as a picture", this.saver), opens("Views", "Views of this graph", this.views),
      opens("Style", "Colours and sizes by rules of your own", this.style)];
    this.lassoButton = this.button("Lasso", "Select by drawing around concepts", () => this.hands.arm(!this.hands.isLasso));
    this.lassoButton.setAttribute("aria-pressed", "false");
    this.stage = h("div", { className: "stage", role: "img", tabIndex: 0, onkeydown: (event) => this.stageKey(event) });
    this.empty = h("p", { className: "empty", hidden: true });
    this.status = h("p", { className: "status", role: "status" });
    const by = (words, select) => h("label", { className: "by" }, h("span", { textContent: words }), select);
    this.middle = h("div", { className: "middle" }, this.stage, this.empty, this.panel.element, this.saver.element, this.views.element, this.style.element, this.card.element,
      h("div", { className: "tools", role: "group", "aria-label": "Camera" },
        this.button("+", "Zoom in", () => this.camera.zoom(1 / 1.5)), this.button("−", "Zoom out", () => this.camera.zoom(1.5)),
        this.button("Fit", "Show the whole graph", () => this.fit())));
    this.element = h("div", { className: "gg" },
      h("div", { className: "bar", role: "toolbar", "aria-label": "Picture" },
        by("Colour", this.colourBy), by("Size", this.sizeBy), by("Layout", this.layoutBy),
        this.openers[3], this.openers[0], this.lassoButton, h("span", { className: "space" }), this.openers[2], this.openers[1]),
      this.middle, this.legend.element,
      h("div", { className: "foot" }, this.timeline.element, this.status), this.steps.element);
    for (const name of ["keydown", "keypress", "keyup"]) this.element.addEventListener(name, (event) => this.typed(event));
    this.element.picture = this;
    this.move(root);
    this.legend.element.open = this.element.clientWidth > WIDE || this.element.clientWidth === 0;
    this.global = (event) => this.anywhere(event);
    addEventListener("keydown", this.global);
    this.leaving = () => this.camera?.keep(); // where the camera came to stand just now is kept too
    addEventListener("pagehide", this.leaving);
    this.watch = setInterval(() => this.retheme(), SECOND);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.stage);
  }

  // Puts it into the page, or into another place of it.
  move(root) {
    root.append(this.element);
    this.host = root.host ?? root;
  }

  // A stage that was hidden, or changed its size, is drawn anew; the observer also calls once without a change.
  resized() {
    if (!this.renderer) return;
    const size = `${this.stage.clientWidth} ${this.stage.clientHeight}`;
    if (size === this.size) return;
    this.size = size;
    this.renderer.resize();
    this.renderer.refresh();
    this.camera.again();
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
    // All that stands around the stage comes before what is drawn on it, which else is drawn for another size first.
    this.steps.add(this.settings.steps);
    this.views.draw(this.settings.views ?? []);
    this.openers[2].hidden = !this.settings.views;
    this.openers[3].hidden = !this.settings.style;
    const isFirst = this.stamp === null;
    const renewed = data.stamp !== this.stamp;
    const style = JSON.stringify(this.settings.style ?? []);
    const isStyled = style !== (this.styled ?? "[]"); // Python says others than it said last: a link, or the reader's own
    if (isStyled) this.rules.texts = this.settings.style;
    this.styled = style;
    if (renewed) this.load(data);
    else if (isStyled) this.restyle();
    this.stamp = data.stamp;
    if (data.imposed !== this.imposed) this.impose(data);
    this.imposed = data.imposed;
    const path = data.path.join("\u0000");
    if (path !== this.shown || (renewed && path)) this.showPath(data.path);
    this.shown = path;
    const focus = this.settings.focus ?? "";
    if (focus !== this.flown && this.model.nodes.has(focus)) this.fly(this.model.nodes.get(focus));
    this.flown = focus;
    const { view } = this.settings;
    if (view && !opened.has(view.mark)) this.restore(view.state);
    else if (isFirst && this.selected.length) this.fitAround(this.selected, 0); // a link leads to its concept
    if (view) opened.add(view.mark);
    this.feed.follow(data.feed);
  }

  load(data) {
    const before = new Map([...this.model.nodes].map(([key, row]) => [key, [row.x, row.y]]));
    this.model.load(rowsOf(data.nodes), rowsOf(data.edges), this.settings.seq);
    const rows = [...this.model.nodes.values()];
    place(this.model, rows);
    for (const row of rows) row.home = [row.x, row.y];
    const isOther = before.size > 0 && this.settings.part !== this.part; // of the graph: it has a place of its own
    this.part = this.settings.part;
    const same = !isOther && rows.filter((row) => before.has(row.key)).length > rows.length / 4;
    this.selected = this.again(this.selected);
    this.path = this.again(this.path);
    this.edge = this.edge && (this.model.edges.get(this.edge.key) ?? null);
    this.hovered = null;
    if (!before.size) this.prefer();
    this.choices();
    this.groups.learn(this.model, this.settings.communities, this.settings.colours);
    this.timeline.span(this.model.first(), Math.max(this.model.last(), this.model.seq));
    if (!before.size && Number.isFinite(this.settings.step)) this.timeline.set(this.settings.step);
    show(this.model, this.filters, (row) => this.groups.of(row));
    this.scale();
    const aims = this.aims();
    for (const row of rows) [row.x, row.y] = (same && before.get(row.key)) || aims.get(row.key);
    this.model.draw(rows, this.model.edges.values(), this.paint);
    if (!this.renderer) this.start(); // on an empty graph, so that the full one is drawn once, where it belongs
    this.ink.rank();
    this.camera.aim = same && this.camera.aim ? this.again(this.camera.aim) : null;
    this.loading = true;
    const isKept = same || this.camera.frame(rows, before.size === 0);
    this.draw(); // what is around the stage says how large it is
    this.resized();
    this.process();
    if (same) this.glide(aims);
    else if (isOther || !isKept || !this.camera.shows(rows.slice(0, 1)) && !rows.some((row) => this.camera.shows([row]))) this.fit(0);
    this.loading = false;
    this.light(); // what was selected may be gone
    this.renderer.scheduleRender();
  }

  // Gives sigma the graph, which it would draw at once, where the camera does not stand yet.
  process() {
    const { renderer } = this;
    renderer.render = () => {
      renderer.resize();
      renderer.process();
      renderer.needToProcess = false;
      return renderer;
    };
    renderer.setGraph(this.model.graph);
    delete renderer.render;
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
    this.groups.mode = fill(this.colourBy, ["community", ...([...this.model.nodes.values()].some((row) => row.type) ? ["type"] : []), "age", "degree", ...this.model.columns], this.groups.mode);
    this.sizeMode = fill(this.sizeBy, ["size", "degree", ...this.model.columns], this.sizeMode);
    this.sizeBy.options[0].textContent = "Importance";
  }

  // ---- places
  // Where every concept is to stand: by the chosen layout, but where a hand put it there.
  aims() {
    const arranged = arrange(this.layout, this.model, this.selected[0]);
    if (arranged) fill(arranged, extent([...this.model.nodes.values()].map((row) => ({ x: row.home?.[0] ?? row.x, y: row.home?.[1] ?? row.y }))));
    return new Map([...this.model.nodes].map(([key, row]) => [key, this.kept.get(key) ?? arranged?.get(key) ?? row.home ?? [row.x, row.y]]));
  }

  arrange(mode) {
    this.layout = this.layoutBy.value = mode in LAYOUTS ? mode : "force";
    this.kept.clear();
    this.camera.moved = false;
    this.glide(this.aims());
  }

  // Moves concepts to their places, and the camera with them unless it was moved by hand.
  glide(aims) {
    cancelAnimationFrame(this.gliding);
    const rows = [...this.model.nodes.values()];
    const from = new Map(rows.map((row) => [row, [row.x, row.y]]));
    const begin = performance.now();
    const time = calm() || rows.length > MOVING ? 0 : GLIDE;
    const put = (row, share) => {
      const [[x, y], [a, b]] = [from.get(row), aims.get(row.key) ?? from.get(row)];
      [row.x, row.y] = [x + share * (a - x), y + share * (b - y)];
    };
    const frame = () => {
      const passed = time ? Math.min(1, (performance.now() - begin) / time) : 1;
      const share = passed * passed * (3 - 2 * passed);
      for (const row of rows) put(row, share);
      this.model.graph.updateEachNodeAttributes((_, data) => Object.assign(data, { x: data.row.x, y: data.row.y }), { attributes: ["x", "y"] });
      if (passed < 1) return void (this.gliding = requestAnimationFrame(frame));
      this.renderer.refresh();
      this.camera.again(); // the stage may have become another one meanwhile
    };
    for (const row of rows) put(row, 1);
    if (!this.camera.moved) this.fit(time);
    frame();
  }

  // ---- sigma
  start() {
    this.size = `${this.stage.clientWidth} ${this.stage.clientHeight}`;
    this.renderer = new Sigma(new Model().graph, this.stage, {
      allowInvalidContainer: true, renderLabels: false, zIndex: true, stagePadding: 36, doubleClickZoomingRatio: 1,
      minCameraRatio: 0.01, maxCameraRatio: 20, zoomDuration: calm() ? 0 : 180,
      nodeProgramClasses: { circle }, edgeProgramClasses: { line: EdgeLineProgram, band: EdgeRectangleProgram },
      defaultDrawNodeHover: () => {},
      nodeReducer: (_, data) => { data.hidden = !data.row.on; return data; },
      edgeReducer: (_, data) => { data.hidden = !data.row.on; return data; },
    });
    this.ink = new Ink(this.renderer, this.model);
    this.camera = new Camera(this.renderer, this.key, () => this.covered());
    for (const [name, canvas] of Object.entries(this.renderer.getCanvases()))
      if (!["lit", "mouse"].includes(name)) canvas.classList.add("base", name);
    const on = (name, act) => this.renderer.on(name, act);
    on("afterRender", () => this.inked());
    on("enterNode", ({ node }) => this.hover(this.model.nodes.get(node)));
    on("leaveNode", () => this.hover(null));
    on("clickNode", ({ node, event }) => this.hands.isBusy || this.click(this.model.nodes.get(node), event.original.shiftKey));
    on("doubleClickNode", ({ node, event, preventSigmaDefault }) => {
      preventSigmaDefault(); // two quick clicks are two clicks where they hit two concepts
      const row = this.model.nodes.get(node);
      if (!this.selected.includes(row)) this.click(row, event.original.shiftKey);
    });
    on("clickStage", ({ event }) => {
      const edge = this.ink.edgeAt(event);
      edge ? this.relate(edge) : this.select([]);
    });
    this.hands = new Hands(this);
  }

  // The height of the strip that lies on the stage while something is selected.
  covered() {
    return this.card.element.hidden ? 0 : this.card.element.offsetHeight + 10;
  }

  get paint() {
    const { theme: colours, groups, model, rules } = this;
    const bands = model.edges.size <= MANY;
    const faint = new Map();
    const tint = (colour, share) => {
      const known = colour + share;
      if (!faint.has(known)) faint.set(known, mix(colour, colours.paper, share));
      return faint.get(known);
    };
    const share = model.edges.size > 3000 ? 0.16 : model.nodes.size <= OPEN ? 0.55 : 0.3;
    const sure = this.settings?.trusted ?? 0; // 0 where nothing was checked yet, so that nothing is fainter than the rest
    return {
      node: (row) => {
        row.colour = rules.of(row).colour ?? groups.colour(groups.of(row), colours);
        row.isFaint = sure > 0 && !row.links.some((edge) => edge.confidence >= sure);
        row.tint = row.isFaint ? tint(row.colour, FAINT) : row.colour;
        return { size: row.px, color: row.tint, rim: colours.paper, zIndex: Math.round(row.px * 4), type: "circle" };
      },
      edge: (row) => {
        const [one, other] = [groups.of(row.source), groups.of(row.target)];
        row.isFaint = row.confidence < sure;
        const strength = (row.isFaint ? 0.6 : 1) * (one === other ? share + 0.1 : share * 0.75);
        const ruled = rules.of(row, true);
        const colour = ruled.colour ?? tint(one === other ? groups.colour(one, colours) : colours.ink, Math.round(strength * 100) / 100);
        const size = Math.min(2.6, (bands ? 0.7 : 0.5) + 0.3 * Math.log2(Math.max(1, row.support)) + 0.9 * row.confidence);
        return { color: colour, size: size * ruled.size, type: bands ? "band" : "line" };
      },
    };
  }

  scale() {
    const nodes = [...this.model.nodes.values()];
    const seen = nodes.map((row) => Math.max(0, value(row, this.sizeMode)));
    const top = seen.reduce((a, b) => Math.max(a, b), 0) || 1;
    const crowd = Math.min(1, Math.max(0.3, 14 / Math.sqrt(nodes.length + 1) + 0.25));
    nodes.forEach((row, at) => (row.px = this.rules.of(row).size * crowd * (3.6 + 13 * Math.sqrt(seen[at] / top))));
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

  // The reader's rules are other ones: the address is to hold them.
  restyled() {
    this.tell.command("style", this.rules.texts);
    this.restyle();
  }

  // What the legend says: groups that can be switched off, and after them the rules.
  get entries() {
    const groups = this.groups.list(this.model, this.filters.groups).map(({ group }) => ({ colour: this.groups.colour(group, this.theme), label: this.groups.label(group) }));
    return [...groups, ...this.ruled];
  }

  get ruled() {
    return this.rules.all.filter((rule) => rule.colour).map((rule) => ({ colour: rule.colour, label: words(rule) }));
  }

  recolour(mode) {
    this.groups.mode = mode;
    this.filters.groups.clear();
    this.groups.learn(this.model, this.settings.communities, this.settings.colours);
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
    this.steps.add(delta.steps);
    if (!delta.nodes.length && !delta.edges.length && !delta.gone.length) return void (this.model.seq = delta.seq ?? this.model.seq);
    const { fresh, links } = this.quietly(() => this.model.merge(delta.nodes, delta.edges, delta.gone));
    this.model.seq = delta.seq ?? this.model.seq;
    place(this.model, fresh);
    for (const row of fresh) if (row.community < 0) row.community = around(row);
    this.groups.learn(this.model, this.settings.communities, this.settings.colours);
    this.timeline.span(this.model.first(), Math.max(this.model.last(), this.model.seq));
    show(this.model, this.filters, (row) => this.groups.of(row));
    this.scale();
    const { node } = this.paint;
    this.quietly(() => {
      this.model.draw(fresh, links, this.paint);
      this.model.graph.updateEachNodeAttributes((_, data) => Object.assign(data, node(data.row)));
    });
    this.renderer.refresh({ schedule: true });
    this.ink.rank();
    this.selected = this.again(this.selected);
    this.path = this.again(this.path);
    this.light();
    this.fresh = new Set(fresh);
    clearTimeout(this.glow);
    this.glow = setTimeout(() => { this.fresh = new Set(); this.renderer.refresh({ partialGraph: {}, skipIndexation: true }); }, 4 * SECOND);
    if (!this.renderer.getCustomBBox() || fresh.length === this.model.nodes.size) {
      this.camera.frame([...this.model.nodes.values()], false);
      this.renderer.refresh();
      this.fit(0);
    }
    if (!this.camera.moved) this.fit(GLIDE);
    this.draw();
    this.call();
  }

  // Changes the graph without sigma, which takes in the whole of it anew for each line that goes; it has to be refreshed.
  quietly(work) {
    const { renderer } = this;
    renderer.refresh = () => renderer;
    try {
      return work();
    } finally {
      delete renderer.refresh;
    }
  }

  // Python hears of news every few seconds, and then sends settled places, communities and tables.
  call() {
    if (this.calling) return;
    const rest = Math.max(CALLED, this.model.nodes.size) - (performance.now() - (this.called ?? 0));
    this.calling = setTimeout(() => {
      this.calling = 0;
      if (this.hands.held || this.hands.line) return this.call();
      this.called = performance.now();
      this.tell.heard(this.model.seq);
    }, Math.max(250, rest));
  }

  // ---- what is shown
  filter() {
    const changed = show(this.model, this.filters, (row) => this.groups.of(row));
    if (changed.nodes.length || changed.edges.length) this.renderer.refresh({ partialGraph: changed, skipIndexation: true });
    this.selected.length === 2 && !this.edge ? this.join() : this.light();
    this.draw();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tellShown(), 500);
  }

  // Python's tables and files hold what the picture shows.
  tellShown() {
    const [nodes, edges] = [this.model.shown("nodes"), this.model.shown("edges")];
    const shown = nodes === null && edges === null ? null : { stamp: this.stamp, nodes, edges };
    if (JSON.stringify(shown) === JSON.stringify(this.said)) return;
    this.said = shown;
    this.tell.shown(shown);
  }

  flip(group) {
    const off = this.filters.groups;
    off.has(group) ? off.delete(group) : off.add(group);
    this.filter();
  }

  around(around) {
    this.filters.around = around;
    this.filters.beside.clear();
    this.filter();
    this.fit();
  }

  // Brings in the neighbours of a concept: those that are hidden here, and by Python those that are not drawn.
  expand(row) {
    for (const edge of row.links) this.filters.hidden.delete(otherEnd(edge, row).key);
    this.filters.beside.add(row.key);
    this.filter();
    if (this.settings.partial) this.tell.command("neighbours", [row.key]);
    this.fitAround([row]);
  }

  // ---- selection, hover and path
  click(row, more) {
    if (!more) return this.select(this.selected.length === 1 && this.selected[0] === row ? [] : [row]);
    this.select(this.selected.includes(row) ? this.selected.filter((one) => one !== row) : [...this.selected, row]);
  }

  select(rows, told = false) {
    const same = rows.length === this.selected.length && rows.every((row, at) => row === this.selected[at]);
    if (same && !this.path.length && !this.edge) return;
    Object.assign(this, { selected: rows, path: [], edge: null, tried: false });
    if (rows.length === 2) this.join();
    if (!told) this.tell.selected(rows.map((row) => row.key), this.imposed);
    this.light();
    this.draw();
    if (this.layout === "radial" && rows.length === 1) this.glide(this.aims());
    else if (rows.length && rows.length <= 2 && !told) this.fitAround(rows, undefined, true);
  }

  // A relation that was clicked is lit between its ends, and Python shows what says so.
  relate(edge) {
    Object.assign(this, { edge, selected: [...new Set([edge.source, edge.target])], path: [edge.source, edge.target], tried: false });
    this.tell.selected(this.selected.map((row) => row.key), this.imposed, [edge.source.key, edge.raw, edge.target.key]);
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
    if (keys.length && this.renderer) this.camera.fit(this.path, { follows: false });
  }

  // What a step asked about, which may be merged or rejected by now.
  showSteps(keys) {
    const rows = keys.map((key) => this.model.nodes.get(key)).filter(Boolean);
    rows.filter((row) => !row.on).slice(0, 1).forEach((row) => this.reveal(row));
    this.select(rows);
  }

  hover(row) {
    this.hovered = row ?? null;
    this.stage.style.cursor = row ? "pointer" : "";
    this.light();
  }

  light() {
    const over = this.hovered && !this.selected.includes(this.hovered); // what is selected stays lit under the pointer
    this.lit = over ? litBy([this.hovered], []) : litBy(this.selected.filter((row) => row.on), this.path.filter((row) => row.on), this.edge);
    this.stage.classList.toggle("dim", this.lit !== null);
    if (this.ink) this.inkLit();
  }

  inked() {
    if (!this.ink || this.loading) return; // names are written where the camera comes to stand
    this.named = this.ink.names(this.theme);
    this.inkLit();
  }

  inkLit() {
    const fresh = { nodes: new Set([...this.fresh].filter((row) => row.on)), edges: [], rings: new Set(), fresh: this.fresh, strong: false, named: new Set(this.named) };
    this.ink.lit(this.theme, this.lit ?? fresh);
  }

  // ---- camera
  fly(row) {
    if (!row.on) this.reveal(row);
    this.camera.fly(row);
  }

  // A concept that was asked for is shown, whatever was filtered.
  reveal(row) {
    this.filters.clear();
    if (row.first_seq > this.filters.step) this.timeline.set(Number(this.timeline.input.max));
    this.filter();
  }

  fit(time) {
    this.camera.fit([...this.model.nodes.values()].filter((row) => row.on), { time });
  }

  // Concepts with their neighbours, or the path between them; `ifHidden` leaves the camera where all is in sight.
  fitAround(rows, time, ifHidden = false) {
    const near = new Set(this.path.length ? this.path : rows);
    if (!this.path.length) for (const row of rows) for (const edge of row.links) if (edge.on) near.add(otherEnd(edge, row));
    const shown = [...near].filter((row) => row.on);
    if (!ifHidden || !this.camera.shows(shown)) this.camera.fit(shown, { follows: false, time });
  }

  // ---- menus and views
  menuOf(row) {
    if (!this.selected.includes(row)) this.select([row]);
    const keys = this.selected.map((one) => one.key);
    const commands = Object.entries(this.settings.commands ?? {}).filter(([name]) => Number.isNaN(Number(name)) && (name !== "merge" || keys.length === 2));
    return [
      ["Show its neighbours", () => this.expand(row)],
      ["Show only what is around it", () => this.around({ key: row.key, depth: 1 })],
      ["Arrange in rings around it", () => this.arrange("radial")],
      ["Hide", () => { for (const key of keys) this.filters.hidden.add(key); this.select([]); this.filter(); }],
      ...(this.kept.has(row.key) ? [["Move it back to its place", () => { this.kept.delete(row.key); this.glide(this.aims()); }]] : []),
      ...commands.map(([name, words]) => [words, () => this.tell.command(name, keys)]),
    ];
  }

  menuOfRelation(edge) {
    return [["Show the evidence", () => this.relate(edge)],
      [`Hide all “${edge.predicate.slice(0, 30)}”`, () => { this.filters.predicates.add(edge.predicate); this.filter(); }]];
  }

  menuOfStage() {
    const layouts = Object.entries(LAYOUTS).map(([name, words]) => [`Layout: ${words.toLowerCase()}`, () => this.arrange(name)]);
    return [["Show the whole graph", () => this.fit()], ["Show everything again", () => { this.filters.clear(); this.filter(); }], ...layouts];
  }

  // What a view keeps, as JSON.
  get state() {
    const { groups, sizeMode, layout, kept, filters, renderer } = this;
    return { colour: groups.mode, size: sizeMode, style: this.rules.texts, layout, kept: [...kept], filters: filters.state, camera: renderer.getCamera().getState(), box: renderer.getCustomBBox() };
  }

  restore(state) {
    this.filters.state = state.filters;
    this.kept = new Map(Array.isArray(state.kept) ? state.kept : []);
    this.layout = this.layoutBy.value = state.layout in LAYOUTS ? state.layout : "force";
    this.groups.mode = state.colour ?? "community";
    this.sizeMode = state.size ?? "size";
    this.choices();
    this.groups.learn(this.model, this.settings.communities, this.settings.colours);
    this.timeline.set(Math.min(this.filters.step, Number(this.timeline.input.max)));
    if (Array.isArray(state.style)) {
      this.rules.texts = state.style;
      this.restyled();
    }
    this.camera.take();
    if (state.box?.x && state.box?.y) this.renderer.setCustomBBox(state.box);
    this.glide(this.aims());
    this.restyle();
    this.filter();
    if (Number.isFinite(state.camera?.ratio)) this.camera.set(state.camera);
    this.camera.take();
  }

  // ---- keys
  typed(event) {
    if (event.key === "Escape") return event.type === "keydown" && this.escape(event);
    event.stopPropagation(); // the page around has one-letter shortcuts of its own
  }

  anywhere(event) {
    const from = event.composedPath()[0];
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName) || from.isContentEditable) return;
    if (event.key === "Escape") this.escape(event);
  }

  escape(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.hands?.menu) return this.hands.close();
    if (this.hands?.isLasso) return this.hands.arm(false);
    this.open(null);
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
    if (moves[event.key]) {
      this.camera.move(moves[event.key]);
      this.camera.take();
    } else if (event.key === "+" || event.key === "=") this.camera.zoom(1 / 1.5);
    else if (event.key === "-") this.camera.zoom(1.5);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  // Opens one of the panels above the stage, or closes it; there is one at a time.
  open(panel) {
    for (const one of [this.panel, this.saver, this.views, this.style]) one.element.hidden = one !== panel || !one.element.hidden;
    for (const opener of this.openers) opener.setAttribute("aria-expanded", String(!opener.panel.element.hidden));
    this.draw();
  }

  // ---- words
  draw() {
    const { model, filters, settings } = this;
    if (!this.renderer) return;
    const on = { nodes: 0, edges: 0, faint: 0 };
    for (const row of model.nodes.values()) on.nodes += row.on;
    for (const row of model.edges.values()) {
      on.edges += row.on;
      on.faint += row.on && row.confidence < (settings.trusted ?? 0);
    }
    const noun = settings.noun ?? "concepts";
    const total = Math.max(settings.total ?? 0, model.nodes.size);
    const trusted = on.faint ? ` (${number(on.edges - on.faint)} trusted)` : "";
    this.words = `${on.nodes < total ? `showing ${number(on.nodes)} of ` : ""}${plural(total, noun)}, ${plural(on.edges, settings.links ?? "relations")}${trusted}`;
    this.say();
    const groups = this.groups.list(model, filters.groups);
    this.stage.setAttribute("aria-label", this.alternative(on, noun, groups));
    this.legend.draw(this.groups, model, filters.groups, this.theme, this.ruled);
    if (!this.panel.element.hidden) this.panel.draw(model);
    if (!this.style.element.hidden) this.style.draw(model);
    this.openers[3].classList.toggle("active", this.rules.all.length > 0);
    this.openers[0].classList.toggle("active", filters.active);
    this.card.draw({ selected: this.selected, path: this.path, edge: this.edge, tried: this.tried && this.selected.length === 2, around: filters.around, commands: settings.commands ?? [], groups: this.groups });
    this.empty.hidden = on.nodes > 0;
    this.empty.textContent = model.nodes.size ? "Nothing is left to show: the filters or the slider hide everything." : (settings.empty ?? "Nothing here yet. Concepts appear as soon as the graph grows.");
    this.element.classList.toggle("bare", model.nodes.size === 0);
  }

  // "live" is said while somebody writes and the slider stands at the end.
  say(live = this.live) {
    this.live = live;
    const word = live === "waiting" ? "waiting for the server" : live === "live" && this.timeline.atEnd ? "live" : "";
    const words = [this.words, word].filter(Boolean).join(" · ");
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.dataset.live = word && live;
  }

  alternative(on, noun, groups) {
    const named = groups.slice(0, 5).map(({ group, count }) => `${this.groups.label(group)} ${number(count)}`).join(", ");
    const drawn = `Graph of ${plural(on.nodes, noun)} and ${plural(on.edges, this.settings.links ?? "relations")}`;
    return on.nodes ? `${drawn}, coloured by ${title(this.groups.mode).toLowerCase()}: ${named}.` : "An empty picture.";
  }

  stop() {
    this.feed.stop();
    this.timeline.stop();
    this.observer.disconnect();
    removeEventListener("keydown", this.global);
    removeEventListener("pagehide", this.leaving);
    this.leaving();
    cancelAnimationFrame(this.gliding);
    for (const timer of [this.watch, this.glow, this.calling, this.telling, this.camera?.later]) clearTimeout(timer);
    this.renderer?.kill();
    this.element.remove();
  }
}

// Stretches places to an extent, so that every layout is as large as the first.
function fill(places, to) {
  const from = extent([...places.values()].map(([x, y]) => ({ x, y })));
  const onto = (value, [a, b], [c, d]) => (b > a ? c + ((value - a) / (b - a)) * (d - c) : (c + d) / 2);
  for (const [key, [x, y]] of places) places.set(key, [onto(x, from.x, to.x), onto(y, from.y, to.y)]);
}

// The community that most neighbours of a new concept are in, until Python knows better.
function around(row) {
  const count = new Map();
  for (const edge of row.links) {
    const { community } = otherEnd(edge, row);
    if (community >= 0) count.set(community, (count.get(community) ?? 0) + 1);
  }
  return [...count].reduce((best, one) => (one[1] > best[1] ? one : best), [-1, 0])[0];
}
