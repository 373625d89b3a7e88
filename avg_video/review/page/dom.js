// Building the page: elements, icons, and focus that stays where it was when a list is drawn anew.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M7 4.500v15l12-7.500z",
  pause: "M6.500 4.500h4v15h-4zM13.500 4.500h4v15h-4z",
  back: "M17.500 5v14l-9-7zM6 5h2v14H6z",
  on: "M6.500 5v14l9-7zM16 5h2v14h-2z",
  before: "M13 5.500 6.500 12l6.500 6.500 1.600-1.600L9.700 12l4.900-4.900z",
  after: "M11 5.500 17.500 12 11 18.500l-1.600-1.600L14.300 12 9.400 7.100z",
  undo: "M9 4 3.500 9.500 9 15v-3.600h5a3.700 3.700 0 0 1 0 7.400H9V21h5a5.900 5.900 0 0 0 0-11.800H9z",
  redo: "m15 4 5.500 5.500L15 15v-3.600h-5a3.700 3.700 0 0 0 0 7.400h5V21h-5a5.900 5.900 0 0 1 0-11.800h5z",
  bin: "M9 3h6l1 2h4v2H4V5h4zM6 8.500h12L17 21H7z",
  eye: "M12 5.500c5 0 8.700 4.200 10 6.500-1.300 2.300-5 6.500-10 6.500S3.300 14.300 2 12c1.300-2.300 5-6.500 10-6.500zm0 2.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  hand: "M5 5.300 6.300 4 20 17.700 18.700 19zM12 5.500c5 0 8.700 4.200 10 6.500a17 17 0 0 1-2.800 3.500L8.500 6.200A9.500 9.500 0 0 1 12 5.500zM4.800 8.500 15.600 17.800c-1.100.4-2.300.7-3.600.7-5 0-8.700-4.200-10-6.500.5-1 1.500-2.300 2.800-3.500z",
  stop: "M8.200 2.500h7.600l5.700 5.700v7.600l-5.700 5.700H8.200l-5.700-5.700V8.200zM7 10.800v2.400h10v-2.400z",
  flag: "M5 3h2v1h11l-2.500 4.500L18 13H7v8H5z",
  sound: "M4 9h4l5-4v14l-5-4H4zM15.500 8.500a5 5 0 0 1 0 7v-2a2.500 2.500 0 0 0 0-3zM18 6a8.500 8.500 0 0 1 0 12v-2.500a6 6 0 0 0 0-7z",
  silent: "M4 9h4l5-4v14l-5-4H4zM15 10l1.500-1.500L18.500 10.500 20.500 8.500 22 10l-2 2 2 2-1.500 1.500-2-2-2 2L15 14l2-2z",
  check: "m9.500 16.200-4-4L4 13.700l5.500 5.500L20.500 8.200 19 6.700z",
  warn: "M12 3 1.500 21h21zm-1 6.500h2v6h-2zm0 7.500h2v2h-2z",
  box: "M4 6h16v12H4zm2 2v8h12V8z",
  region: "M12 3 3 9.500 6 20h12l3-10.500zm0 2.500 6.600 4.800L16.500 18h-9L5.400 10.300z",
};

/** An element with properties, listeners (`on`) and children; text is only ever text. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for drawings. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props)) set(node, key, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Sets an attribute, a listener table, or text; null and false take an attribute away. */
export function set(node, key, value) {
  if (key === "on") {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (key === "text") {
    if (node.textContent !== value) node.textContent = value;
  } else if (key === "value" && node.localName === "option") {
    node.setAttribute("value", value);
  } else if (key === "value" || key === "checked" || key === "disabled" || key === "hidden" || key === "open") {
    if (node[key] !== value) node[key] = value;
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(key);
  } else if (node.getAttribute(key) !== String(value === true ? "" : value)) {
    node.setAttribute(key, value === true ? "" : value);
  }
}

export function icon(name) {
  const drawn = svg("path", { d: ICONS[name], "fill-rule": "evenodd" });
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, drawn);
}

/** A button with an icon, a text, or both; with an icon alone the text is what it is called. */
export function button(text, click, { icon: drawn = null, bare = false, ...props } = {}) {
  const inside = [drawn && icon(drawn), bare ? null : el("span", { text })];
  const named = bare ? { "aria-label": text, title: text } : {};
  return el("button", { type: "button", ...named, ...props, on: { click } }, ...inside);
}

/** Puts `children` into `root` in the place of what is there; the focus stays with the element of the same data-key. */
export function refill(root, ...children) {
  const active = document.activeElement;
  const key = root.contains(active) ? active.dataset.key : null;
  const scroll = root.scrollTop;
  root.replaceChildren(...children.flat().filter(Boolean));
  root.scrollTop = scroll;
  if (key) root.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

let counted = 0;
/** An id that no other element has. */
export function fresh(prefix) {
  counted += 1;
  return `${prefix}-${counted}`;
}
