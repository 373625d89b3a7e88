// Tools that draw something new: a box by dragging, a region by dragging or by its corners one after the other.

import { svg } from "./dom.js";
import { boxOf, drag } from "./handles.js";

const SMALLEST = 0.006;

/** Drags a box; `done` gets left, top, right, bottom. */
export function boxTool(stage, done) {
  const rubber = svg("rect", { class: "rubber" });
  return {
    down(start, event) {
      stage.layers.tool.replaceChildren(rubber);
      let box = null;
      drag(stage, event, (point) => {
        box = boxOf(start, point);
        outline(stage, rubber, box);
      }, () => {
        if (box && big(box)) done(box);
        else rubber.remove();
      });
    },
    dropped: () => rubber.remove(),
  };
}

/** Draws a region: dragging makes a rectangle, clicking sets corners, Enter or the first corner closes it. */
export function regionTool(stage, { start = [], changed, done }) {
  const corners = [...start];
  const rubber = svg("polyline", { class: "rubber" });
  const dots = svg("g", {});
  const draw = (more = null) => {
    stage.layers.tool.replaceChildren(rubber, dots);
    const points = more ? [...corners, more] : corners;
    rubber.setAttribute("points", points.map((point) => stage.px(point).join(",")).join(" "));
    dots.replaceChildren(...corners.map((corner, k) => {
      const [cx, cy] = stage.px(corner);
      return svg("circle", { class: k ? "dot" : "dot first", cx, cy, r: k ? 4 : 7 });
    }));
  };
  const close = () => {
    if (corners.length >= 3) done(corners.map((point) => point.map(round)));
  };
  const near = (point) => {
    if (corners.length < 3) return false;
    const [ax, ay] = stage.px(corners[0]);
    const [bx, by] = stage.px(point);
    return Math.hypot(ax - bx, ay - by) < 12;
  };
  const tool = {
    down(point, event) {
      if (near(point)) return close();
      let box = null;
      drag(stage, event, (next) => {
        if (corners.length) return;
        box = boxOf(point, next);
        if (big(box)) outline(stage, rubber, box, true);
      }, () => {
        if (box && big(box)) {
          const [x1, y1, x2, y2] = box;
          return done([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]);
        }
        corners.push(point);
        changed(corners);
        draw();
      });
    },
    twice: close,
    move: (point) => corners.length && draw(point),
    key(event) {
      if (event.key === "Enter") close();
      else if (event.key === "Backspace" && corners.length) {
        corners.pop();
        changed(corners);
        draw();
      } else return false;
      return true;
    },
    draw,
    dropped: () => stage.layers.tool.replaceChildren(),
  };
  return tool;
}

const round = (value) => Math.round(value * 1e5) / 1e5;
const big = ([x1, y1, x2, y2]) => x2 - x1 > SMALLEST && y2 - y1 > SMALLEST;

function outline(stage, shape, [x1, y1, x2, y2], asLine = false) {
  const [ax, ay] = stage.px([x1, y1]);
  const [bx, by] = stage.px([x2, y2]);
  if (asLine) {
    stage.layers.tool.replaceChildren(shape);
    shape.setAttribute("points", `${ax},${ay} ${bx},${ay} ${bx},${by} ${ax},${by} ${ax},${ay}`);
    return;
  }
  const sides = { x: ax, y: ay, width: bx - ax, height: by - ay };
  for (const [key, value] of Object.entries(sides)) shape.setAttribute(key, value);
}
