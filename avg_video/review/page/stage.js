// The picture with everything drawn over it: people in their colours, covers by hand, regions, and what is being drawn.

import { colour } from "./colours.js";
import { el, set, svg } from "./dom.js";
import { clock, t } from "./words.js";

export class Stage extends EventTarget {
  size = { w: 1, h: 1 };
  tool = null;
  #store;
  #player;
  #boxes;
  #bitmap = null;
  #shown = null;
  #people = new Map();

  constructor(store, player, boxes) {
    super();
    this.#store = store;
    this.#player = player;
    this.#boxes = boxes;
    this.canvas = el("canvas", { class: "picture", role: "img" });
    this.layers = {
      people: svg("g", { class: "layer-people" }),
      hand: svg("g", { class: "layer-hand" }),
      regions: svg("g", { class: "layer-regions" }),
      tool: svg("g", { class: "layer-tool" }),
      place: svg("g", { class: "layer-place", "aria-hidden": "true" }),
    };
    const { people, hand, regions, tool, place } = this.layers;
    // What is drawn of people is told by the cards; handles and shapes have names of their own.
    people.setAttribute("aria-hidden", "true");
    hand.setAttribute("aria-hidden", "true");
    this.drawing = svg("svg", { class: "drawing" }, regions, hand, people, place, tool);
    this.hint = el("p", { class: "stage-hint", hidden: true, role: "status" });
    this.frame = el("div", { class: "frame" }, this.canvas, this.drawing, this.hint);
    this.root = el("div", { class: "stage" }, this.frame);
    this.#listen();
  }

