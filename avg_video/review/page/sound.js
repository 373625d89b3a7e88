// The sound while the film plays: short stretches, asked for one after the other. Off until it is switched on.

import { get } from "./api.js";

const CLIP_S = 10;

export class Sound {
  on = false;
  #store;
  #context = null;
  #playing = null;

  constructor(store) {
    this.#store = store;
  }

  get there() {
    return Boolean(this.#store.film?.has_sound);
  }

  /** Plays from that second on, in time with the film; `result` is as the copy will sound. */
  async start(second, result) {
    if (!this.on || !this.there) return;
    if (result && this.#store.choices.policy.audio !== "keep") return;
    const began = performance.now();
    const playing = { sources: [] };
    this.#playing = playing;
    this.#context ??= new AudioContext();
    await this.#context.resume();
    const end = this.#store.film.duration_s;
    for (let from = second; from < end && this.#playing === playing; from += CLIP_S) {
      const buffer = await this.#clip(from, result);
      if (this.#playing !== playing || !buffer) return;
      const due = from - second - (performance.now() - began) / 1000;
      const source = new AudioBufferSourceNode(this.#context, { buffer });
      source.connect(this.#context.destination);
      source.start(this.#context.currentTime + Math.max(due, 0), Math.max(-due, 0));
      playing.sources.push(source);
      // The next stretch is fetched well before this one ends.
      const wait = Math.max(due + CLIP_S - 4, 0);
      await new Promise((done) => setTimeout(done, wait * 1000));
    }
  }

  /** Plays one stretch by itself. */
  async once(from, to) {
    this.stop();
    const playing = { sources: [] };
    this.#playing = playing;
    this.#context ??= new AudioContext();
    await this.#context.resume();
    const buffer = await this.#clip(from, false, Math.min(to - from, 30));
    if (!buffer || this.#playing !== playing) return;
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.start();
    playing.sources.push(source);
  }

  async #clip(from, muted, seconds = CLIP_S) {
    const asked = new URLSearchParams({ from: from.toFixed(3), seconds: seconds.toFixed(3) });
    if (muted) asked.set("muted", "1");
    try {
      const wav = await get(`/api/sound/clip.wav?${asked}`);
      return wav.byteLength > 44 ? await this.#context.decodeAudioData(wav) : null;
    } catch (error) {
      this.#store.fault(error);
      return null;
    }
  }

  stop() {
    for (const source of this.#playing?.sources ?? []) source.stop();
    this.#playing = null;
  }
}
