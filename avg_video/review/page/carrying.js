// How the camera carries what was drawn on one picture to another: from three corners of the first, as seen in the other.

const STILL = [[0, 0], [1, 0], [0, 1]];
const within = (value) => Math.min(Math.max(Math.round(value * 1e5) / 1e5, 0), 1);

/** `on` takes a point of the picture it was drawn on to where it is seen; `back` the other way, inside the picture. */
export function carried(corners = STILL) {
  const [[ox, oy], [ax, ay], [bx, by]] = corners;
  const [a, b, c, d] = [ax - ox, bx - ox, ay - oy, by - oy];
  const size = a * d - b * c;
  if (corners === STILL || (a === 1 && d === 1 && !b && !c && !ox && !oy)) return { on: (point) => point, back: (point) => point };
  return {
    on: ([x, y]) => [ox + a * x + b * y, oy + c * x + d * y],
    back: ([x, y]) => [(d * (x - ox) - b * (y - oy)) / size, (a * (y - oy) - c * (x - ox)) / size].map(within),
  };
}
