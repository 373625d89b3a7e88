// The places that a person should look at, in order of time.

import { el, refill, set } from "../dom.js";
import { clock, t } from "../words.js";

export class CheckView {
  id = "check";
  #at = null;

  constructor(app) {
    this.app = app;
    this.list = el("ol", { class: "places" });
    this.none = el("p", { class: "empty", text: t("check.none") });
    this.root = el("div", {}, el("p", { class: "lead", text: t("check.lead") }), this.none, this.list);
    app.store.on("uncertain", () => this.update());
    app.store.on("looked", (place) => this.#mark(place));
  }

  update() {
    const places = this.app.store.uncertain;
    set(this.none, "hidden", places.length > 0);
    refill(this.list, ...places.map((place, k) => {
      const go = () => {
        this.app.player.seek(place.picture);
        if (place.number !== null) this.app.store.select(place.number);
        this.#mark(place);
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
