// The bar under the film: where it stands, where to look, when the person that is chosen is in view.

import { colour } from "./colours.js";
import { el, set, svg } from "./dom.js";
import { clock, t } from "./words.js";

const WIDTH = 1000;

export class Timeline {
  #store;
  #player;

  constructor(store, player) {
    this.#store = store;
    this.#player = player;
    this.slider = el("input", { type: "range", min: 0, max: 1, step: 1, class: "scrub", on: {
      input: () => this.#go(Number(this.slider.value)),
      change: () => player.rest(),
    } });
    this.marks = svg("svg", { class: "marks", viewBox: `0 0 ${WIDTH} 26`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.root = el("div", { class: "timeline" }, this.marks, this.slider);
    player.on("place", () => this.place());
    for (const what of ["uncertain", "choices", "selected"]) store.on(what, () => this.draw());
  }

  begin() {
    set(this.slider, "max", this.#player.last);
    set(this.slider, "aria-label", t("film.scrub"));
    this.place();
    this.draw();
  }

  /** Arrow keys move by one picture, and then no other will do for the moment. */
  #go(index) {
    const by = index - this.#player.index;
    if (Math.abs(by) === 1) this.#player.step(by);
    else this.#player.seek(index);
  }

  place() {
    const { index, second } = this.#player;
    set(this.slider, "value", String(index));
    set(this.slider, "aria-valuetext", t("film.at", { time: clock(second), length: clock(this.#store.film.duration_s) }));
  }

  draw() {
    if (!this.#store.choices) return;
    const { choices, film, uncertain, selected, times } = this.#store;
    const scale = WIDTH / film.duration_s;
    const bar = (from, to, y, height, name, more = {}) =>
      svg("rect", { x: from * scale, width: Math.max((to - from) * scale, 1.5), y, height, class: name, ...more });
    const drawn = [svg("rect", { x: 0, y: 9, width: WIDTH, height: 8, rx: 3, class: "track" })];
    const person = selected === null ? null : this.#store.person(selected);
    for (const [from, to] of person?.stretch ?? []) drawn.push(bar(from, to, 9, 8, "life", { fill: colour(selected) }));
    for (const line of choices.covers) drawn.push(bar(line.from_s, line.to_s, 18, 3, "hand"));
    for (const line of choices.policy.audio === "keep" ? choices.policy.mute ?? [] : []) drawn.push(bar(line.from, line.to, 22, 3, "mute"));
    for (const cut of film.cuts ?? []) drawn.push(bar(times[cut], times[cut], 3, 20, "cut"));
    for (const { from, to, grave } of spans(uncertain ?? [], times, scale)) {
      drawn.push(svg("rect", { x: from, width: to - from, y: 1, height: 6, class: grave ? "place grave" : "place" }));
    }
    this.marks.replaceChildren(...drawn);
  }
}

/** Places to look at as they are seen on the bar, one after the other: a long lesson may have thousands. */
function spans(places, times, scale) {
  const bins = new Uint8Array(WIDTH);
  for (const { kind, second, last } of places) {
    if (kind === "cut") continue;
    const first = Math.min(Math.floor(second * scale), WIDTH - 1);
    const end = Math.min(Math.ceil((times[last] ?? second) * scale), WIDTH - 1);
    const weight = kind === "find" || kind === "lost" ? 2 : 1;
    for (let x = first; x <= end; x += 1) bins[x] = Math.max(bins[x], weight);
  }
  const found = [];
  for (let x = 0; x < WIDTH; x += 1) {
    if (!bins[x]) continue;
    const before = found.at(-1);
    if (before && before.to === x && before.grave === (bins[x] === 2)) before.to = x + 1;
    else found.push({ from: x, to: x + 1, grave: bins[x] === 2 });
  }
  return found;
}
