// Rules of the reader's own: what a concept or a relation is like, and the colour and the size that it has for it.
// A rule is a line of text, so that an address can hold it: field:test:colour:size:value. Whoever writes an address may
// write anything: what is not of this form is no rule, and a value is compared and never drawn as anything but text.
import { h, line, number, short } from "./text.js";

const FORM = /^(\w{1,40}):(is|has|least|most):(#[0-9a-f]{6})?:(\d{1,2}(?:\.\d{1,2})?)?:(.{1,100})$/su;
export const TESTS = { is: "is", has: "contains", least: "is at least", most: "is at most" };
export const MOST = 20; // rules
const TEXTS = ["name", "type", "predicate"];
const OF_RELATIONS = ["predicate", "confidence", "support"];
const [THINNEST, THICKEST] = [0.2, 5]; // times the size without a rule

export function parse(text) {
  const found = typeof text === "string" ? text.match(FORM) : null;
  if (!found) return null;
  const [, field, test, colour, size, value] = found;
  const isText = TEXTS.includes(field);
  if (test !== "is" && isText !== (test === "has")) return null;
  if (!value.trim() || (!isText && !Number.isFinite(Number(value)))) return null;
  if (!colour && !size) return null;
  return {
    text, field, test, colour, isOfRelations: OF_RELATIONS.includes(field), size: size ? Math.min(THICKEST, Math.max(THINNEST, Number(size))) : 1,
    value: isText ? value.trim().toLowerCase() : Number(value),
  };
}

const written = ({ field, test, colour, size, value }) => [field, test, colour.toLowerCase(), size === 1 ? "" : Math.round(100 * size) / 100, value].join(":");
const fieldName = (field) => ({ first_seq: "first step" })[field] ?? field.replaceAll("_", " ");
export const words = (rule) => line(`${fieldName(rule.field)} ${TESTS[rule.test]} ${rule.field === "confidence" ? `${number(rule.value)} %` : typeof rule.value === "number" ? number(rule.value) : rule.value}`);

// What a row has of a field; a confidence in per cent.
function held(row, field) {
  if (TEXTS.includes(field)) return String(row[field] ?? "").toLowerCase();
  if (field === "confidence") return 100 * row.confidence;
  return row[field] ?? row.values?.[field];
}

function fits(rule, row) {
  const value = held(row, rule.field);
  if (value === undefined) return false;
  if (rule.test === "least") return value >= rule.value;
  if (rule.test === "most") return value <= rule.value;
  return rule.test === "has" ? value.includes(rule.value) : value === rule.value;
}

export class Rules {
  constructor() {
    this.all = [];
    this.strange = 0; // how many were given that are no rules
  }

  get texts() {
    return this.all.map((rule) => rule.text);
  }

  set texts(given) {
    const read = (Array.isArray(given) ? given : []).slice(0, MOST).map(parse);
    this.all = read.filter(Boolean);
    this.strange = read.length - this.all.length;
  }

  // The colour, null for none, and the factor of the size of a concept, or of a relation; the last rule that fits decides.
  of(row, isRelation = false) {
    let [colour, size] = [null, 1];
    for (const rule of this.all) {
      if (rule.isOfRelations !== isRelation || !fits(rule, row)) continue;
      colour = rule.colour ?? colour;
      if (rule.size !== 1) size = rule.size;
    }
    return { colour, size };
  }
}

export class StylePanel {
  constructor(rules, changed) {
    Object.assign(this, { rules, changed });
    const choice = (label) => h("select", { "aria-label": label, onchange: () => this.offer() });
    this.field = choice("What the rule looks at");
    this.test = choice("How it compares");
    this.value = h("input", { type: "text", maxLength: 100, placeholder: "value", "aria-label": "With what it compares", onkeydown: (event) => event.key === "Enter" && this.add() });
    this.colour = h("input", { type: "color", value: "#d55e00", "aria-label": "Colour" });
    this.coloured = h("input", { type: "checkbox", checked: true, "aria-label": "Give a colour" });
    this.size = h("input", { type: "number", min: THINNEST, max: THICKEST, step: 0.1, value: 1.5, "aria-label": "Times the size" });
    this.hint = h("p", { className: "hint", role: "status" });
    this.list = h("ul");
    this.element = h("div", { className: "filters style", hidden: true, role: "group", "aria-label": "Style" },
      h("b", { textContent: "Rules of your own" }), this.list,
      h("div", { className: "row" }, this.field, this.test), h("div", { className: "row" }, this.value),
      h("div", { className: "row" }, h("label", { className: "row" }, this.coloured, "Colour"), this.colour, h("span", { textContent: "Size ×" }), this.size),
      h("div", { className: "row" }, h("button", { type: "button", textContent: "Add rule", onclick: () => this.add() })), this.hint);
  }

  // Fields are those that the graph has.
  draw(model) {
    const rows = [...model.nodes.values()];
    const fields = ["name", ...(rows.some((row) => row.type) ? ["type"] : []), "degree", "first_seq", ...model.columns, ...OF_RELATIONS];
    if (fields.join() !== this.fields?.join()) this.field.replaceChildren(...fields.map((field) => h("option", { value: field, textContent: fieldName(field) + (field === "confidence" ? " (%)" : "") })));
    this.fields = fields;
    this.offer();
    const { all, strange } = this.rules;
    this.list.replaceChildren(...all.map((rule, at) => h("li", { className: "row" },
      h("i", { className: "dot", style: rule.colour ? `background:${rule.colour}` : "" }),
      h("span", { textContent: short(words(rule), 40) + (rule.size === 1 ? "" : ` · × ${number(rule.size)}`) }),
      h("button", { type: "button", className: "quiet", textContent: "×", "aria-label": `Remove the rule ${words(rule)}`, onclick: () => this.change(all.filter((_, place) => place !== at)) }))));
    this.hint.textContent = strange ? `${strange} in the address cannot be read as a rule.` : all.length ? "The last rule that fits decides." : "Concepts and relations that fit get the colour and the size.";
  }

  offer() {
    const isText = TEXTS.includes(this.field.value);
    const tests = isText ? ["is", "has"] : ["least", "most", "is"];
    if (tests.join() === this.tests?.join()) return;
    this.tests = tests;
    this.test.replaceChildren(...tests.map((test) => h("option", { value: test, textContent: TESTS[test] })));
  }

  add() {
    const rule = parse(written({ field: this.field.value, test: this.test.value, colour: this.coloured.checked ? this.colour.value : "", size: Number(this.size.value) || 1, value: this.value.value }));
    if (!rule) {
      const isSaid = TEXTS.includes(this.field.value) ? this.value.value.trim() : this.value.value.trim() && Number.isFinite(Number(this.value.value));
      this.hint.textContent = isSaid ? "Give a colour, or a size other than 1." : TEXTS.includes(this.field.value) ? "Say with what it compares." : "Say a number to compare with.";
      return this.value.focus();
    }
    if (this.rules.all.length >= MOST) return void (this.hint.textContent = `There are ${MOST} rules: remove one first.`);
    this.value.value = "";
    this.change([...this.rules.all, rule]);
  }

  change(all) {
    this.rules.texts = all.map((rule) => rule.text);
    this.changed();
  }
}
