// Where everybody is, picture by picture: fetched in blocks, and the blocks used last are kept.

import { get } from "./api.js";

const BLOCK = 250;
const KEPT = 24;

export class Boxes extends EventTarget {
  #store;
  #blocks = new Map();
  #age = "";

  constructor(store) {
    super();
    this.#store = store;
    store.on("choices", () => this.#check());
  }

  /** Numbers change with splits, and what is covered by hand with every line about it. */
  #check() {
    const { people_version, policy, verdict } = this.#store.choices;
    const age = JSON.stringify([people_version, policy.cover ?? [], verdict ?? 0]);
    if (age === this.#age) return;
    this.#age = age;
    this.#blocks.clear();
    this.dispatchEvent(new Event("fresh"));
  }

  /** `{people: [{number, box, evidence}], hand: [{line, box}]}` of a picture, boxes in fractions; null until it is there. */
  at(index) {
    const start = Math.floor(index / BLOCK) * BLOCK;
    const block = this.#block(start);
    if (index - start > BLOCK * 0.6 && start + BLOCK <= this.#store.times.length - 1) this.#block(start + BLOCK);
    if (!block) return null;
    const people = [];
    for (const { number, first, boxes, evidence } of block.people) {
      const k = index - first;
      if (k >= 0 && k < evidence.length) people.push({ number, box: four(boxes, k), evidence: evidence[k] });
    }
    const hand = [];
    for (const { line, first, boxes } of block.hand) {
      const k = index - first;
      if (k >= 0 && k * 4 < boxes.length) hand.push({ line, box: four(boxes, k) });
    }
    return { people, hand };
  }

  #block(start) {
    const held = this.#blocks.get(start);
    if (held) {
      this.#blocks.delete(start);
      this.#blocks.set(start, held);
      return held.value;
    }
    const coming = { value: null };
    this.#blocks.set(start, coming);
    while (this.#blocks.size > KEPT) this.#blocks.delete(this.#blocks.keys().next().value);
    this.#fetch(start, coming);
    return null;
  }

  async #fetch(start, coming) {
    try {
      coming.value = await get(`/api/boxes?first=${start}&count=${BLOCK}`);
      if (this.#blocks.get(start) === coming) this.dispatchEvent(new Event("fresh"));
    } catch (error) {
      this.#blocks.delete(start);
      this.#store.fault(error);
    }
  }
}

function four(flat, k) {
  return flat.slice(k * 4, k * 4 + 4).map((value) => value / 10000);
}
