// What Streamlit calls: once when the component is mounted, and again whenever its data change.
import css from "./style.css";
import { takeOver } from "./first.js";
import { inTurn } from "./line.js";
import { Picture } from "./picture.js";
import { dress } from "./text.js";

export { first } from "./first.js";
export { inTurn } from "./line.js";

const pictures = new WeakMap();
const mounts = new Map();
const APART = 30; // milliseconds

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let picture = pictures.get(parentElement);
  let heard = [];
  if (!picture) {
    dress(parentElement, css);
    mounts.set(data.key, (mounts.get(data.key) ?? 0) + 1);
    ({ picture, heard } = takeOver(data.key, parentElement) ?? { picture: new Picture(parentElement, data.key), heard });
    picture.mounts = () => mounts.get(data.key);
    picture.since = performance.now();
    pictures.set(parentElement, picture);
  }
  const say = (words) => inTurn(words, APART, picture.since, () => pictures.get(parentElement) === picture);
  const tell = {
    selected: (keys, imposed, relation = null) => say(() => setStateValue("selected", { keys, imposed, relation })),
    shown: (shown) => say(() => setStateValue("shown", shown)),
    heard: (seq) => say(() => setStateValue("heard", seq)),
    command: (name, keys) => say(() => setTriggerValue("command", { name, keys })),
  };
  picture.update(data, tell);
  for (const [name, ...said] of heard) tell[name](...said);
  return () => {
    pictures.get(parentElement)?.stop();
    pictures.delete(parentElement);
  };
}
