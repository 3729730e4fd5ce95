// What a hand does to the picture beside clicks: drags concepts, draws a lasso, and opens menus.
import { h } from "./text.js";

const STILL = 4; // pixels that a click may tremble

export class Hands {
  constructor(picture) {
    Object.assign(this, { picture, held: null, from: null, line: null, isLasso: false, hasDragged: false });
    const { renderer, stage } = picture;
    renderer.on("downNode", ({ node, event }) => {
      if (event.original.button) return;
      this.held = picture.model.nodes.get(node);
      this.from = [event.x, event.y];
      this.hasDragged = false;
    });
    renderer.getMouseCaptor().on("mousemovebody", (event) => {
      if (!this.held || this.isLasso) return;
      event.preventSigmaDefault();
      event.original.preventDefault();
      if (!this.hasDragged && Math.hypot(event.x - this.from[0], event.y - this.from[1]) < STILL) return;
      this.hasDragged = true;
      this.drag(renderer.viewportToGraph(event));
    });
    renderer.getMouseCaptor().on("mouseup", () => {
      if (this.hasDragged) picture.kept.set(this.held.key, [this.held.x, this.held.y]);
      this.held = null;
    });
    renderer.on("rightClickNode", ({ node, event }) => this.open(event, picture.menuOf(picture.model.nodes.get(node))));
    renderer.on("rightClickStage", ({ event }) => {
      const edge = picture.ink.edgeAt(event);
      this.open(event, edge ? picture.menuOfRelation(edge) : picture.menuOfStage());
    });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("pointerdown", (event) => this.begin(event), true);
    stage.addEventListener("pointermove", (event) => this.draw(event), true);
    stage.addEventListener("pointerup", () => this.end(), true);
    for (const name of ["mousedown", "mousemove", "mouseup", "click"])
      stage.addEventListener(name, (event) => this.isLasso && event.stopPropagation(), true);
  }

  // A click that ends a drag selects nothing.
  get isBusy() {
    const was = this.hasDragged;
    this.hasDragged = false;
    return was;
  }

  drag({ x, y }) {
    Object.assign(this.held, { x, y });
    this.picture.model.graph.mergeNodeAttributes(this.held.key, { x, y });
  }

  // ---- lasso
  arm(isLasso) {
    this.isLasso = isLasso;
    this.line = null;
    this.picture.stage.classList.toggle("lasso", isLasso);
    this.picture.lassoButton.setAttribute("aria-pressed", String(isLasso));
  }

  begin(event) {
    this.menu?.remove();
    if (!this.isLasso || event.button) return;
    this.line = [this.spot(event)];
    this.picture.stage.setPointerCapture(event.pointerId);
  }

  draw(event) {
    if (!this.line) return;
    this.line.push(this.spot(event));
    const context = this.picture.ink.canvas("lit").getContext("2d");
    this.picture.inkLit();
    context.beginPath();
    for (const point of this.line) context.lineTo(...point);
    context.closePath();
    context.lineWidth = 1.5;
    context.strokeStyle = this.picture.theme.ink;
    context.setLineDash([5, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  end() {
    if (!this.line) return;
    const { line, picture } = this;
    const caught = [...picture.model.nodes.values()].filter((row) => row.on && inside(picture.renderer.graphToViewport(row), line));
    this.arm(false);
    picture.select(caught);
  }

  spot(event) {
    const { left, top } = this.picture.stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  // ---- menus: entries are [words, what to do]
  open(event, entries) {
    event.preventSigmaDefault?.();
    event.original.preventDefault();
    this.menu?.remove();
    this.menu = h("ul", { className: "menu", role: "menu" }, ...entries.map(([words, act]) =>
      h("li", { role: "none" }, h("button", { type: "button", role: "menuitem", textContent: words,
        onclick: () => { this.close(); act(); } }))));
    this.menu.addEventListener("keydown", (key) => this.walk(key));
    this.picture.middle.append(this.menu);
    const { clientWidth, clientHeight } = this.picture.middle;
    this.menu.style.left = `${Math.max(4, Math.min(event.x, clientWidth - this.menu.offsetWidth - 4))}px`;
    this.menu.style.top = `${Math.max(4, Math.min(event.y, clientHeight - this.menu.offsetHeight - 4))}px`;
    this.menu.querySelector("button")?.focus();
  }

  walk(event) {
    const items = [...this.menu.querySelectorAll("button")];
    const at = items.indexOf(event.composedPath()[0]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    items[(at + step + items.length) % items.length].focus();
  }

  close() {
    this.menu?.remove();
    this.menu = null;
  }
}

function inside({ x, y }, line) {
  let is = false;
  for (let at = 0, last = line.length - 1; at < line.length; last = at++) {
    const [[a, b], [c, d]] = [line[at], line[last]];
    if (b > y !== d > y && x < ((c - a) * (y - b)) / (d - b) + a) is = !is;
  }
  return is;
}
