// Asks the server once a second for what is new, every other one where nothing has been for long; after an error it waits
// longer, and a hidden page rests.
const SECOND = 1000;
const STILL = 10; // answers without news

export class Feed {
  constructor(since, take, live) {
    Object.assign(this, { since, take, live, url: "", wait: SECOND, timer: 0, writing: false, still: 0 });
  }

  follow(url) {
    if (url === this.url) return;
    this.url = url;
    clearTimeout(this.timer);
    this.live("");
    if (url) this.timer = setTimeout(() => this.ask(), SECOND);
  }

  async ask() {
    if (!this.url) return;
    const asked = this.url;
    try {
      if (!document.hidden) await this.fetch(asked);
      this.wait = this.still > STILL ? 2 * SECOND : SECOND;
      this.live(this.writing ? "live" : "");
    } catch {
      this.wait = Math.min(10 * SECOND, 2 * this.wait);
      this.live("waiting");
    }
    if (asked === this.url) this.timer = setTimeout(() => this.ask(), this.wait);
  }

  async fetch(asked) {
    const url = new URL(asked, document.baseURI);
    url.searchParams.set("since", this.since());
    const answer = await fetch(url, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(`the feed answered ${answer.status}`);
    const delta = await answer.json();
    this.still = delta.writing || delta.seq > this.since() ? 0 : this.still + 1;
    this.writing = Boolean(delta.writing);
    if (asked === this.url) this.take({ seq: delta.seq, nodes: delta.nodes ?? [], edges: delta.edges ?? [], gone: delta.gone ?? [], steps: delta.steps ?? [] });
  }

  stop() {
    this.url = "";
    clearTimeout(this.timer);
  }
}
