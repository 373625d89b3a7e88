// Play, step, jump to the next place to look at, original or result, and where the film stands.

import { button, el, icon, set } from "./dom.js";
import { clock, t } from "./words.js";

export class Controls {
  constructor(store, player, sound) {
    this.store = store;
    this.player = player;
    this.play = button(t("film.play"), () => player.toggle(), { bare: true, icon: "play", class: "round" });
    this.sound = button(t("film.sound"), () => this.#switchSound(sound), { bare: true, icon: "silent", "aria-pressed": "false" });
    this.time = el("span", { class: "time" });
    const views = ["original", "result"].map((view) =>
      button(t(`film.${view}`), () => player.setView(view), { class: "segment", "data-view": view }));
    this.views = views;
    this.uncertain = el("span", { class: "count" });
    const jump = (way) => () => this.jump(way);
    this.before = button(t("film.previousPlace"), jump(-1), { bare: true, icon: "before" });
    this.after = button(t("film.next"), jump(1), { icon: "after", class: "next-place", title: t("film.nextPlace") });
    this.after.append(this.uncertain);
    this.root = el("div", { class: "controls", role: "group", "aria-label": t("film.controls") },
      button(t("film.stepBack"), () => player.step(-1), { bare: true, icon: "back" }),
      this.play,
      button(t("film.stepOn"), () => player.step(1), { bare: true, icon: "on" }),
      this.sound,
      this.time,
      el("span", { class: "grow" }),
      this.before,
      this.after,
      el("span", { class: "segments", role: "group", "aria-label": t("film.view") }, ...views));
    player.on("place", () => this.place());
    player.on("playing", () => this.#playing());
    player.on("view", () => this.#view());
    store.on("uncertain", () => this.#count());
    this.#view();
  }

  begin() {
    set(this.sound, "hidden", !this.store.film.has_sound);
    this.place();
    this.#count();
  }

  place() {
    const { second } = this.player;
    set(this.time, "text", t("film.at", { time: clock(second), length: clock(this.store.film.duration_s) }));
  }

  /** To the next place to look at, or to the one before. */
  jump(way) {
    const { index } = this.player;
    const places = this.store.uncertain ?? [];
    const found = way > 0 ? places.find((place) => place.picture > index) : places.findLast((place) => place.picture < index);
    const place = found ?? (way > 0 ? places[0] : places.at(-1));
    if (!place) return this.store.tell("said", t("check.none"));
    this.player.seek(place.picture);
    if (place.number !== null) this.store.select(place.number);
    this.store.tell("said", place.text);
    return this.store.tell("looked", place);
  }

  #switchSound(sound) {
    sound.on = !sound.on;
    set(this.sound, "aria-pressed", String(sound.on));
    this.sound.replaceChildren(icon(sound.on ? "sound" : "silent"));
    if (!this.player.playing) return;
    this.player.pause();
    this.player.play();
  }

  #playing() {
    const { playing } = this.player;
    const name = t(playing ? "film.pause" : "film.play");
    set(this.play, "aria-label", name);
    set(this.play, "title", name);
    this.play.replaceChildren(icon(playing ? "pause" : "play"));
  }

  #view() {
    for (const choice of this.views) set(choice, "aria-pressed", String(choice.dataset.view === this.player.view));
  }

  #count() {
    const { length } = this.store.uncertain ?? [];
    set(this.uncertain, "text", String(length || ""));
    set(this.after, "disabled", length === 0);
    set(this.before, "disabled", length === 0);
  }
}
