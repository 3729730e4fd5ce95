// Asks the server whether anything is new, and has a part of the page drawn anew only then; a hidden page rests.
const listeners = new WeakMap();
const WAIT = 2000; // milliseconds
const LONGEST = 20000;

class Listener {
  constructor() {
    this.wait = WAIT;
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    const { url, mark } = this;
    try {
      if (!document.hidden) {
        const answer = await fetch(new URL(url, document.baseURI), { headers: { accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const news = (await answer.json()).mark;
        if (news !== mark && mark === this.mark && news !== this.told) this.tell((this.told = news));
      }
      this.wait = WAIT;
    } catch {
      this.wait = Math.min(LONGEST, 2 * this.wait);
    }
    if (!this.stopped) this.timer = setTimeout(() => this.ask(), this.wait);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let listener = listeners.get(parentElement);
  if (!listener) listeners.set(parentElement, (listener = new Listener()));
  parentElement.closest?.("[data-testid=stElementContainer]")?.style.setProperty("display", "none");
  Object.assign(listener, { url: data.url, mark: data.mark, told: "", tell: (news) => setTriggerValue("news", news) });
  return () => {
    listener.stop();
    listeners.delete(parentElement);
  };
}
