// Shapes that can be changed: corners to drag or to move with the arrow keys, for regions and boxes alike.

import { set, svg } from "./dom.js";

const STEP = 0.005;
const LEAP = 0.04;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const within = (value) => Math.min(Math.max(Math.round(value * 1e5) / 1e5, 0), 1);

/** Follows the pointer until it is let go: `moved` gets fractions, `done` is called at the end. */
export function drag(stage, event, moved, done = () => {}) {
  const target = stage.drawing;
  target.setPointerCapture(event.pointerId);
  const move = (next) => moved(stage.at(next));
  const end = () => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", end);
    target.removeEventListener("pointercancel", end);
    done();
  };
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", end);
  target.addEventListener("pointercancel", end);
}

/**
 * Handles for corners, drawn into the stage's tool layer.
 *
 * `corners` gives the points now; `moved(k, point)` what they become; `name(k)` what a corner is called;
 * `commit` is called when a change is complete; `remove(k)` may take a corner away.
 */
export function handles(stage, { corners, moved, shifted, name, commit, remove, keep }) {
  const knobs = [];
  const held = { timer: 0 };
  const later = () => {
    clearTimeout(held.timer);
    held.timer = setTimeout(commit, 500);
  };
  const knob = (k) => {
    const circle = svg("circle", {
      class: "knob",
      r: 7,
      tabindex: 0,
      role: "button",
      "aria-label": name(k),
      "data-key": `knob-${k}`,
      on: {
        pointerdown: (event) => {
          if (event.button !== 0) return;
          event.stopPropagation();
          drag(stage, event, (point) => { moved(k, point.map(within)); draw(); }, commit);
        },
        keydown: (event) => {
          const way = ARROWS[event.key];
          if (way) {
            event.preventDefault();
            event.stopPropagation();
            const size = event.shiftKey ? LEAP : STEP;
            const [x, y] = corners()[k];
            moved(k, [within(x + way[0] * size), within(y + way[1] * size)]);
            draw();
            set(circle, "aria-label", name(k));
            later();
          } else if ((event.key === "Delete" || event.key === "Backspace") && remove) {
            event.preventDefault();
            event.stopPropagation();
            remove(k);
          }
        },
      },
    });
    return circle;
  };
  const draw = () => {
    const points = corners();
    while (knobs.length < points.length) {
      knobs.push(knob(knobs.length));
      stage.layers.tool.append(knobs.at(-1));
    }
    while (knobs.length > points.length) knobs.pop().remove();
    points.forEach((point, k) => {
      const [x, y] = stage.px(point);
      set(knobs[k], "cx", x.toFixed(1));
      set(knobs[k], "cy", y.toFixed(1));
    });
    keep?.();
  };
  /** Moves the whole shape with the pointer. */
  const body = (event) => {
    let last = stage.at(event);
    drag(stage, event, (point) => {
      shifted([point[0] - last[0], point[1] - last[1]]);
      last = point;
      draw();
    }, commit);
  };
  draw();
  return { draw, body, end: () => clearTimeout(held.timer), focus: () => knobs[0]?.focus() };
}

/** Points moved together, as far as all of them stay in the picture. */
export function shift(points, [dx, dy]) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const x = Math.min(Math.max(dx, -Math.min(...xs)), 1 - Math.max(...xs));
  const y = Math.min(Math.max(dy, -Math.min(...ys)), 1 - Math.max(...ys));
  return points.map((point) => [within(point[0] + x), within(point[1] + y)]);
}

/** Left, top, right, bottom of two opposite corners. */
export function boxOf([ax, ay], [bx, by]) {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(within);
}
