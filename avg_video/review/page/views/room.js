// Parts of the room in which everybody agreed to be shown: drawn on the picture, with times.

import { button, el, fresh, refill, set, svg } from "../dom.js";
import { regionTool } from "../drawing.js";
import { handles, shift } from "../handles.js";
import { carried } from "../carrying.js";
import { clock, stretch, t, tn } from "../words.js";
import { times } from "./times.js";

const KEPT = "avg-blur-corners";

export class RoomView {
  id = "room";
  #chosen = null;
  #drawing = false;
  #editing = null;
  #moving = null;
  #here = new Map();

  constructor(app) {
    this.app = app;
    this.draw = button(t("room.draw"), () => this.#begin(), { icon: "region", class: "primary" });
    this.rectangle = button(t("room.rectangle"), () => this.#add([[0.25, 0.35], [0.75, 0.35], [0.75, 0.85], [0.25, 0.85]]));
    this.stop = button(t("tool.cancel"), () => this.#end(), { hidden: true });
    this.list = el("ol", { class: "lines" });
    this.none = el("p", { class: "empty", text: t("room.none") });
    this.root = el("div", {},
      el("p", { class: "lead", text: t("room.lead") }),
      el("div", { class: "row" }, this.draw, this.rectangle, this.stop),
      this.none, this.list);
    app.store.on("choices", () => this.update());
    app.stage.addEventListener("drawn", ({ detail }) => this.#carry(detail.regions));
    app.stage.addEventListener("fit", () => this.#paint());
    app.stage.drawing.addEventListener("pointermove", (event) => this.#drawing && app.stage.tool?.move?.(app.stage.at(event)));
  }

  get #regions() {
    return this.app.store.choices?.policy.consent_region ?? [];
  }

  enter() {
    const kept = sessionStorage.getItem(KEPT);
    if (kept) this.#begin(JSON.parse(kept));
    else this.#edit(this.#chosen ?? (this.#regions.length ? 0 : null));
  }

  leave() {
    this.#end();
    this.#edit(null);
  }

  #begin(corners = []) {
    this.#edit(null);
    this.#drawing = true;
    set(this.stop, "hidden", false);
    // A region holds from the moment it is drawn at, so drawing begins where the film does.
    if (!corners.length) this.app.player.seek(0);
    const tool = regionTool(this.app.stage, {
      start: corners,
      changed: (points) => sessionStorage.setItem(KEPT, JSON.stringify(points)),
      done: (polygon) => this.#add(polygon),
    });
    this.app.stage.take(tool, t("room.hint"));
    tool.draw();
  }

  #end() {
    sessionStorage.removeItem(KEPT);
    if (!this.#drawing) return;
    this.#drawing = false;
    set(this.stop, "hidden", true);
    this.app.stage.take(null);
  }

  async #add(polygon) {
    this.#end();
    const { second, index } = this.app.player;
    const line = index === 0 ? { polygon } : { polygon, from: second };
    const k = this.#regions.length;
    if (await this.app.store.edit({ do: "add", table: "consent_region", line })) {
      this.#edit(k);
      this.app.store.tell("said", t("room.added", { number: k + 1 }));
    }
  }

  key(event) {
    if (!this.#drawing) return false;
    if (event.key === "Escape") {
      this.#end();
      return true;
    }
    return this.app.stage.tool?.key?.(event) ?? false;
  }

  #edit(k) {
    this.#editing?.end();
    this.#editing = null;
    this.#moving = null;
    this.app.stage.layers.tool.replaceChildren();
    this.#chosen = k;
    const region = k === null ? null : this.#regions[k];
    if (region && this.app.shows(this)) {
      this.#moving = region.polygon.map((point) => [...point]);
      this.#editing = handles(this.app.stage, {
        // They are moved where they are seen, and kept where they were drawn.
        corners: () => this.#seen(k, this.#moving),
        moved: (corner, point) => { this.#moving[corner] = this.#way(k).back(point); },
        shifted: (by) => { this.#moving = shift(this.#seen(k, this.#moving), by).map(this.#way(k).back); },
        name: (corner) => {
          const [x, y] = this.#seen(k, this.#moving)[corner];
          return t("room.corner", { corner: corner + 1, number: k + 1, x: percent(x), y: percent(y) });
        },
        commit: () => this.#commit(k),
        remove: (corner) => {
          if (this.#moving.length <= 3) return;
          this.#moving.splice(corner, 1);
          this.#commit(k);
        },
        keep: () => this.#paint(),
      });
    }
    this.#paint();
    this.#mark();
  }

  async #commit(k) {
    const region = this.#regions[k];
    const polygon = this.#moving;
    if (!region || !polygon || JSON.stringify(polygon) === JSON.stringify(region.polygon)) return;
    const done = await this.app.store.edit({ do: "change", table: "consent_region", index: k, line: { ...region, polygon } });
    if (!done && this.#chosen === k) this.#edit(k);
  }

  #change(k, line) {
    this.app.store.edit({ do: "change", table: "consent_region", index: k, line });
  }

  async #remove(k) {
    this.#edit(null);
    await this.app.store.edit({ do: "remove", table: "consent_region", index: k });
    this.draw.focus();
  }

  update() {
    const regions = this.#regions;
    set(this.none, "hidden", regions.length > 0);
    refill(this.list, ...regions.map((region, k) => this.#line(region, k)));
    if (this.#chosen !== null && this.app.shows(this) && !this.#drawing) {
      const region = regions[this.#chosen];
      // Own changes come back as they are; others (undo) take the handles along.
      if (!region) this.#edit(null);
      else if (JSON.stringify(region.polygon) !== JSON.stringify(this.#moving)) this.#edit(this.#chosen);
    }
    this.#paint();
    this.#mark();
  }

  #line(region, k) {
    const told = this.app.store.choices.regions[k];
    const pupilsId = fresh("pupils");
    const pupils = el("input", { id: pupilsId, value: (region.pupils ?? []).join(", "), autocomplete: "off", spellcheck: "false", placeholder: "L01, L02", "data-key": `region-${k}-pupils`, on: { change: () => {
      const tokens = pupils.value.toUpperCase().split(/[\s,;]+/).filter(Boolean);
      const { pupils: _, ...rest } = region;
      this.#change(k, tokens.length ? { ...rest, pupils: tokens } : rest);
    } } });
    const shows = told.shows.length ? tn("room.shows", told.shows.length, { numbers: told.shows.join(", ") }) : t("room.showsNobody");
    const lost = told.lost === null ? null : el("div", { class: "note warn" },
      el("p", { text: t("room.lost", { time: clock(told.until_s ?? 0), why: told.lost }) }),
      button(t("room.again"), () => { this.app.player.seekSecond(told.until_s); this.#begin(); this.app.player.seekSecond(told.until_s); }, { class: "small" }));
    return el("li", { class: "line", "data-line": k },
      el("div", { class: "line-head" },
        el("button", { type: "button", class: "line-name", "data-key": `region-${k}`, on: { click: () => this.#open(k) } },
          el("strong", { text: t("room.region", { number: k + 1 }) }), el("span", { class: "soft", text: stretch(region.from, region.to) })),
        button(t("room.remove", { number: k + 1 }), () => this.#remove(k), { bare: true, icon: "bin", "data-key": `region-${k}-bin` })),
      el("p", { text: shows }),
      lost,
      times(this.app, { from: region.from, to: region.to, key: `region-${k}`, change: ({ from, to }) => {
        const { from: _, to: __, ...rest } = region;
        this.#change(k, { ...rest, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
      } }),
      this.app.profile?.needs_consent || region.pupils ? el("div", { class: "field" }, el("label", { for: pupilsId, text: t("room.pupils") }), pupils) : null);
  }

  #open(k) {
    this.app.player.seekSecond(this.#regions[k].from ?? 0);
    this.#edit(k);
  }

  /** How the camera has carried that region by the picture on screen. */
  #way(k) {
    return carried(this.#here.get(k));
  }

  #seen(k, polygon) {
    return polygon.map(this.#way(k).on);
  }

  #carry(regions) {
    this.#here = new Map(regions.map(({ line, corners }) => [line, corners]));
    this.#editing?.draw();
    this.#paint();
  }

  #mark() {
    for (const item of this.list.children) item.classList.toggle("chosen", Number(item.dataset.line) === this.#chosen);
  }

  #paint() {
    const { stage } = this.app;
    const shapes = this.#regions.map((region, k) => {
      const chosen = k === this.#chosen && this.#moving;
      const points = this.#seen(k, chosen ? this.#moving : region.polygon).map((point) => stage.px(point).map((v) => v.toFixed(1)).join(",")).join(" ");
      const now = this.#here.has(k);
      const shape = svg("polygon", { points, class: `region${chosen ? " chosen" : ""}${now ? "" : " elsewhere"}`, "data-line": k });
      shape.addEventListener("pointerdown", (event) => {
        if (!this.app.shows(this) || this.#drawing || event.button !== 0) return;
        event.stopPropagation();
        if (this.#chosen !== k) this.#edit(k);
        this.#editing?.body(event);
      });
      return shape;
    });
    stage.layers.regions.replaceChildren(...shapes);
  }
}

const percent = (value) => Math.round(value * 100);