  #listen() {
    this.#player.on("picture", (picture) => this.#paint(picture));
    this.#player.on("place", () => {
      const pointed = this.layers.place.firstChild;
      if (pointed && Number(pointed.dataset.picture) !== this.#player.index) pointed.remove();
      this.#boxes.at(this.#player.index); // so that they are there when the picture is
    });
    this.#player.on("view", () => this.draw());
    this.#boxes.addEventListener("fresh", () => this.draw());
    this.#store.on("looked", (place) => this.#point(place));
    for (const what of ["choices", "people", "selected"]) this.#store.on(what, () => this.draw());
    new ResizeObserver(() => this.#fit()).observe(this.root);
    this.drawing.addEventListener("pointerdown", (event) => this.#down(event));
    this.drawing.addEventListener("dblclick", (event) => this.tool?.twice?.(this.at(event), event));
  }

  begin() {
    this.#fit();
    this.#name();
  }

  #fit() {
    const { film } = this.#store;
    if (!film) return;
    const room = this.root.getBoundingClientRect();
    if (!room.width) return;
    const w = Math.max(Math.floor(Math.min(room.width, room.height * film.display_aspect)), 80);
    const h = Math.round(w / film.display_aspect);
    if (w === this.size.w && h === this.size.h) return;
    this.size = { w, h };
    this.frame.style.width = `${w}px`;
    this.frame.style.height = `${h}px`;
    set(this.drawing, "viewBox", `0 0 ${w} ${h}`);
    const wanted = Math.min(1920, Math.max(480, Math.ceil((w * Math.min(devicePixelRatio, 2)) / 160) * 160));
    if (wanted !== this.#player.width) {
      this.#player.width = wanted;
      this.#player.seek(this.#player.index);
    }
    this.#repaint();
    this.draw();
    this.dispatchEvent(new Event("fit"));
  }

  /** The picture that is on screen; where the film stands it may still be on its way. What is drawn belongs to it. */
  get index() {
    return this.#shown ?? this.#player.index;
  }

  #paint({ bitmap, index, view }) {
    this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.#shown = index;
    this.frame.dataset.picture = index;
    this.frame.dataset.view = view;
    this.#repaint();
    this.#name();
    this.draw();
  }

  #repaint() {
    const bitmap = this.#bitmap;
    if (!bitmap) return;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
  }

  #name() {
    const view = t(this.frame.dataset.view === "result" ? "film.result" : "film.original");
    set(this.canvas, "aria-label", t("film.picture", { time: clock(this.#store.times?.[this.index] ?? 0), view }));
  }

  /** Fractions of the picture for a pointer. */
  at(event) {
    const box = this.drawing.getBoundingClientRect();
    const part = (value) => Math.min(Math.max(value, 0), 1);
    return [part((event.clientX - box.left) / box.width), part((event.clientY - box.top) / box.height)];
  }

  px([x, y]) {
    return [x * this.size.w, y * this.size.h];
  }

  /** What is under the pointer goes to the tool that is in hand, else it may be somebody. */
  #down(event) {
    if (event.button !== 0) return;
    if (this.tool?.down) {
      event.preventDefault();
      this.tool.down(this.at(event), event);
      return;
    }
    this.dispatchEvent(new CustomEvent("pick", { detail: { number: this.#hit(this.at(event)), event } }));
  }

  /** The smallest box there. */
  #hit([x, y]) {
    const here = this.#boxes.at(this.index)?.people ?? [];
    const margin = 6 / this.size.w;
    const hits = here.filter(({ box }) => x >= box[0] - margin && x <= box[2] + margin && y >= box[1] - margin && y <= box[3] + margin);
    hits.sort((a, b) => area(a.box) - area(b.box));
    return hits[0]?.number ?? null;
  }

  /** The tool takes over the pointer until it is done; `hint` says how it is used. */
  take(tool, hint) {
    this.tool?.dropped?.();
    this.tool = tool;
    this.layers.tool.replaceChildren();
    set(this.hint, "hidden", !hint);
    this.hint.textContent = hint ?? "";
    this.frame.classList.toggle("has-tool", Boolean(tool));
  }

  draw() {
    if (!this.#store.choices) return;
    const here = this.#boxes.at(this.index);
    if (!here) return this.#drawPeople([]); // nobody's box over a picture that it does not belong to
    this.#drawPeople(here.people);
    this.#drawHand(here.hand);
    return this.dispatchEvent(new CustomEvent("drawn", { detail: here }));
  }

  /** Shows where a place to look at is, if nobody's box does, for as long as the film stands there. */
  #point({ box, number, picture }) {
    this.layers.place.replaceChildren();
    if (!box || number !== null) return;
    const [x, y] = this.px(box);
    const [right, bottom] = this.px([box[2], box[3]]);
    const shape = { x: x - 6, y: y - 6, width: right - x + 12, height: bottom - y + 12, rx: 6 };
    this.layers.place.append(svg("rect", { ...shape, class: "pointed", "data-picture": picture }));
  }

  #drawPeople(people) {
    const seen = new Set();
    for (const { number, box, evidence } of people) {
      seen.add(number);
      let drawn = this.#people.get(number);
      if (!drawn) {
        drawn = personMark(number);
        this.#people.set(number, drawn);
        this.layers.people.append(drawn.group);
      }
      const decided = this.#store.decided(number);
      drawn.group.classList.toggle("selected", number === this.#store.selected);
      drawn.group.classList.toggle("unsure", this.#store.person(number)?.confirmed === false);
      set(drawn.group, "data-state", decided?.state ?? "covered");
      set(drawn.group, "data-evidence", evidence);
      this.#place(drawn, box);
    }
    for (const [number, drawn] of this.#people) {
      if (!seen.has(number)) {
        drawn.group.remove();
        this.#people.delete(number);
      }
    }
  }

  #place({ edge, line, chip, label, sign }, box) {
    const [x1, y1] = this.px(box);
    const [x2, y2] = this.px([box[2], box[3]]);
    for (const rect of [edge, line]) {
      set(rect, "x", x1.toFixed(1));
      set(rect, "y", y1.toFixed(1));
      set(rect, "width", Math.max(x2 - x1, 2).toFixed(1));
      set(rect, "height", Math.max(y2 - y1, 2).toFixed(1));
    }
    const w = 20 + label.textContent.length * 8;
    const x = Math.min(Math.max((x1 + x2) / 2 - w / 2, 0), this.size.w - w);
    const y = y1 > 20 ? y1 - 19 : Math.min(y2 + 3, this.size.h - 17);
    set(chip, "x", x.toFixed(1));
    set(chip, "y", y.toFixed(1));
    set(chip, "width", w);
    set(label, "x", (x + w - 5).toFixed(1));
    set(label, "y", (y + 12.5).toFixed(1));
    set(sign, "transform", `translate(${(x + 3).toFixed(1)} ${(y + 2).toFixed(1)}) scale(0.5)`);
  }

  #drawHand(hand) {
    const drawn = hand.map(({ line, box }) => {
      const [x1, y1] = this.px(box);
      const [x2, y2] = this.px([box[2], box[3]]);
      const sides = { x: x1, y: y1, width: Math.max(x2 - x1, 1), height: Math.max(y2 - y1, 1) };
      return svg("rect", { ...sides, class: "by-hand", "data-line": line });
    });
    this.layers.hand.replaceChildren(...drawn);
  }
}

const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);

const SIGNS = {
  shown: "M12 5.500c5 0 8.700 4.200 10 6.500-1.300 2.300-5 6.500-10 6.500S3.300 14.300 2 12c1.300-2.300 5-6.500 10-6.500zm0 2.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  objected: "M8.200 2.500h7.600l5.700 5.700v7.600l-5.700 5.700H8.200l-5.700-5.700V8.200zM7 10.500v3h10v-3z",
  covered: "M3 8h18v8H3z",
};

/** A box with a number on it; the sign beside the number says the state without colour. */
function personMark(number) {
  const tint = colour(number);
  const edge = svg("rect", { class: "edge", rx: 3 });
  const line = svg("rect", { class: "line", rx: 3, stroke: tint });
  const chip = svg("rect", { class: "chip", height: 17, rx: 4, fill: tint });
  const label = svg("text", { class: "label", "text-anchor": "end" }, String(number));
  const paths = Object.entries(SIGNS).map(([state, d]) => svg("path", { d, class: `sign-${state}`, "fill-rule": "evenodd" }));
  const sign = svg("g", { class: "sign" }, ...paths);
  const group = svg("g", { class: "person", "data-number": number }, edge, line, chip, sign, label);
  return { group, edge, line, chip, label, sign };
}
