// The places that a person should look at, in order of time.

import { el, refill, set } from "../dom.js";
import { clock, t } from "../words.js";

const MOST = 400;

export class CheckView {
  id = "check";
  #at = null;
  #stale = true;

  constructor(app) {
    this.app = app;
    this.list = el("ol", { class: "places" });
    this.none = el("p", { class: "empty", text: t("check.none") });
    this.more = el("p", { class: "soft", hidden: true });
    this.root = el("div", {}, el("p", { class: "lead", text: t("check.lead") }), this.none, this.list, this.more);
    app.store.on("uncertain", () => this.update());
    app.store.on("looked", (place) => this.#mark(place));
  }

  enter() {
    if (this.#stale) this.update();
  }

  /** The list is long in a long lesson, so it is drawn only while somebody looks at it. */
  update() {
    this.#stale = !this.app.shows(this);
    if (this.#stale) return;
    const places = this.app.store.uncertain ?? [];
    set(this.none, "hidden", places.length > 0);
    set(this.more, "hidden", places.length <= MOST);
    set(this.more, "text", t("check.more", { n: places.length - MOST }));
    refill(this.list, ...places.slice(0, MOST).map((place, k) => {
      const go = () => {
        this.app.player.seek(place.picture);
        if (place.number !== null) this.app.store.select(place.number);
        this.app.store.tell("looked", place);
      };
      return el("li", {}, el("button", { type: "button", class: "place", "data-kind": place.kind, "data-key": `place-${k}`, "data-place": name(place), on: { click: go } },
        el("span", { class: "when", text: clock(place.second) }), el("span", { text: place.text })));
    }));
    this.#mark(this.#at);
  }

  #mark(place) {
    this.#at = place;
    const wanted = place && name(place);
    for (const item of this.list.children) {
      const here = item.firstChild.dataset.place === wanted;
      set(item.firstChild, "aria-current", here ? "true" : null);
      if (here && this.app.shows(this)) item.scrollIntoView({ block: "nearest" });
    }
  }
}

const name = ({ picture, kind, number }) => `${picture}-${kind}-${number}`;
