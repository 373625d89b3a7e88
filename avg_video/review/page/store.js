// What the program knows and what was chosen, as the page has it; whoever draws listens here.

import { ApiError, get, post } from "./api.js";

const REPEATABLE = new Set(["mark", "same", "apart", "add", "set"]);

export class Store extends EventTarget {
  state = null;
  film = null;
  times = null;
  people = [];
  choices = null;
  uncertain = null;
  profiles = [];
  selected = null;
  #line = Promise.resolve();
  #people = new Map();
  #decided = new Map();
  #known = { people: null, mark: null };
  #later = 0;

  /** Tells who listens; what is told: state, choices, people, uncertain, selected, connection, ended, fault. */
  tell(what, detail = null) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  on(what, listener) {
    this.addEventListener(what, (event) => listener(event.detail));
  }

  /** Opens the stream of states; its being open is what tells the program that the page is. */
  listen() {
    const stream = new EventSource("/api/events");
    stream.addEventListener("state", (event) => this.#take(JSON.parse(event.data)));
    stream.addEventListener("ended", (event) => {
      stream.close();
      this.tell("ended", JSON.parse(event.data));
    });
    stream.addEventListener("open", () => this.tell("connection", true));
    stream.addEventListener("error", () => this.tell("connection", false));
  }

  #take(state) {
    this.state = state;
    this.tell("state", state);
    if (state.phase === "ready" && this.film && this.choices) this.#catchUp(state);
  }

  /** Changed in another window, or known better by now: ask again. */
  #catchUp(state) {
    const { revision, verdict } = this.choices;
    if (state.revision !== revision || (state.verdict ?? verdict) !== verdict) {
      this.#inLine(async () => this.taken(await get("/api/choices"))).catch((error) => this.fault(error));
    }
  }

  /** Everything there is once the recording was looked at. */
  async load() {
    const [film, times, choices, profiles] = await Promise.all([
      get("/api/film"),
      get("/api/film/times"),
      get("/api/choices"),
      get("/api/profiles"),
    ]);
    this.film = film;
    this.times = new Float64Array(times);
    this.profiles = profiles.profiles;
    await this.taken(choices);
  }

  /** What identifies pictures of the result: they change with the choices, and with what those come to. */
  get mark() {
    return this.choices ? `${this.choices.revision}.${this.choices.verdict ?? 0}` : "0";
  }

  async taken(choices) {
    this.choices = choices;
    this.#decided = new Map(choices.people.map((person) => [person.number, person]));
    if (this.#known.people !== choices.people_version) {
      this.#known.people = choices.people_version;
      this.people = (await get("/api/people")).people;
      this.#people = new Map(this.people.map((person) => [person.number, person]));
      if (this.selected !== null && !this.person(this.selected)) this.selected = null;
      this.tell("people");
    }
    this.tell("choices");
    if (this.#known.mark !== this.mark) {
      this.#known.mark = this.mark;
      clearTimeout(this.#later);
      this.#later = setTimeout(() => this.refreshUncertain(), this.uncertain ? 300 : 0);
    }
  }

  async refreshUncertain() {
    try {
      this.uncertain = (await get("/api/uncertain")).places;
      this.tell("uncertain");
    } catch (error) {
      this.fault(error);
    }
  }

  /** Changes choices; one step of undo. Resolves to whether it was done; what went wrong is told. */
  edit(...edits) {
    return this.#change(() => post("/api/edits", { revision: this.choices.revision, edits }), edits);
  }

  undo() {
    return this.#change(() => post("/api/undo", { revision: this.choices.revision }), []);
  }

  redo() {
    return this.#change(() => post("/api/redo", { revision: this.choices.revision }), []);
  }

  /** "undo" or "redo", if there is such a step. */
  undoable(what) {
    if (this.choices[what === "undo" ? "can_undo" : "can_redo"]) this[what]();
  }

  #change(send, edits) {
    return this.#inLine(async () => {
      try {
        await this.taken(await send());
        return true;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "stale") return this.#refused(error);
        await this.taken(error.body?.choices ?? (await get("/api/choices")));
        // Lines named by their place may be others by now; what is named by number means the same.
        if (!edits.length || !edits.every((edit) => REPEATABLE.has(edit.do))) return this.#refused(error);
        await this.taken(await send());
        return true;
      }
    }).catch((error) => this.#refused(error));
  }

  /** Nothing was changed: fields that say otherwise go back to what holds. */
  #refused(error) {
    this.tell("choices");
    return this.fault(error);
  }

  /** One change after the other, each on what the one before it left. */
  #inLine(work) {
    const result = this.#line.then(work);
    this.#line = result.catch(() => null);
    return result;
  }

  async save(force = false) {
    return this.#inLine(async () => this.taken(await post("/api/save", { revision: this.choices.revision, force })));
  }

  async make({ overwrite = false, force = false } = {}) {
    return this.#inLine(async () => {
      const state = await post("/api/make", { revision: this.choices.revision, overwrite, force });
      await this.taken(await get("/api/choices"));
      return state;
    });
  }

  fault(error) {
    this.tell("fault", error);
    return false;
  }

  select(number) {
    if (this.selected === number) return;
    this.selected = number;
    this.tell("selected", number);
  }

  person(number) {
    return this.#people.get(number) ?? null;
  }

  decided(number) {
    return this.#decided.get(number) ?? null;
  }

  /** Index of the picture that is on screen at that second. */
  indexAt(second) {
    let low = 0;
    let high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= second + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
