// Colours that people with any colour vision can tell apart, in tints without alpha, on a light and on a dark page.
// Communities: Okabe and Ito's set; its yellow and black are exchanged for shades that can be seen on either paper.
// The sixteen after them are each as far as can be, by OKLab, from all before.
const LIGHT = [
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a68b3", "#9c8a00",
  "#8f0d35", "#3f560c", "#700e99", "#63c638", "#0f3bb7", "#d33068", "#4b4771", "#8c541f",
  "#8cb894", "#b16af1", "#983685", "#6d8af3", "#2b7069", "#9e6974", "#fe8160", "#ee75e6",
];
const DARK = [
  "#4da3dc", "#e9a820", "#2fbf95", "#dd94bd", "#8fd0f5", "#f07a35", "#a99ae0", "#d6c64a",
  "#88851c", "#d0457c", "#9b5dd3", "#63ea89", "#309288", "#98738e", "#eebeac", "#4779ea",
  "#6cae1b", "#b9683b", "#d469cc", "#ad946e", "#debaf6", "#a3ba92", "#8edebf", "#e56c7f",
];
const RAMPS = { light: ["#c9dcea", "#8fbcdc", "#4f93c4", "#1f659f", "#0a3866"], dark: ["#35506a", "#3f79a8", "#58a6d6", "#a5d3ea", "#fbe69a"] };

export const OTHER = "others";

export function theme(host) {
  const style = getComputedStyle(host);
  const read = (name, other) => style.getPropertyValue(name).trim() || other;
  const paper = read("--st-background-color", "#ffffff");
  const dark = luminance(paper) < 0.4;
  const found = { paper, dark, ink: read("--st-text-color", "#31333f"), accent: read("--st-primary-color", "#0072b2") };
  found.font = read("--st-font", "sans-serif");
  found.hues = dark ? DARK : LIGHT;
  found.ramp = RAMPS[dark ? "dark" : "light"];
  found.grey = mix(found.ink, paper, dark ? 0.5 : 0.42);
  found.stamp = [paper, found.ink, found.font].join();
  return found;
}

export function parts(colour) {
  const hex = colour.replace("#", "");
  const full = hex.length === 3 ? [...hex].map((one) => one + one).join("") : hex;
  if (/^[0-9a-f]{6,8}$/i.test(full)) return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [128, 128, 128]).slice(0, 3).map(Number);
}

// `share` of one colour laid on another, as an opaque colour.
export function mix(one, other, share) {
  const [a, b] = [parts(one), parts(other)];
  return "#" + a.map((part, at) => Math.round(share * part + (1 - share) * b[at]).toString(16).padStart(2, "0")).join("");
}

export function luminance(colour) {
  const [r, g, b] = parts(colour).map((part) => part / 255);
  return 0.299 * r + 0.587 * g + 0.114 * b;
}
