// The page once the recording was looked at: the film on one side, one of six views beside it.

import { ApiError, post } from "./api.js";
import { ask } from "./asking.js";
import { Boxes } from "./boxes.js";
import { Controls } from "./controls.js";
import { button, el, fresh, set } from "./dom.js";
import { Keys } from "./keys.js";
import { Player } from "./player.js";
import { Popover } from "./popover.js";
import { Sound } from "./sound.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";
import { CheckView } from "./views/check.js";
import { marked } from "./views/marking.js";
import { HandView } from "./views/hand.js";
import { MakeView } from "./views/make.js";
import { PeopleView } from "./views/people.js";
import { RoomView } from "./views/room.js";
import { RulesView, sentence } from "./views/rules.js";
import { clock, language, languages, t } from "./words.js";

const PLACE = "avg-blur-place";

export class App {
  constructor(store, said) {
    this.store = store;
    this.said = said;
    this.sound = new Sound(store);
    this.player = new Player(store, this.sound);
    this.stage = new Stage(store, this.player, new Boxes(store));
    this.timeline = new Timeline(store, this.player);
    this.controls = new Controls(store, this.player, this.sound);
    this.views = [PeopleView, RoomView, HandView, CheckView, RulesView, MakeView].map((View) => new View(this));
    this.view = this.views[0];
    this.keys = new Keys(this);
    this.popover = new Popover(this);
    this.root = this.#shell();
    store.on("choices", () => this.#choices());
    store.on("uncertain", () => this.#counts());
    store.on("state", () => this.#kept());
    store.on("looked", () => this.popover.close());
    this.player.on("place", () => this.#remember());
  }

  get profile() {
    return this.store.choices.profile;
  }

  shows(view) {
    return this.view === view;
  }

  /** After everything is loaded and the page stands. */
  begin() {
    this.timeline.begin();
    this.controls.begin();
    this.stage.begin();
    this.#choices();
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
    this.player.seek(this.store.indexAt(kept.second ?? 0));
    this.show(this.views.find((view) => view.id === location.hash.slice(1)) ?? this.views[0], false);
  }

  #shell() {
    const { film, state } = this.store;
    this.undo = button(t("edit.undo"), () => this.store.undo(), { bare: true, icon: "undo" });
    this.redo = button(t("edit.redo"), () => this.store.redo(), { bare: true, icon: "redo" });
    this.saved = el("span", { class: "saved", role: "status" });
    this.saver = button(t("save.save"), () => this.save(), { class: "small" });
    const other = languages.find((name) => name !== language);
    const header = el("header", { class: "head" },
      el("h1", {}, el("bdi", { text: state.name })),
      el("span", { class: "soft length", text: clock(film.duration_s, 0) }),
      el("span", { class: "grow" }),
      this.undo, this.redo, this.saved, this.saver,
      button(t("keys.button"), () => this.keys.help(), { class: "quiet" }),
      button(t("language.other"), () => this.speak(other), { class: "quiet", lang: other }));
    this.tabs = this.views.map((view) => this.#tab(view));
    this.panels = this.views.map((view, k) => el("div", { class: "panel", role: "tabpanel", id: `panel-${view.id}`, "aria-labelledby": this.tabs[k].id, tabindex: -1, hidden: true },
      el("h2", { class: "hide", text: t(`view.${view.id}`) }), view.root));
    this.summary = el("p", { class: "summary", "aria-live": "polite" });
    this.next = button(t("make.next"), () => this.show(this.views.at(-1)), { class: "primary", icon: "check" });
    const film_ = el("section", { class: "film", "aria-label": t("film.title") }, this.stage.root, this.timeline.root, this.controls.root);
    const side = el("section", { class: "side", "aria-label": t("side.title") },
      el("div", { class: "tabs", role: "tablist", "aria-label": t("side.title") }, ...this.tabs),
      ...this.panels,
      el("div", { class: "foot" }, this.summary, this.next));
    return el("div", { class: "app" }, header, el("main", { class: "work", id: "main" }, film_, side));
  }

  #tab(view) {
    const tab = el("button", { type: "button", role: "tab", id: fresh("tab"), "aria-controls": `panel-${view.id}`, "data-view": view.id, on: {
      click: () => this.show(view),
      keydown: (event) => {
        const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const k = this.views.indexOf(view);
        const to = way ? (k + way + this.views.length) % this.views.length : { Home: 0, End: this.views.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        this.show(this.views[to]);
        this.tabs[to].focus();
      },
    } }, el("span", { text: t(`view.${view.id}`) }));
    if (view.id === "check") {
      this.places = el("span", { class: "count" });
      tab.append(this.places);
    }
    return tab;
  }

  show(view, remember = true) {
    if (this.view !== view) this.view.leave?.();
    this.view = view;
    this.views.forEach((each, k) => {
      const here = each === view;
      set(this.panels[k], "hidden", !here);
      set(this.tabs[k], "aria-selected", String(here));
      set(this.tabs[k], "tabindex", here ? 0 : -1);
    });
    set(this.root, "data-view", view.id);
    set(this.next, "hidden", view.id === "make");
    if (remember) history.replaceState(null, "", `#${view.id}`);
    this.popover.close();
    view.enter?.();
  }

  #choices() {
    const { choices } = this.store;
    set(this.undo, "disabled", !choices.can_undo);
    set(this.redo, "disabled", !choices.can_redo);
    this.#kept();
    set(this.saver, "hidden", choices.saved || this.#untouched);
    set(this.summary, "text", sentence(choices.summary.text));
  }

  get #untouched() {
    const { origin, can_undo: undo, can_redo: redo } = this.store.choices;
    return origin === "new" && !undo && !redo;
  }

  /** Where the choices are; that they can't be kept is said for as long as it is so. */
  #kept() {
    const { choices, film, state } = this.store;
    const { unkept } = state;
    const told = choices.saved ? t("save.saved", { name: film.policy_name }) : this.#untouched ? "" : t("save.draft");
    set(this.saved, "text", unkept ? sentence(`${unkept.text}; ${unkept.remedy}`) : told);
    this.saved.classList.toggle("unkept", Boolean(unkept));
  }

  #counts() {
    set(this.places, "text", String(this.store.uncertain?.length || ""));
  }

  #remember() {
    sessionStorage.setItem(PLACE, JSON.stringify({ second: this.player.second }));
  }

