// What Streamlit calls: once when the component is mounted, and again whenever its data change.
import css from "./style.css";
import { Picture } from "./picture.js";

const pictures = new WeakMap();
const mounts = new Map();

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let picture = pictures.get(parentElement);
  if (!picture) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    const sheets = parentElement.adoptedStyleSheets ?? document.adoptedStyleSheets;
    sheets.push(sheet);
    mounts.set(data.key, (mounts.get(data.key) ?? 0) + 1);
    picture = new Picture(parentElement, data.key, () => mounts.get(data.key));
    pictures.set(parentElement, picture);
  }
  picture.update(data, {
    selected: (keys, imposed, relation = null) => setStateValue("selected", { keys, imposed, relation }),
    shown: (shown) => setStateValue("shown", shown),
    heard: (seq) => setStateValue("heard", seq),
    command: (name, keys) => setTriggerValue("command", { name, keys }),
  });
  return () => {
    pictures.get(parentElement)?.stop();
    pictures.delete(parentElement);
  };
}
