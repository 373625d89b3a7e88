// Whose rules hold, what they ask to confirm, and in words what will happen.

import { el, fresh, refill, set } from "../dom.js";
import { t } from "../words.js";

export class RulesView {
  id = "rules";

  constructor(app) {
    this.app = app;
    const id = fresh("profile");
    this.profile = el("select", { id, on: { change: () => app.store.edit({ do: "set", key: "profile", value: this.profile.value || null }) } });
    this.source = el("p", { class: "soft" });
    this.checks = el("ul", { class: "checks" });
    this.checksPart = el("section", { class: "part" }, el("h3", { text: t("rules.checklist") }), el("p", { class: "soft", text: t("rules.checklistAbout") }), this.checks);
    this.rules = el("ul", { class: "rules" });
    this.rulesPart = el("section", { class: "part" }, el("h3", { text: t("rules.rules") }), this.rules);
    const watchedId = fresh("watched");
    this.watched = el("input", { type: "checkbox", id: watchedId, on: { change: () =>
      app.store.edit({ do: "set", key: "reviewed", value: this.watched.checked ? "all" : null }) } });
    this.happens = el("ul", { class: "happens" });
    this.warnings = el("ul", { class: "warnings" });
    this.root = el("div", {},
      el("section", { class: "part" }, el("h3", { text: t("rules.happens") }), this.happens, this.warnings),
      el("div", { class: "field wide" }, el("label", { for: id, text: t("rules.profile") }), this.profile, this.source),
      this.checksPart,
      el("section", { class: "part" }, el("h3", { text: t("rules.watchedTitle") }),
        el("div", { class: "check" }, this.watched, el("label", { for: watchedId, text: t("rules.watched") }))),
      this.rulesPart);
    app.store.on("choices", () => this.update());
  }

  update() {
    const { store } = this.app;
    const { choices, profiles } = store;
    const named = choices.policy.profile ?? "";
    if (this.profile.options.length !== profiles.length + 1) {
      this.profile.replaceChildren(el("option", { value: "", text: t("rules.noProfile") }), ...profiles.map(({ name, title }) => el("option", { value: name, text: title })));
    }
    if (named && ![...this.profile.options].some((option) => option.value === named)) this.profile.append(el("option", { value: named, text: named }));
    set(this.profile, "value", named);
    set(this.source, "text", choices.profile?.source ?? "");
    set(this.source, "hidden", !choices.profile?.source);
    refill(this.happens, ...choices.summary.lines.map((line) => el("li", { text: sentence(line) })));
    refill(this.warnings, ...choices.warnings.map((line) => el("li", { text: sentence(line) })));
    set(this.warnings, "hidden", choices.warnings.length === 0);
    set(this.checksPart, "hidden", choices.checklist.length === 0);
    refill(this.checks, ...choices.checklist.map((check) => this.#check(check)));
    const { rules = [] } = choices.profile ?? {};
    set(this.rulesPart, "hidden", rules.length === 0);
    refill(this.rules, ...rules.map(({ text, place }) => el("li", {}, el("span", { text }), place ? el("span", { class: "source", text: place }) : null)));
    set(this.watched, "checked", choices.policy.reviewed === "all");
  }

  #check({ id, ask, place, confirmed }) {
    const box = fresh("check");
    const input = el("input", { type: "checkbox", id: box, "data-key": `check-${id}`, checked: confirmed, on: { change: () => {
      const { confirm = [] } = this.app.store.choices.policy;
      const rest = confirm.filter((other) => other !== id);
      const value = input.checked ? [...rest, id] : rest;
      this.app.store.edit({ do: "set", key: "confirm", value: value.length ? value : null });
    } } });
    return el("li", { class: "check" }, input, el("label", { for: box }, ask, place ? el("span", { class: "source", text: place }) : null));
  }
}

/** A clause as a sentence of its own. */
export function sentence(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
