// The keyboard: single keys for the film and the views, which can be switched off, and a page that lists them.

import { button, el, fresh } from "./dom.js";
import { t } from "./words.js";

const OFF = "avg-blur-no-single-keys";

/** Keys, and what each is called in the list. */
const LIST = [
  ["Space", "keys.play"],
  ["← →", "keys.step"],
  ["Shift ← →", "keys.leap"],
  ["N  P", "keys.places"],
  ["O", "keys.view"],
  ["J  K", "keys.people"],
  ["S", "keys.show"],
  ["X", "keys.object"],
  ["1 … 6", "keys.views"],
  ["Ctrl Z", "keys.undo"],
  ["Ctrl Shift Z", "keys.redo"],
  ["Ctrl S", "keys.save"],
  ["Esc", "keys.escape"],
  ["?", "keys.help"],
];

export class Keys {
  constructor(app) {
    this.app = app;
    this.single = localStorage.getItem(OFF) === null;
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  #pressed(event) {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      if (!event.altKey && this.#together(event)) event.preventDefault();
      return;
    }
    if (event.altKey) return;
    const writes = event.target.matches?.("input:not([type=checkbox]):not([type=radio]):not([type=range]), select, textarea");
    if (event.key === "Escape") {
      if (this.app.escape(event)) event.preventDefault();
      return;
    }
    if (writes) return;
    if (this.app.view.key?.(event)) event.preventDefault();
    else if (this.single && this.#alone(event)) event.preventDefault();
  }

  #together(event) {
    const { store } = this.app;
    const key = event.key.toLowerCase();
    // In a field the browser's own undo is what is meant.
    const writes = event.target.matches?.("input.token, input.clock, input:not([type]), textarea");
    if (key === "s") this.app.save();
    else if (writes) return false;
    else if (key === "z" && event.shiftKey) store.undoable("redo");
    else if (key === "y") store.undoable("redo");
    else if (key === "z") store.undoable("undo");
    else return false;
    return true;
  }

  #alone(event) {
    const { app } = this;
    const { player, controls } = app;
    const acts = event.target.closest?.("button, summary, a, [role=button], [role=tab]");
    const slides = event.target.matches?.("input[type=range]");
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (arrow) {
      if (event.target.matches?.("[role=tab], input[type=radio]") || (slides && !event.shiftKey)) return false;
      if (event.shiftKey) player.leap(arrow);
      else player.step(arrow);
      return true;
    }
    if (event.key === " ") {
      if (acts || event.target.matches?.("input")) return false;
      player.toggle();
      return true;
    }
    const doing = {
      n: () => controls.jump(1),
      p: () => controls.jump(-1),
      o: () => player.setView(player.view === "original" ? "result" : "original"),
      j: () => app.nextPerson(1),
      k: () => app.nextPerson(-1),
      s: () => app.mark("shown"),
      x: () => app.mark("objected"),
      "?": () => this.help(),
    }[event.key.toLowerCase()];
    const view = /^[1-9]$/.test(event.key) ? app.views[Number(event.key) - 1] : null;
    if (!doing && !view) return false;
    if (view) app.show(view);
    else doing();
    return true;
  }

  help() {
    const id = fresh("keys");
    const switchId = fresh("single");
    const single = el("input", { type: "checkbox", id: switchId, checked: this.single, on: { change: () => {
      this.single = single.checked;
      if (this.single) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } } });
    const rows = LIST.map(([keys, text]) => el("tr", {}, el("th", { scope: "row" }, ...keys.split("  ").map((key) => el("kbd", { text: key }))), el("td", { text: t(text) })));
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": id },
      el("h2", { id, text: t("keys.title") }),
      el("table", {}, el("tbody", {}, ...rows)),
      el("p", { class: "soft", text: t("keys.shapes") }),
      el("div", { class: "check" }, single, el("label", { for: switchId, text: t("keys.single") })),
      el("div", { class: "row end" }, button(t("dialog.close"), () => dialog.close(), { class: "primary" })));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}
