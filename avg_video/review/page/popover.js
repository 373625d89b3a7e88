// Beside somebody who was clicked in the film: who that is, and the two buttons.

import { colour } from "./colours.js";
import { button, el, set } from "./dom.js";
import { t } from "./words.js";
import { marking } from "./views/marking.js";

export class Popover {
  #number = null;
  #marking = null;

  constructor(app) {
    this.app = app;
    this.root = el("div", { class: "popover", role: "dialog", hidden: true });
    app.stage.frame.append(this.root);
    app.stage.addEventListener("pick", ({ detail }) => this.#pick(detail.number));
    app.stage.addEventListener("drawn", ({ detail }) => this.#place(detail.people));
    app.store.on("choices", () => this.#update());
    app.store.on("selected", (number) => number !== this.#number && this.close());
    app.player.on("playing", () => app.player.playing && this.close());
  }

  #pick(number) {
    if (number === null) return this.close();
    this.app.player.pause();
    this.app.store.select(number);
    return this.#open(number);
  }

  #open(number) {
    this.#number = number;
    this.#marking = marking(this.app, number);
    this.badge = el("span", { class: "badge" });
    this.why = el("p", { class: "why" });
    const chip = el("span", { class: "chip", text: String(number) });
    chip.style.background = colour(number);
    set(this.root, "aria-label", t("people.choose", { number }));
    this.root.replaceChildren(
      el("div", { class: "card-head" }, chip, this.badge, el("span", { class: "grow" }), button(t("dialog.close"), () => this.close(), { class: "small" })),
      this.why,
      this.#marking.root);
    set(this.root, "hidden", false);
    this.#update();
    this.app.stage.draw();
  }

  #update() {
    if (this.#number === null) return;
    const decided = this.app.store.decided(this.#number);
    if (!decided) return this.close();
    set(this.root, "data-state", decided.state);
    set(this.badge, "text", t(`state.${decided.state}`));
    set(this.why, "text", decided.why);
    return this.#marking.update(decided);
  }

  #place(people) {
    if (this.#number === null) return;
    const person = people.find(({ number }) => number === this.#number);
    if (!person) return;
    const { stage } = this.app;
    const [x1, , x2, y2] = person.box;
    const { w, h } = stage.size;
    const { width, height } = this.root.getBoundingClientRect();
    const x = Math.min(Math.max(((x1 + x2) / 2) * w - width / 2, 4), Math.max(w - width - 4, 4));
    const below = y2 * h + 8;
    const y = below + height < h ? below : Math.max(person.box[1] * h - height - 24, 4);
    this.root.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  close() {
    if (this.#number === null) return;
    this.#number = null;
    set(this.root, "hidden", true);
    this.root.replaceChildren();
  }

  get open() {
    return this.#number !== null;
  }
}
