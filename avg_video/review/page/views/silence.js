// The sound: left out, or kept with stretches made silent; a waveform around the film's place to find them by.

import { get } from "../api.js";
import { button, el, fresh, refill, set } from "../dom.js";
import { clock, stretch, t } from "../words.js";
import { times } from "./times.js";

const SPAN_S = 20;

export class SoundPart {
  #peaks = null;
  #asked = false;
  #start = null;

  constructor(app) {
    this.app = app;
    const name = fresh("audio");
    this.choices = ["drop", "keep"].map((value) => {
      const id = fresh("audio");
      const radio = el("input", { type: "radio", id, name, value, on: { change: () => app.store.edit({ do: "set", key: "audio", value }) } });
      return { radio, root: el("span", { class: "choice" }, radio, el("label", { for: id, text: t(`sound.${value}`) })) };
    });
    this.canvas = el("canvas", { class: "wave", role: "img", "aria-label": t("sound.wave"), width: 800, height: 120 });
    this.canvas.addEventListener("pointerdown", (event) => this.#drag(event));
    this.begin = button(t("sound.from"), () => this.#from());
    this.end = button(t("sound.to"), () => this.#to(), { disabled: true });
    this.list = el("ol", { class: "lines" });
    this.kept = el("div", { hidden: true },
      el("p", { class: "soft", text: t("sound.about") }), this.canvas,
      el("div", { class: "row" }, this.begin, this.end), this.list);
    this.there = el("div", {},
      el("div", { class: "choices", role: "radiogroup", "aria-label": t("sound.title") }, ...this.choices.map((choice) => choice.root)), this.kept);
    this.absent = el("p", { class: "soft", text: t("sound.none"), hidden: true });
    this.root = el("section", { class: "part" }, el("h3", { text: t("sound.title") }), this.there, this.absent);
    app.player.on("place", () => this.#paint());
    app.store.on("state", () => this.#ask());
  }

  get #mutes() {
    return this.app.store.choices?.policy.mute ?? [];
  }

  enter() {
    const { has_sound: sound } = this.app.store.film;
    set(this.there, "hidden", !sound);
    set(this.absent, "hidden", sound);
    this.#ask();
    this.#paint();
  }

  leave() {
    this.#start = null;
    set(this.end, "disabled", true);
  }

  async #ask() {
    if (this.#asked || this.app.store.state?.sound !== "ready") return;
    this.#asked = true;
    try {
      const { per_second: rate, peaks } = await get("/api/sound/peaks");
      this.#peaks = { rate, peaks };
      this.#paint();
    } catch (error) {
      this.app.store.fault(error);
    }
  }

  update() {
    const { audio } = this.app.store.choices.policy;
    const kept = audio === "keep" || (audio === undefined && this.app.profile?.audio === "keep");
    for (const { radio } of this.choices) set(radio, "checked", (radio.value === "keep") === kept);
    set(this.kept, "hidden", !kept);
    refill(this.list, ...this.#mutes.map((mute, k) => this.#line(mute, k)));
    this.#paint();
  }

  #line(mute, k) {
    const key = `mute-${k}`;
    return el("li", { class: "line" },
      el("div", { class: "line-head" },
        el("button", { type: "button", class: "line-name", "data-key": key, on: { click: () => this.app.player.seekSecond(mute.from) } },
          el("strong", { text: t("sound.mute", { number: k + 1 }) }), el("span", { class: "soft", text: stretch(mute.from, mute.to) })),
        button(t("sound.listen", { number: k + 1 }), () => this.app.sound.once(mute.from, mute.to), { bare: true, icon: "sound", "data-key": `${key}-hear` }),
        button(t("sound.remove", { number: k + 1 }), () => this.app.store.edit({ do: "remove", table: "mute", index: k }), { bare: true, icon: "bin", "data-key": `${key}-bin` })),
      times(this.app, { from: mute.from, to: mute.to, key, required: true, change: (line) =>
        this.app.store.edit({ do: "change", table: "mute", index: k, line }) }));
  }

  #from() {
    this.#start = this.app.player.second;
    set(this.end, "disabled", false);
    this.app.store.tell("said", t("sound.began", { time: clock(this.#start) }));
    this.#paint();
  }

  #to() {
    const [from, to] = [this.#start, this.app.player.second].sort((a, b) => a - b);
    this.#add(from, to);
  }

  #add(from, to) {
    this.#start = null;
    set(this.end, "disabled", true);
    if (to - from < 0.05) return this.app.store.tell("said", t("sound.short"));
    const round = (value) => Math.round(value * 1000) / 1000;
    return this.app.store.edit({ do: "add", table: "mute", line: { from: round(from), to: round(to) } });
  }

  /** The stretch of time that the waveform shows: around the film's place. */
  #window() {
    const { duration_s: length } = this.app.store.film;
    const span = Math.min(SPAN_S, length);
    const from = Math.min(Math.max(this.app.player.second - span / 2, 0), Math.max(length - span, 0));
    return { from, span };
  }

  #drag(event) {
    if (event.button !== 0) return;
    const box = this.canvas.getBoundingClientRect();
    const { from, span } = this.#window();
    const at = (moved) => from + Math.min(Math.max((moved.clientX - box.left) / box.width, 0), 1) * span;
    const began = at(event);
    let to = began;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (moved) => {
      to = at(moved);
      this.#paint([Math.min(began, to), Math.max(began, to)]);
    };
    const up = () => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", up);
      if (Math.abs(to - began) >= 0.1) this.#add(Math.min(began, to), Math.max(began, to));
      else this.app.player.seekSecond(began);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", up);
  }

  #paint(dragged = null) {
    if (!this.app.store.film || this.kept.hidden || !this.canvas.isConnected) return;
    const { width: w, height: h } = this.canvas;
    const { from, span } = this.#window();
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const x = (second) => ((second - from) / span) * w;
    context.clearRect(0, 0, w, h);
    context.fillStyle = style.getPropertyValue("--wave");
    const { rate, peaks } = this.#peaks ?? { rate: 20, peaks: [] };
    const first = Math.max(Math.floor(from * rate), 0);
    const last = Math.min(Math.ceil((from + span) * rate), peaks.length - 1);
    const wide = Math.max(w / (span * rate), 1);
    for (let k = first; k <= last; k += 1) {
      const tall = Math.max((Math.sqrt(peaks[k] / 255) * (h - 16)), 1);
      context.fillRect(x(k / rate), (h - tall) / 2, Math.max(wide - 1, 1), tall);
    }
    const block = (a, b, colour) => {
      context.fillStyle = style.getPropertyValue(colour);
      context.fillRect(x(a), 0, Math.max(x(b) - x(a), 2), h);
    };
    for (const mute of this.#mutes) block(mute.from, mute.to, "--wave-mute");
    if (dragged) block(...dragged, "--wave-drag");
    else if (this.#start !== null) block(...[this.#start, this.app.player.second].sort((a, b) => a - b), "--wave-drag");
    context.fillStyle = style.getPropertyValue("--wave-now");
    context.fillRect(x(this.app.player.second) - 1, 0, 2, h);
  }
}
