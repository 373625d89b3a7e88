// A card for each number: faces, when they are in view, what happens to them and why, and the buttons that change it.

import { colour } from "../colours.js";
import { button, el, refill, set, svg } from "../dom.js";
import { whenSeen } from "../faces.js";
import { clock, t, tn } from "../words.js";
import { marking } from "./marking.js";
import { more } from "./more.js";

const FILTERS = ["all", "now", "shown", "objected"];

export class PeopleView {
  id = "people";
  #cards = new Map();
  #filter = "all";
  #now = new Set();
  #own = false;

  constructor(app) {
    this.app = app;
    this.list = el("ol", { class: "cards" });
    this.weak = el("ol", { class: "cards" });
    this.weakTitle = el("summary", {});
    this.weakPart = el("details", { class: "weak" }, this.weakTitle, el("p", { class: "soft", text: t("people.weakAbout") }), this.weak);
    this.none = el("p", { class: "empty", hidden: true });
    this.filters = FILTERS.map((name) =>
      button("", () => this.#choose(name), { class: "segment", "data-filter": name }));
    this.root = el("div", {},
      el("p", { class: "lead", text: t("people.lead") }),
      el("div", { class: "segments filters", role: "group", "aria-label": t("people.filter") }, ...this.filters),
      this.none, this.list, this.weakPart);
    app.store.on("people", () => this.#build());
    app.store.on("choices", () => this.update());
    app.store.on("selected", (number) => this.#select(number));
    app.stage.addEventListener("drawn", ({ detail }) => this.#inView(detail.people));
  }

  #build() {
    const { people } = this.app.store;
    const there = new Set(people.map((person) => person.number));
    for (const number of this.#cards.keys()) if (!there.has(number)) this.#cards.delete(number);
    for (const person of people) {
      const known = this.#cards.get(person.number);
      if (known && JSON.stringify(known.person) === JSON.stringify(person)) continue;
      this.#cards.set(person.number, new Card(this.app, person, () => this.#choosing(person.number)));
    }
    const order = (a, b) => b.seen_s - a.seen_s || a.number - b.number;
    const seen = people.filter((person) => person.moments.length);
    const card = (person) => this.#cards.get(person.number).root;
    refill(this.list, ...seen.filter((person) => person.confirmed).sort(order).map(card));
    const weak = seen.filter((person) => !person.confirmed).sort(order);
    refill(this.weak, ...weak.map(card));
    set(this.weakPart, "hidden", weak.length === 0);
    set(this.weakTitle, "text", tn("people.weak", weak.length));
  }

  update() {
    for (const decided of this.app.store.choices.people) this.#cards.get(decided.number)?.update(decided);
    this.#count();
    this.#sift();
  }

  #count() {
    const seen = this.app.store.people.filter((person) => person.moments.length && person.confirmed);
    const decided = seen.map((person) => this.app.store.decided(person.number)).filter(Boolean);
    const many = {
      all: decided.length,
      now: decided.filter((person) => this.#now.has(person.number)).length,
      shown: decided.filter((person) => person.state === "shown").length,
      objected: decided.filter((person) => person.state === "objected").length,
    };
    for (const choice of this.filters) {
      const name = choice.dataset.filter;
      set(choice.firstChild, "text", t(`people.filter.${name}`, { n: many[name] }));
      set(choice, "aria-pressed", String(name === this.#filter));
    }
  }

  #choose(name) {
    this.#filter = name;
    this.#count();
    this.#sift();
  }

  #sift() {
    let left = 0;
    for (const [number, card] of this.#cards) {
      const state = this.app.store.decided(number)?.state;
      const fits = this.#filter === "all" || this.#filter === state || (this.#filter === "now" && this.#now.has(number));
      set(card.root, "hidden", !fits);
      left += fits && card.person.confirmed ? 1 : 0;
    }
    set(this.none, "hidden", left > 0);
    set(this.none, "text", t(this.#cards.size ? "people.noneOfThese" : "people.nobody"));
  }

  #inView(here) {
    const now = new Set(here.map((person) => person.number));
    if (now.size === this.#now.size && [...now].every((number) => this.#now.has(number))) return;
    this.#now = now;
    for (const [number, card] of this.#cards) card.root.classList.toggle("in-view", now.has(number));
    this.#count();
    if (this.#filter === "now") this.#sift();
  }

  /** Chosen in its own card: the list must not move under the pointer, or the click would go elsewhere. */
  #choosing(number) {
    this.#own = true;
    this.app.store.select(number);
    this.#own = false;
  }

  #select(number) {
    for (const [other, card] of this.#cards) card.select(other === number);
    const card = this.#cards.get(number);
    if (!card) return;
    if (!card.person.confirmed) set(this.weakPart, "open", true);
    if (card.root.hidden) this.#choose("all");
    if (!this.#own) card.root.scrollIntoView({ block: "nearest" });
  }
}

class Card {
  constructor(app, person, chosen) {
    this.app = app;
    this.person = person;
    const { number } = person;
    this.badge = el("span", { class: "badge" });
    this.why = el("p", { class: "why" });
    this.same = el("p", { class: "same", hidden: true });
    this.overlap = el("p", { class: "soft", hidden: true });
    this.marking = marking(app, number);
    this.more = more(app, person);
    const chip = el("button", { type: "button", class: "chip", "aria-label": t("people.go", { number }), title: t("people.go", { number }), text: String(number), on: { click: () => this.#go(person.moments[0]?.picture ?? person.first) } });
    chip.style.background = colour(number);
    this.root = el("li", { class: "card", "data-number": number },
      el("div", { class: "card-head" },
        el("h3", {}, el("span", { class: "hide", text: t("people.number") }), chip),
        this.badge,
        el("span", { class: "when", text: t("people.when", { from: clock(person.first_s), to: clock(person.last_s), where: place(person) }) })),
      this.#strip(),
      this.#life(),
      el("div", { class: "told" }, this.why, this.same, this.overlap),
      this.marking.root,
      this.more.root);
    this.root.addEventListener("pointerdown", chosen);
    this.root.addEventListener("focusin", chosen);
  }

  #strip() {
    const { number, moments } = this.person;
    const faces = moments.map((moment, k) => {
      const time = clock(moment.second);
      // Split people keep their number while their moments change; the picture's index tells the two apart.
      const src = `/api/faces/${number}/${k}.jpg?r=${moment.picture}`;
      const face = whenSeen(el("img", { decoding: "async", alt: "", width: 46, height: 46 }), src);
      const name = t("people.face", { number, time });
      return el("li", {}, el("button", { type: "button", class: "face", "aria-label": name, title: time, on: { click: () => this.#go(moment.picture) } }, face));
    });
    return el("ul", { class: "strip" }, ...faces);
  }

  #life() {
    const { duration_s: length } = this.app.store.film;
    const bars = this.person.stretch.map(([from, to]) =>
      svg("rect", { x: (from / length) * 100, width: Math.max(((to - from) / length) * 100, 0.6), y: 0, height: 4, fill: colour(this.person.number) }));
    return svg("svg", { class: "life-line", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars);
  }

  #go(index) {
    this.app.store.select(this.person.number);
    this.app.player.seek(index);
  }

  update(decided) {
    set(this.root, "data-state", decided.state);
    set(this.badge, "text", t(`state.${decided.state}`));
    const parts = /^consent_region (.+)$/.exec(decided.rule ?? "")?.[1];
    set(this.why, "text", parts ? t("people.why", { why: decided.why, part: t("room.region", { number: parts }) }) : decided.why);
    const others = decided.same.filter((number) => number !== decided.number);
    set(this.same, "hidden", others.length === 0);
    set(this.same, "text", t("people.same", { numbers: others.join(", ") }));
    const hidden = decided.covered_s.reduce((sum, [from, to]) => sum + to - from, 0);
    set(this.overlap, "hidden", decided.state !== "shown" || hidden === 0);
    set(this.overlap, "text", t("people.overlap", { seconds: hidden.toFixed(1) }));
    this.marking.update(decided);
    this.more.update(decided);
  }

  select(selected) {
    this.root.classList.toggle("selected", selected);
  }
}

/** Where someone mostly is, in words. */
function place({ moments }) {
  if (!moments.length) return "";
  const xs = moments.map(({ box }) => (box[0] + box[2]) / 2).sort((a, b) => a - b);
  const x = xs[Math.floor(xs.length / 2)];
  return t(x < 1 / 3 ? "place.left" : x > 2 / 3 ? "place.right" : "place.middle");
}
