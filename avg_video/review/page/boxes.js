// Where everybody is, picture by picture: fetched in blocks, and the blocks used last are kept.

import { get } from "./api.js";

const BLOCK = 250;
const KEPT = 24;

export class Boxes extends EventTarget {
  #store;
  #blocks = new Map();
  #before = new Map();
  #age = "";

  constructor(store) {
    super();
    this.#store = store;
    store.on("choices", () => this.#check());
  }

  /** Numbers change with splits; what is covered by hand, and regions, with every line about them. */
  #check() {
    const { people_version, policy, verdict } = this.#store.choices;
    const age = JSON.stringify([people_version, policy.cover ?? [], policy.consent_region ?? [], verdict ?? 0]);
    if (age === this.#age) return;
    this.#age = age;
    this.#before = new Map([...this.#before, ...[...this.#blocks].filter(([, { value }]) => value)].slice(-KEPT));
    this.#blocks.clear();
    this.dispatchEvent(new Event("fresh"));
  }

  /**
   * `{people: [{number, box, evidence}], hand: [{line, box}], regions: [{line, corners}]}` of a picture, in fractions;
   * null until it is there, and as it was until what is new is there. `corners` of the picture that a region was drawn
   * on, as the camera carried them: [[x, y] of the left top, of the right top, of the left bottom].
   */
  at(index) {
    const start = Math.floor(index / BLOCK) * BLOCK;
    const block = this.#block(start);
    if (index - start > BLOCK * 0.6 && start + BLOCK <= this.#store.times.length - 1) this.#block(start + BLOCK);
    if (!block) return null;
    const regions = [];
    for (const { line, first, count, corners } of block.regions) {
      const k = index - first;
      if (k < 0 || k >= count) continue;
      const at = corners.length > 6 ? k * 6 : 0;
      regions.push({ line, corners: [0, 2, 4].map((c) => corners.slice(at + c, at + c + 2)) });
    }
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
    return { people, hand, regions };
  }

  #block(start) {
    const held = this.#blocks.get(start);
    if (held) {
      this.#blocks.delete(start);
      this.#blocks.set(start, held);
      return held.value ?? this.#before.get(start)?.value ?? null;
    }
    const coming = { value: null };
    this.#blocks.set(start, coming);
    while (this.#blocks.size > KEPT) this.#blocks.delete(this.#blocks.keys().next().value);
    this.#fetch(start, coming);
    return this.#before.get(start)?.value ?? null;
  }

  async #fetch(start, coming) {
    try {
      coming.value = await get(`/api/boxes?first=${start}&count=${BLOCK}`);
      this.#before.delete(start);
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
