// Asks the server whether anything is new, once for all parts of a page that listen, and has each of them drawn anew
// only then, one after the other; a hidden page rests.
import { inTurn } from "../graphgrow.picture/picture.js";

const WAIT = 2000; // milliseconds
const LONGEST = 20000;
const STILL = 10; // answers without news after which it asks half as often
const APART = 300; // between two parts
const sources = new Map(); // by address
const listeners = new WeakMap();

class Source {
  constructor(url) {
    Object.assign(this, { url, heard: new Set(), wait: WAIT, still: 0 });
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    try {
      if (!document.hidden) {
        const answer = await fetch(new URL(this.url, document.baseURI), { headers: { accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const { mark } = await answer.json();
        const due = [...this.heard].filter((one) => one.mark !== mark && one.told !== mark);
        this.still = due.length ? 0 : this.still + 1;
        for (const one of due) inTurn(() => one.mark !== mark && one.tell((one.told = mark)), APART, one.since, () => this.heard.has(one));
      }
      this.wait = this.still > STILL ? 2 * WAIT : WAIT;
    } catch {
      this.wait = Math.min(LONGEST, 2 * this.wait);
    }
    if (this.heard.size) this.timer = setTimeout(() => this.ask(), this.wait);
    else sources.delete(this.url);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let listener = listeners.get(parentElement);
  if (!listener) listeners.set(parentElement, (listener = { since: performance.now() }));
  parentElement.closest?.("[data-testid=stElementContainer]")?.style.setProperty("display", "none");
  if (listener.url !== data.url) sources.get(listener.url)?.heard.delete(listener);
  Object.assign(listener, { url: data.url, mark: data.mark, told: "", tell: (news) => setTriggerValue("news", news) });
  if (!sources.has(data.url)) sources.set(data.url, new Source(data.url));
  sources.get(data.url).heard.add(listener);
  return () => {
    sources.get(listener.url)?.heard.delete(listener);
    listeners.delete(parentElement);
  };
}
