// Where the film stands, and which picture is on screen: stepping, dragging, playing.

import { picture } from "./api.js";

const SETTLE_MS = 30;
const PLAY_WIDTH = 800;

export class Player extends EventTarget {
  index = 0;
  playing = false;
  view = "original";
  width = 960;
  #store;
  #sound;
  #wanted = null;
  #running = false;
  #stopper = null;
  #settling = 0;

  constructor(store, sound) {
    super();
    this.#store = store;
    this.#sound = sound;
    store.on("choices", () => this.view === "result" && !this.playing && this.#ask(this.index, "again"));
  }

  get second() {
    return this.#store.times?.[this.index] ?? 0;
  }

  get last() {
    return this.#store.times.length - 1;
  }

  #tell(what, detail = null) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  on(what, listener) {
    this.addEventListener(what, (event) => listener(event.detail));
  }

  /** Goes to a picture; one near it that can be had at once will do for the moment. */
  seek(index) {
    this.pause();
    this.#move(index);
    this.#ask(this.index, "near");
  }

  /** The drag is over: if the film is not there yet, the very picture is asked for, and none near it any more. */
  rest() {
    if (this.#wanted?.how === "near") this.#wanted.how = "exact";
  }

  seekSecond(second) {
    this.seek(this.#store.indexAt(second));
  }

  /** One picture on or back, and nothing in between. */
  step(pictures) {
    this.pause();
    this.#move(this.index + pictures);
    this.#ask(this.index, "step");
  }

  leap(seconds) {
    const to = this.#store.indexAt(Math.max(this.second + seconds, 0));
    this.seek(to === this.index ? this.index + Math.sign(seconds) : to);
  }

  setView(view) {
    this.view = view;
    this.#tell("view");
    if (!this.playing) this.#ask(this.index, "again");
  }

  #move(index) {
    this.index = Math.min(Math.max(index, 0), this.last);
    this.#tell("place");
  }

  #options(width) {
    return { view: this.view, width, mark: this.#store.mark };
  }

  #ask(index, how) {
    clearTimeout(this.#settling);
    this.#wanted = { index, how };
    this.#stopper?.abort();
    if (!this.#running) this.#run();
  }

  async #run() {
    this.#running = true;
    while (this.#wanted) {
      const { index, how } = this.#wanted;
      this.#wanted = null;
      // What is quick is worth waiting for, or dragging and holding a key down would show nothing at all.
      this.#stopper = how === "near" || how === "step" ? null : new AbortController();
      try {
        const got = await picture(index, { ...this.#options(this.width), near: how === "near", signal: this.#stopper?.signal });
        this.#tell("picture", got);
        if (got.index !== index && !this.#wanted) this.#settling = setTimeout(() => this.#ask(this.index, "exact"), SETTLE_MS);
      } catch (error) {
        if (error.name !== "AbortError") this.#store.fault(error);
      }
    }
    this.#running = false;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.#sound.stop();
    this.#tell("playing");
    this.#ask(this.index, "exact");
  }

  /** Plays in time; pictures that can't be had in time are left out. */
  async play() {
    if (this.playing) return;
    if (this.index >= this.last) this.#move(0);
    this.playing = true;
    this.#tell("playing");
    const { times } = this.#store;
    const start = times[this.index];
    const began = performance.now();
    const now = () => start + (performance.now() - began) / 1000;
    this.#sound.start(start, this.view === "result");
    const ahead = [];
    let next = this.index + 1;
    let cost = 0.05;
    try {
      while (this.playing && (next <= this.last || ahead.length)) {
        while (ahead.length < 2 && next <= this.last) {
          const index = Math.max(next, Math.min(this.#store.indexAt(now() + cost * ahead.length), this.last));
          const asked = performance.now();
          const coming = picture(index, this.#options(Math.min(this.width, PLAY_WIDTH)));
          coming.then(() => { cost = 0.7 * cost + 0.3 * Math.min((performance.now() - asked) / 1000, 2); }, () => {});
          ahead.push({ index, coming });
          next = index + 1;
        }
        const { index, coming } = ahead.shift();
        const got = await coming;
        const early = times[index] - now();
        if (early > 0) await new Promise((done) => setTimeout(done, early * 1000));
        if (!this.playing) return;
        this.#move(index);
        this.#tell("picture", got);
      }
      this.pause();
    } catch (error) {
      this.pause();
      this.#store.fault(error);
    }
  }
}
