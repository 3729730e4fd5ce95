"use strict";

// Draws the figures from the data in the page; names from the data become text nodes and nothing else.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const cell = (name, value) => {
    const isNumber = typeof value === "number";
    const made = element(name, undefined, isNumber ? "number" : "");
    made.append(element("bdi", isNumber ? String(value) : value));
    return made;
  };

  const table = ({ rows, columns }) => {
    const made = element("table");
    const head = made.createTHead().insertRow();
    for (const [field, title] of columns) {
      const top = element("th", title, typeof rows[0][field] === "number" ? "number" : "");
      top.scope = "col";
      head.append(top);
    }
    const body = made.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const [field] of columns) line.append(cell("td", row[field]));
    }
    const region = element("div", undefined, "table");
    region.tabIndex = 0;
    region.append(made);
    return region;
  };

  const options = {
    actions: false,
    ast: true, // expressions are interpreted, so that the policy of the page need not allow eval
    config: page.config,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  };

  const draw = async ({ name, spec, rows }) => {
    const place = document.querySelector(`.chart[data-figure="${name}"]`);
    await window.vegaEmbed(place, { ...spec, data: { values: rows } }, options);
    place.dataset.drawn = "yes";
  };

  const drawAll = async () => {
    for (const figure of page.figures) {
      await draw(figure);
      await new Promise((next) => setTimeout(next)); // the reader may scroll in between
    }
    root.dataset.ready = "yes";
  };

  for (const figure of page.figures) {
    const details = document.querySelector(`details[data-figure="${figure.name}"]`);
    details.addEventListener("toggle", () => details.append(table(figure)), { once: true });
  }

  const button = document.getElementById("theme");
  const isDark = () => (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const say = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Use the light colours" : "Use the dark colours");
  };
  button.addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    say();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  say();

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));

  drawAll();
})();
