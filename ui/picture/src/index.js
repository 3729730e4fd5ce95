// What Streamlit calls: once when the component is mounted, and again whenever its data change.
import css from "./style.css";
import { takeOver } from "./first.js";
import { Picture } from "./picture.js";
import { dress } from "./text.js";

export { first } from "./first.js";

const pictures = new WeakMap();
const mounts = new Map();
const APART = 30; // milliseconds

// Streamlit takes what two parts of a page say at once for that of one: all scripts of the page wait in one line.
function inTurn(say) {
  const next = () => { say(); return new Promise((done) => setTimeout(done, APART)); };
  globalThis.graphgrowTurn = (globalThis.graphgrowTurn ?? Promise.resolve()).then(next);
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let picture = pictures.get(parentElement);
  let heard = [];
  if (!picture) {
    dress(parentElement, css);
    mounts.set(data.key, (mounts.get(data.key) ?? 0) + 1);
    ({ picture, heard } = takeOver(data.key, parentElement) ?? { picture: new Picture(parentElement, data.key), heard });
    picture.mounts = () => mounts.get(data.key);
    pictures.set(parentElement, picture);
  }
  const tell = {
    selected: (keys, imposed, relation = null) => inTurn(() => setStateValue("selected", { keys, imposed, relation })),
    shown: (shown) => inTurn(() => setStateValue("shown", shown)),
    heard: (seq) => inTurn(() => setStateValue("heard", seq)),
    command: (name, keys) => inTurn(() => setTriggerValue("command", { name, keys })),
  };
  picture.update(data, tell);
  for (const [name, ...said] of heard) tell[name](...said);
  return () => {
    pictures.get(parentElement)?.stop();
    pictures.delete(parentElement);
  };
}