  async save() {
    try {
      await this.store.save();
      this.said(t("save.done", { name: this.store.film.policy_name }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "changed-outside") return this.store.fault(error);
      if (await ask(t("save.outside", { name: this.store.film.policy_name }), t("save.force"))) {
        await this.store.save(true).catch((fault) => this.store.fault(fault));
      }
    }
    return null;
  }

  async speak(other) {
    await post("/api/language", { language: other });
    location.reload();
  }

  async end() {
    await post("/api/end").catch((error) => this.store.fault(error));
  }

  escape(event) {
    if (this.view.key?.(event)) return true;
    if (!this.popover.open) return false;
    this.popover.close();
    return true;
  }

  /** The next number in view, or of all when nobody is. */
  nextPerson(way) {
    const cards = [...this.panels[0].querySelectorAll(".card:not([hidden])")].map((card) => Number(card.dataset.number));
    if (!cards.length) return;
    const k = cards.indexOf(this.store.selected);
    const number = cards[k < 0 ? (way > 0 ? 0 : cards.length - 1) : (k + way + cards.length) % cards.length];
    this.store.select(number);
    const { state, why } = this.store.decided(number);
    this.said(t("people.said", { number, state: t(`state.${state}`), why }));
  }

  mark(as) {
    const number = this.store.selected;
    if (number === null) return this.said(t("people.chooseFirst"));
    const back = this.store.decided(number).marked === as;
    return this.store.edit(marked(this, number, back ? "none" : as));
  }
}
