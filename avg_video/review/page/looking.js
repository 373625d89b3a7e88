// While the recording is still being looked at: how far that is, and the faces seen so far.

import { ApiError, get, post } from "./api.js";
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
    this.about = el("p", { class: "soft", text: t("looking.object"), hidden: true });
    this.faces = el("ul", { class: "early" });
    this.root = el("main", { class: "looking", id: "main" },
      el("h1", { text: t("looking.title") }), this.bar, this.told,
      el("p", { class: "soft", text: t("looking.about") }), this.count, this.about, this.faces);
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
      this.#draw(await get("/api/early"));
    } catch {
      this.#revision = -1; // it may just have been finished; the next state says so
    }
    this.#asking = false;
  }

  /** Faces stay where they are once they are drawn: a click must meet who was under the pointer. */
  #draw({ faces }) {
    set(this.about, "hidden", faces.length === 0);
    for (const face of faces) {
      const { id, picture, second, objected } = face;
      let known = this.#shown.get(id);
      if (!known) {
        const image = el("img", { width: 96, height: 96 });
        const told = el("span", { class: "badge", text: t("looking.objected") });
        const toggle = el("button", { type: "button", class: "early-face", on: { click: () => this.#object(id) } }, image, told);
        known = { image, toggle, told, picture: null, objected: null };
        this.#shown.set(id, known);
        this.faces.append(el("li", {}, toggle));
      }
      if (known.picture !== picture) {
        known.picture = picture;
        set(known.image, "alt", t("looking.face", { time: clock(second) }));
        set(known.image, "src", `/api/early/${id}.jpg?r=${picture}`);
      }
      known.objected = objected;
      set(known.toggle, "aria-pressed", String(objected));
      set(known.told, "hidden", !objected);
    }
  }

  async #object(id) {
    try {
      this.#draw(await post("/api/early/objected", { face: id, objected: !this.#shown.get(id).objected }));
    } catch (error) {
      // It has just been finished: nothing was noted, and the page that comes says what holds.
      if (!(error instanceof ApiError) || error.code !== "not-ready") this.store.fault(error);
    }
  }
}
