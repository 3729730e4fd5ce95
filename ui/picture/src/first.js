// The first picture, drawn where it will stand while the page around it is still on its way: Streamlit's scripts take a
// second to start, and this one needs none of them. The component takes it over when it is mounted.
import css from "./style.css";
import { Picture } from "./picture.js";
import { dress } from "./text.js";

const PLACE = `
:host { position: fixed; z-index: 1; top: 175.3px; left: max(30px, 50vw - 810px); width: calc((min(100vw, 1680px) - 81.4px) * .7); }
@media (max-width: 900px) { :host { top: 220.3px; left: 15px; width: calc(100vw - 30px); } }
@media (max-width: 640px) { :host { top: calc(355.8px + var(--checked, 0px)); } }
`; // as the page has it: see look.py and views/graph.py
const CHECKED = "43.5px"; // of the switch for what is trusted, where all is stacked
const LOOK = 100; // milliseconds
const PATIENCE = 1000; // the same, from the end of the page's script, within which a component is mounted
const SAYS = ["selected", "shown", "heard", "command"];

// `picture`, until it is taken over or the page turns out to have none, in `host`, and what it said so far: of all but
// commands the last word counts.
const early = { picture: null, host: null, heard: [], isOver: false };

// Draws what lies at an address in the colours of the page, for the light and the dark side, unless the page is faster;
// ends when it can be seen.
export async function first(address, colours) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok || early.isOver || isOwnTheme()) return;
  const data = await answer.json();
  if (early.isOver) return;
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  dress(root, css, PLACE);
  const side = colours[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];
  for (const [name, value] of Object.entries(side)) host.style.setProperty(name, value);
  if (data.settings.trusted) host.style.setProperty("--checked", CHECKED);
  document.body.append(host);
  const picture = new Picture(root, data.key);
  Object.assign(early, { picture, host });
  const hear = (name, said) => {
    if (name !== "command") early.heard = early.heard.filter(([other]) => other !== name);
    early.heard.push([name, ...said]);
  };
  picture.update(data, Object.fromEntries(SAYS.map((name) => [name, (...said) => hear(name, said)])));
  watch();
  await frame(); // in which sigma draws
  await frame();
}

function frame() {
  return new Promise((done) => requestAnimationFrame(done));
}

// Whoever has chosen a theme by hand sees none of the system's.
function isOwnTheme() {
  return Object.keys(localStorage).some((name) => name.startsWith("stActiveTheme") && name.includes(location.pathname) && !/auto|system/i.test(localStorage[name]));
}

// A page that ended without a picture, because something is wrong or it is another view, is not covered by one.
function watch() {
  const { pathname } = location;
  let since = null;
  const timer = setInterval(() => {
    if (early.isOver) return clearInterval(timer);
    const isDone = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
    since = isDone ? since ?? performance.now() : null;
    if (location.pathname !== pathname || (since !== null && performance.now() - since > PATIENCE)) takeOver();
  }, LOOK);
}

// Gives the picture with this key and what it said to a component, which has it from here on, in `root`; null where
// there is none. Any other ends.
export function takeOver(key, root) {
  const { picture, host, heard } = early;
  Object.assign(early, { picture: null, host: null, isOver: true });
  const isWanted = picture && picture.key === key;
  if (isWanted) picture.move(root);
  else picture?.stop();
  host?.remove();
  return isWanted ? { picture, heard } : null;
}
