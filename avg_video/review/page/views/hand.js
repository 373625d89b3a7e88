// What is covered by hand: boxes over a name on the board, a screen, a face that was not found. And the sound.

import { button, el, fresh, refill, set, svg } from "../dom.js";
import { boxTool } from "../drawing.js";
import { boxOf, handles, shift } from "../handles.js";
import { clock, stretch, t } from "../words.js";
import { SoundPart } from "./silence.js";
import { times } from "./times.js";

const WHAT = ["board", "screen", "name", "face"];
const FOLLOW = ["fixed", "camera", "content"];

export class HandView {
  id = "hand";
  #chosen = null;
  #drawing = false;
  #editing = null;
  #moving = null;

  constructor(app) {
    this.app = app;
    this.draw = button(t("hand.draw"), () => this.#begin(), { icon: "box", class: "primary" });
    this.middle = button(t("hand.middle"), () => this.#add([0.42, 0.4, 0.58, 0.6]));
    this.stop = button(t("tool.cancel"), () => this.#end(), { hidden: true });
    this.list = el("ol", { class: "lines" });
    this.none = el("p", { class: "empty", text: t("hand.none") });
    this.sound = new SoundPart(app);
    this.root = el("div", {},
      el("p", { class: "lead", text: t("hand.lead") }),
      el("div", { class: "row" }, this.draw, this.middle, this.stop),
      this.none, this.list, this.sound.root);
    app.store.on("choices", () => this.update());
    app.player.on("place", () => this.#follow());
    app.stage.addEventListener("fit", () => this.#editing?.draw());
    app.stage.layers.hand.addEventListener("pointerdown", (event) => this.#touch(event));
  }

  get #covers() {
    return this.app.store.choices?.policy.cover ?? [];
  }

  enter() {
    this.sound.enter();
    if (this.#chosen !== null) this.#edit(this.#chosen);
  }

  leave() {
    this.#end();
    this.#edit(null, this.#chosen);
    this.sound.leave();
  }

  #begin() {
    this.#edit(null);
    this.#drawing = true;
    set(this.stop, "hidden", false);
    this.app.player.pause();
    this.app.stage.take(boxTool(this.app.stage, (box) => this.#add(box)), t("hand.hint"));
  }

  #end() {
    if (!this.#drawing) return;
    this.#drawing = false;
    set(this.stop, "hidden", true);
    this.app.stage.take(null);
  }

  async #add(box) {
    this.#end();
    const k = this.#covers.length;
    if (await this.app.store.edit({ do: "add", table: "cover", line: { box, follow: "fixed" } })) {
      this.#edit(k);
      this.app.store.tell("said", t("hand.added", { number: k + 1 }));
    }
  }

  key(event) {
    if (!this.#drawing || event.key !== "Escape") return false;
    this.#end();
    return true;
  }

  #touch(event) {
    const line = event.target.dataset?.line;
    if (line === undefined || !this.app.shows(this) || this.#drawing || event.button !== 0) return;
    event.stopPropagation();
    if (this.#chosen !== Number(line)) this.#edit(Number(line));
    this.#editing?.body(event);
  }

  /** Handles are there where the box was drawn; elsewhere it may have been carried along. */
  #edit(k, remember = k) {
    this.#editing?.end();
    this.#editing = null;
    this.#moving = null;
    if (!this.#drawing) this.app.stage.layers.tool.replaceChildren();
    this.#chosen = remember;
    const cover = k === null ? null : this.#covers[k];
    if (cover && this.app.shows(this) && this.#atHome(cover)) {
      const [x1, y1, x2, y2] = cover.box;
      this.#moving = [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
      const shape = svg("rect", { class: "by-hand chosen" });
      shape.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.stopPropagation();
        this.#editing?.body(event);
      });
      this.app.stage.layers.tool.append(shape);
      const outline = () => {
        const [a, b] = [this.app.stage.px(this.#moving[0]), this.app.stage.px(this.#moving[2])];
        const [left, top, right, bottom] = boxOf2(a, b);
        for (const [key, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) set(shape, key, value.toFixed(1));
      };
      this.#editing = handles(this.app.stage, {
        corners: () => this.#moving,
        moved: (corner, point) => this.#corner(corner, point),
        shifted: (by) => { this.#moving = shift(this.#moving, by); },
        name: (corner) => t(`hand.corner${corner}`, { number: k + 1 }),
        commit: () => this.#commit(k),
        keep: outline,
      });
    }
    this.#mark();
  }

  /** The two corners beside the one that is moved come along. */
  #corner(k, [x, y]) {
    const next = this.#moving.map((point) => [...point]);
    const [level, upright] = k % 2 ? [k - 1, (k + 1) % 4] : [k + 1, (k + 3) % 4];
    next[k] = [x, y];
    next[level][1] = y;
    next[upright][0] = x;
    this.#moving = next;
  }

  #atHome(cover) {
    if (cover.follow === undefined || cover.follow === "fixed") return true;
    return Math.abs(this.app.player.second - (cover.from ?? 0)) < 0.3;
  }

  #follow() {
    if (this.#chosen === null || !this.app.shows(this) || this.#drawing) return;
    const cover = this.#covers[this.#chosen];
    if (cover && this.#atHome(cover) !== (this.#editing !== null)) this.#edit(this.#chosen);
  }

  async #commit(k) {
    const cover = this.#covers[k];
    const box = this.#moving && boxOf(this.#moving[0], this.#moving[2]);
    if (!cover || !box || JSON.stringify(box) === JSON.stringify(cover.box)) return;
    if (!(await this.#change(k, { ...cover, box }))) this.#edit(k);
  }

  #change(k, line) {
    return this.app.store.edit({ do: "change", table: "cover", index: k, line });
  }

  async #remove(k) {
    this.#edit(null);
    await this.app.store.edit({ do: "remove", table: "cover", index: k });
    this.draw.focus();
  }

  update() {
    const covers = this.#covers;
    set(this.none, "hidden", covers.length > 0);
    refill(this.list, ...covers.map((cover, k) => this.#line(cover, k)));
    if (this.#chosen !== null && this.app.shows(this) && !this.#drawing) this.#edit(covers[this.#chosen] ? this.#chosen : null);
    this.#mark();
    this.sound.update();
  }

  #line(cover, k) {
    const told = this.app.store.choices.covers[k] ?? {};
    const key = `cover-${k}`;
    const whatId = fresh("what");
    const what = el("select", { id: whatId, "data-key": `${key}-what`, on: { change: () => {
      const { what: _, ...rest } = cover;
      this.#change(k, what.value ? { ...rest, what: what.value } : rest);
    } } }, el("option", { value: "", text: t("what.none") }), ...WHAT.map((name) => el("option", { value: name, text: t(`what.${name}`) })));
    if (cover.what && !WHAT.includes(cover.what)) what.append(el("option", { value: cover.what, text: cover.what }));
    what.value = cover.what ?? "";
    const followId = fresh("follow");
    const follow = el("select", { id: followId, "data-key": `${key}-follow`, on: { change: () => {
      // What moves along does so from where it was drawn: the picture that is seen now.
      const from = cover.from ?? (follow.value === "fixed" || this.app.player.index === 0 ? undefined : this.app.player.second);
      this.#change(k, { ...cover, follow: follow.value, ...(from === undefined ? {} : { from }) });
    } } }, ...FOLLOW.map((name) => el("option", { value: name, text: t(`follow.${name}`) })));
    follow.value = cover.follow ?? "fixed";
    const name = cover.what ? (WHAT.includes(cover.what) ? t(`what.${cover.what}`) : cover.what) : t("hand.box");
    return el("li", { class: "line", "data-line": k },
      el("div", { class: "line-head" },
        el("button", { type: "button", class: "line-name", "data-key": key, on: { click: () => this.#open(k) } },
          el("strong", { text: t("hand.cover", { number: k + 1, what: name }) }), el("span", { class: "soft", text: stretch(cover.from, cover.to) })),
        button(t("hand.remove", { number: k + 1 }), () => this.#remove(k), { bare: true, icon: "bin", "data-key": `${key}-bin` })),
      told.lost_s == null ? null : el("p", { class: "note warn", text: t("hand.lost", { time: clock(told.lost_s) }) }),
      told.text ? el("p", { class: "soft", text: told.text }) : null,
      times(this.app, { from: cover.from, to: cover.to, key, change: ({ from, to }) => {
        const { from: _, to: __, ...rest } = cover;
        this.#change(k, { ...rest, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
      } }),
      el("div", { class: "row" },
        el("span", { class: "field" }, el("label", { for: whatId, text: t("hand.what") }), what),
        el("span", { class: "field" }, el("label", { for: followId, text: t("hand.follow") }), follow)));
  }

  #open(k) {
    const cover = this.#covers[k];
    const { second } = this.app.player;
    const inside = second >= (cover.from ?? 0) && (cover.to === undefined || second < cover.to);
    if (!inside || !this.#atHome(cover)) this.app.player.seekSecond(cover.from ?? 0);
    this.#edit(k);
  }

  #mark() {
    for (const item of this.list.children) item.classList.toggle("chosen", Number(item.dataset.line) === this.#chosen);
  }
}

const boxOf2 = ([ax, ay], [bx, by]) => [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
