// While the recording is still being looked at: how far that is, and the faces seen so far.

import { get } from "./api.js";
import { el, set } from "./dom.js";
import { clock, left, t, tn } from "./words.js";

export class Looking {
  #revision = -1;
  #asking = false;
  #shown = new Map();

  constructor(store) {
    this.store = store;
    this.bar = el("progress", { max: 1, "aria-label": t("looking.progress") });
    this.told = el("p", { class: "left" });
    this.count = el("h2", {});
    this.faces = el("ul", { class: "early" });
    this.root = el("main", { class: "looking", id: "main" },
      el("h1", { text: t("looking.title") }), this.bar, this.told,
      el("p", { class: "soft", text: t("looking.about") }), this.count, this.faces);
  }

  update({ looking, early_revision: revision }) {
    if (!looking) return;
    if (looking.share === null) this.bar.removeAttribute("value");
    else this.bar.value = looking.share;
    set(this.told, "text", left(looking.seconds_left));
    set(this.count, "text", looking.faces ? tn("looking.faces", looking.faces) : "");
    if (revision !== this.#revision && !this.#asking) this.#ask(revision);
  }

  async #ask(revision) {
    this.#asking = true;
    this.#revision = revision;
    try {
      const { faces } = await get("/api/early");
      const items = faces.map(({ id, picture, second }) => this.#face(id, picture, second));
      this.faces.replaceChildren(...items);
    } catch {
      this.#revision = -1; // it may just have been finished; the next state says so
    }
    this.#asking = false;
  }

  #face(id, picture, second) {
    let known = this.#shown.get(id);
    if (!known || known.picture !== picture) {
      const name = t("looking.face", { time: clock(second) });
      const face = el("img", { src: `/api/early/${id}.jpg?r=${picture}`, alt: name, width: 96, height: 96 });
      known = { picture, item: el("li", {}, face) };
      this.#shown.set(id, known);
    }
    return known.item;
  }
}
