// A search box over the whole graph: asks the server as one types; arrows choose, Enter takes, Esc clears, `/` comes here.
// What it shows are names out of a language model: text alone, never mark-up.
import { inTurn } from "../graphgrow.picture/picture.js";

const css = `
:host { display: block; }
.box { --ink: var(--st-text-color, #1b2733); --paper: var(--st-background-color, #fff); --accent: var(--st-primary-color, #0b6ba8);
  --line: color-mix(in srgb, var(--ink) 22%, var(--paper)); --soft: color-mix(in srgb, var(--ink) 7%, var(--paper));
  --quiet: color-mix(in srgb, var(--ink) 72%, var(--paper)); position: relative; color: var(--ink); font: 14px/1.4 var(--st-font, sans-serif); }
.box * { box-sizing: border-box; }
label { display: block; font-size: 13px; margin-bottom: 4px; }
input { width: 100%; min-height: 38px; padding: 4px 12px; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 8px; }
input:focus-visible { outline: 2px solid var(--accent); outline-offset: 0; }
ul { position: absolute; z-index: 1000; inset: calc(100% + 4px) 0 auto 0; min-width: 260px; max-height: 420px; overflow: auto; margin: 0;
  padding: 4px; list-style: none; background: var(--paper); border: 1px solid var(--line); border-radius: 9px; box-shadow: 0 8px 28px rgb(0 0 0 / 22%); }
li { display: flex; gap: 8px; align-items: baseline; padding: 6px 8px; border-radius: 6px; cursor: pointer; }
li[aria-selected="true"], li[role="option"]:hover { background: var(--soft); }
li span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate; }
small { color: var(--quiet); font-size: 12px; }
li.rest { color: var(--quiet); cursor: default; }
[hidden] { display: none; }`;
const PAUSE = 120; // milliseconds after the last letter
const APART = 30; // to what another part of the page says
const boxes = new WeakMap();
let count = 0;

const element = (name, { attributes = {}, ...properties }, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

class SearchBox {
  constructor(parent) {
    const id = `search-${(count += 1)}`;
    this.id = id;
    this.found = [];
    this.at = 0;
    this.label = element("label", { htmlFor: id });
    this.input = element("input", { id, type: "search", autocomplete: "off", spellcheck: false,
      attributes: { role: "combobox", "aria-controls": `${id}-found`, "aria-expanded": "false", "aria-autocomplete": "list" } });
    this.list = element("ul", { id: `${id}-found`, hidden: true, attributes: { role: "listbox", "aria-label": "Suggestions" } });
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), PAUSE); });
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    const root = parent.getRootNode();
    root.adoptedStyleSheets = [...(root.adoptedStyleSheets ?? []), sheet];
    parent.replaceChildren(element("div", { className: "box" }, this.label, this.input, this.list));
    this.slash = (event) => {
      const typing = event.composedPath()[0]?.matches?.("input, textarea, select, [contenteditable=true]");
      if (event.key !== "/" || typing || !this.first || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.input.focus();
    };
    document.addEventListener("keydown", this.slash, true);
  }

  update(data, choose) {
    Object.assign(this, { url: data.url, first: data.first, choose });
    this.label.textContent = data.label;
    this.label.hidden = !data.shows_label;
    this.input.setAttribute("aria-label", data.label);
    this.input.placeholder = data.placeholder;
    if (data.stamp !== this.stamp) this.input.value = data.value;
    this.stamp = data.stamp;
  }

  async ask() {
    const text = this.input.value;
    if (!text.trim()) return this.show([]);
    const url = new URL(this.url, document.baseURI);
    url.searchParams.set("q", text.slice(0, 200));
    try {
      const answer = await fetch(url, { headers: { accept: "application/json" } });
      const said = answer.ok || answer.status === 400 ? await answer.json() : {};
      const otherwise = answer.ok ? "Nothing in the graph is called that." : said.error ?? "The server does not answer just now.";
      if (text === this.input.value) this.show(said.found ?? [], otherwise);
    } catch {
      this.show([], "The server does not answer just now.");
    }
  }

  show(found, otherwise = "") {
    Object.assign(this, { found, at: 0, otherwise });
    this.draw();
  }

  draw() {
    const rows = this.found.map((one, place) => {
      const what = one.kind === "pattern" ? `${one.links} concepts` : one.kind === "predicate" ? `relation, ${one.links} times: ${one.keys.length} of its concepts` : one.also ? `also: ${one.also}` : `${one.links}`;
      const row = element("li", { id: `${this.id}-${place}`, attributes: { role: "option", "aria-selected": String(place === this.at) } },
        element("span", { textContent: one.name, title: one.name }), element("small", { textContent: what.slice(0, 60) }));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); this.take(one); });
      return row;
    });
    if (!rows.length && this.otherwise) rows.push(element("li", { className: "rest", textContent: this.otherwise }));
    this.list.replaceChildren(...rows);
    this.list.hidden = !rows.length;
    this.input.setAttribute("aria-expanded", String(rows.length > 0));
    this.input.setAttribute("aria-activedescendant", this.found.length ? `${this.id}-${this.at}` : "");
    rows[this.at]?.scrollIntoView({ block: "nearest" });
  }

  async key(event) {
    if (event.key === "ArrowDown") this.at = Math.min(this.found.length - 1, this.at + 1);
    else if (event.key === "ArrowUp") this.at = Math.max(0, this.at - 1);
    else if (event.key === "Escape") {
      if (!this.input.value && this.list.hidden) this.input.blur(); // the next one is for the picture
      this.input.value = "";
      return this.close();
    }
    else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.timer);
      if (!this.found.length || this.list.hidden) await this.ask();
      if (this.found[this.at]) this.take(this.found[this.at]);
      return;
    } else return;
    event.preventDefault();
    this.draw();
  }

  take(one) {
    this.input.value = one.name;
    this.close();
    this.choose({ keys: one.keys, kind: one.kind });
  }

  close() {
    Object.assign(this, { found: [], otherwise: "" });
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  stop() {
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.slash, true);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let box = boxes.get(parentElement);
  if (!box) {
    box = Object.assign(new SearchBox(parentElement), { since: performance.now() });
    boxes.set(parentElement, box);
  }
  box.update(data, (chosen) => {
    inTurn(() => setTriggerValue("chosen", chosen), APART, box.since, () => boxes.get(parentElement) === box);
  });
  return () => {
    box.stop();
    boxes.delete(parentElement);
  };
}
