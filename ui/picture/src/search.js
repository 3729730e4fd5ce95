// A search box with suggestions: arrows choose, Enter flies there, Esc clears, `/` comes here from anywhere.
import { h, plural } from "./text.js";

const MOST = 8;

export function matches(model, text) {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [];
  const scored = [];
  for (const row of model.nodes.values()) {
    const at = row.small.indexOf(wanted);
    if (at < 0) continue;
    const rank = row.small === wanted ? 0 : at === 0 ? 1 : row.small[at - 1] === " " ? 2 : 3;
    scored.push([rank, -row.degree, row]);
  }
  scored.sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2].name < b[2].name ? -1 : 1));
  return scored.map(([, , row]) => row);
}

export class Search {
  constructor(model, choose) {
    this.model = model;
    this.choose = choose;
    this.at = 0;
    this.found = [];
    this.list = h("ul", { className: "found", role: "listbox", id: "found", hidden: true, "aria-label": "Suggestions" });
    this.input = h("input", {
      type: "search", placeholder: "Find in the picture", autocomplete: "off", spellcheck: false, role: "combobox",
      "aria-label": "Search for a concept", "aria-controls": "found", "aria-expanded": "false", "aria-autocomplete": "list",
      oninput: () => this.suggest(), onfocus: () => this.suggest(), onkeydown: (event) => this.key(event),
      onblur: () => setTimeout(() => this.close(), 150),
    });
    this.element = h("div", { className: "search" }, this.input, this.list);
  }

  suggest() {
    this.found = matches(this.model, this.input.value);
    this.at = 0;
    this.draw();
  }

  draw() {
    const shown = this.found.slice(0, MOST);
    const items = shown.map((row, place) =>
      h("li", {
          role: "option", id: `found-${place}`, "aria-selected": String(place === this.at),
          onmousedown: (event) => { event.preventDefault(); this.take(row); },
        },
        h("i", { className: "dot", style: `background:${row.colour}` }), h("span", { textContent: row.label }),
        h("small", { textContent: `${row.degree}` })));
    const rest = this.found.length - shown.length;
    if (rest > 0) items.push(h("li", { className: "rest", textContent: `and ${plural(rest, "more")}` }));
    if (!shown.length && this.input.value.trim()) items.push(h("li", { className: "rest", textContent: "No concept has that in its name." }));
    this.list.replaceChildren(...items);
    this.list.hidden = !items.length;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.input.setAttribute("aria-activedescendant", shown.length ? `found-${this.at}` : "");
  }

  key(event) {
    const last = Math.min(MOST, this.found.length) - 1;
    if (event.key === "ArrowDown") this.at = Math.min(last, this.at + 1);
    else if (event.key === "ArrowUp") this.at = Math.max(0, this.at - 1);
    else if (event.key === "Enter" && this.found[this.at]) return this.take(this.found[this.at]);
    else return;
    event.preventDefault();
    this.draw();
  }

  take(row) {
    this.input.value = row.label;
    this.close();
    this.choose(row);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  clear() {
    this.input.value = "";
    this.close();
  }
}
