// Making the copy: what will happen, how far it is, and what came of it.

import { ApiError, post } from "../api.js";
import { ask } from "../asking.js";
import { button, el, icon, refill, set } from "../dom.js";
import { left, t, tn } from "../words.js";
import { sentence } from "./rules.js";

const BUSY = ["waiting", "making", "checking"];

export class MakeView {
  id = "make";
  #stage = null;

  constructor(app) {
    this.app = app;
    this.happens = el("ul", { class: "happens" });
    this.warnings = el("ul", { class: "warnings" });
    this.unconfirmed = button("", () => app.show(app.views.find((view) => view.id === "rules")), { hidden: true });
    this.start = button("", () => this.#make(), { icon: "check", class: "primary big" });
    this.before = el("div", {},
      el("p", { class: "lead", text: t("make.lead") }), this.happens, this.warnings, this.unconfirmed, el("div", { class: "row" }, this.start),
      el("p", { class: "soft" }, t("make.names")));
    this.bar = el("progress", { max: 1, "aria-label": t("make.progress") });
    this.left = el("p", { class: "left", role: "status" });
    this.cancel = button(t("make.cancel"), () => post("/api/make/cancel").catch((error) => app.store.fault(error)));
    this.during = el("div", { hidden: true }, el("h3", { text: t("make.making") }), this.bar, this.left, this.cancel);
    this.after = el("div", { hidden: true, tabindex: -1 });
    this.root = el("div", {}, this.after, this.during, this.before);
    app.store.on("choices", () => this.update());
    app.store.on("state", () => this.#state());
  }

  get busy() {
    return BUSY.includes(this.app.store.state?.make.stage);
  }

  enter() {
    this.#state();
  }

  update() {
    const { choices, film } = this.app.store;
    refill(this.happens, ...choices.summary.lines.map((line) => el("li", { text: sentence(line) })));
    refill(this.warnings, ...choices.warnings.map((line) => el("li", { text: sentence(line) })));
    set(this.warnings, "hidden", choices.warnings.length === 0);
    const open = choices.checklist.filter((check) => !check.confirmed).length;
    set(this.unconfirmed, "hidden", open === 0);
    set(this.unconfirmed.lastChild, "text", tn("make.unconfirmed", open));
    set(this.start.lastChild, "text", t("make.start", { name: film.kept_name }));
  }

  async #make(options = {}) {
    this.app.player.pause();
    try {
      await this.app.store.make(options);
      this.app.store.tell("said", t("make.began"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { kept_name: name, policy_name: policy } = this.app.store.film;
      const again = { exists: ["overwrite", t("make.exists", { name }), t("make.replace")], "changed-outside": ["force", t("save.outside", { name: policy }), t("save.force")] }[error.code];
      if (!again) return this.app.store.fault(error);
      const [key, question, yes] = again;
      if (await ask(question, yes)) await this.#make({ ...options, [key]: true });
    }
    return null;
  }

  #state() {
    const { make } = this.app.store.state ?? {};
    if (!make || !this.app.store.film) return;
    const busy = BUSY.includes(make.stage);
    set(this.during, "hidden", !busy);
    set(this.before, "hidden", busy);
    if (busy) {
      if (make.share === null) this.bar.removeAttribute("value");
      else this.bar.value = make.share;
      const told = make.stage === "waiting" ? t("make.waiting") : make.stage === "checking" ? t("make.checking") : left(make.seconds_left);
      set(this.left, "text", told);
    }
    if (this.#stage === make.stage) return;
    const began = this.#stage;
    this.#stage = make.stage;
    this.#after(make);
    // Who waits for the end is told so, whatever else they look at meanwhile.
    if (BUSY.includes(began) && !busy && this.app.shows(this)) this.after.focus();
    if (BUSY.includes(began) && make.stage === "done") this.app.store.refreshUncertain();
  }

  #after(make) {
    const parts = { done: () => this.#done(make), failed: () => this.#failed(make), cancelled: () => [el("p", { class: "note", text: t("make.cancelled") })] }[make.stage];
    set(this.after, "hidden", !parts);
    if (parts) this.after.replaceChildren(...parts());
  }

  #failed({ error }) {
    return [el("div", { class: "note warn" }, el("h3", { text: t("make.failed") }), el("p", { text: sentence(error.text) }), el("p", { text: sentence(error.remedy) }))];
  }

  #done({ result }) {
    const look = result.exit_code === 3;
    const fact = (name, ...value) => [el("dt", { text: t(`made.${name}`) }), el("dd", {}, ...value)];
    const lines = (title, list) => (list.length ? el("details", { open: look && title === "made.warnings" }, el("summary", { text: `${t(title)} (${list.length})` }), el("ul", {}, ...list.map((line) => el("li", { text: sentence(line) })))) : null);
    return [
      el("div", { class: look ? "made look" : "made" },
        el("h3", {}, icon(look ? "warn" : "check"), el("span", { text: t(look ? "made.look" : "made.done") })),
        el("dl", {},
          ...fact("copy", el("bdi", { text: result.output })),
          ...fact("folder", el("bdi", { class: "path", text: result.folder })),
          ...fact("record", el("bdi", { text: result.record_name })),
          ...fact("people", t("made.counts", { covered: result.covered, shown: result.shown })),
          ...fact("finds", result.finds ? tn("made.found", result.finds) : t("made.foundNone"))),
        lines("made.warnings", result.warnings),
        lines("made.notChecked", result.not_checked),
        el("details", {}, el("summary", { text: t("made.text") }), el("ul", {}, ...result.text.map((line) => el("li", { text: line })))),
        el("p", { text: t("made.watch") }),
        el("div", { class: "row" }, button(t("made.end"), () => this.app.end(), { class: "primary" }))),
      el("h3", { text: t("made.again") }),
    ];
  }
}
