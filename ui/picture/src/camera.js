// Where the reader looks: the camera follows the graph until it is moved by hand, and is kept for each graph.
const WHOLE = { x: 0.5, y: 0.5, ratio: 1, angle: 0 };
const MARGIN = 34; // pixels around what is fitted
const NAMES = 64; // the same at the sides, where names stand
const NEAREST = 0.08; // ratio; fitting a few concepts comes no closer
const CLOSE = 0.35; // ratio of a flight to one concept, at most
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export const calm = () => CALM.matches;

export class Camera {
  // `covered` says how many pixels of the stage, from its top, something lies on.
  constructor(renderer, place, covered) {
    Object.assign(this, { renderer, place, covered, moved: false, aim: null, moving: null, later: 0 });
    const hands = [renderer.getMouseCaptor(), renderer.getTouchCaptor()];
    renderer.getCamera().on("updated", () => {
      const isHeld = hands.some((one) => one.isMoving); // during a movement of ours too
      if (!this.moving || isHeld) this.take();
      if (this.moving && isHeld) this.halt();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.keep(), 250);
    });
    renderer.getMouseCaptor().on("wheel", () => this.take());
  }

  // From here on a hand has the camera, until the whole is asked for again.
  take() {
    Object.assign(this, { moved: true, aim: null });
  }

  // Ends a movement of ours where the camera is; sigma knows no other way than a movement that leads nowhere.
  halt() {
    const camera = this.renderer.getCamera();
    if (camera.isAnimated()) camera.animate(camera.getState(), { duration: 1 }, () => {});
  }

  // The extent that is the whole picture stays while a graph grows; a new one brings a new extent.
  frame(rows, first) {
    const kept = first ? remembered(this.place) : null;
    const now = extent(rows);
    this.renderer.setCustomBBox(now);
    if (kept?.moved && alike(kept.box, now)) {
      this.renderer.setCustomBBox(kept.box);
      this.set(kept.camera);
      this.moved = true;
      return true;
    }
    this.moved = false;
    return false;
  }

  set(state) {
    this.moving = {};
    this.renderer.getCamera().setState(state);
    this.halt();
    this.moving = null;
  }

  // A movement is ours until it has ended, however late its pictures come, or until another one takes its place.
  move(state, time = 450) {
    if (CALM.matches || !time) return this.set(state);
    const moving = (this.moving = {});
    this.renderer.getCamera().animate(state, { duration: time, easing: "quadraticInOut" }, () => {
      if (this.moving === moving) this.moving = null;
    });
  }

  // A camera that shows these rows in what is free of the strip above.
  state(rows) {
    const { width, height } = this.renderer.getDimensions();
    const { x, y } = extent(rows);
    const corners = [0, 1].map((at) => this.renderer.graphToViewport({ x: x[at], y: y[at] }, { cameraState: WHOLE }));
    const [left, right, top, bottom] = bounds(corners);
    const [above, sides] = [this.covered(), Math.min(NAMES, width / 8)];
    const free = [Math.max(width - 2 * sides, 40), Math.max(height - above - 2 * MARGIN, 40)];
    const scale = Math.max((right - left) / free[0], (bottom - top) / free[1], NEAREST);
    const centre = { x: (left + right) / 2, y: (top + bottom) / 2 - (scale * above) / 2 };
    return { ...this.renderer.viewportToFramedGraph(centre, { cameraState: WHOLE }), ratio: scale, angle: 0 };
  }

  // `follows` says that the camera goes on showing the whole as it grows.
  fit(rows, { follows = true, time } = {}) {
    if (!rows.length) return;
    this.move(this.state(rows), time);
    Object.assign(this, { moved: !follows, aim: rows });
  }

  // A stage of another size shows what was fitted last.
  again() {
    if (this.aim?.length) this.set(this.state(this.aim));
  }

  fly(row) {
    const { x, y } = this.renderer.getNodeDisplayData(row.key);
    this.move({ x, y, ratio: Math.min(this.renderer.getCamera().ratio, CLOSE) });
    this.take();
  }

  zoom(factor) {
    const camera = this.renderer.getCamera();
    this.move({ ratio: camera.getBoundedRatio(camera.ratio * factor) });
    this.take();
  }

  // Tells whether all rows are in what is free; where not, they are fitted.
  shows(rows) {
    const { width, height } = this.renderer.getDimensions();
    const top = this.covered();
    return rows.every((row) => {
      const { x, y } = this.renderer.graphToViewport(row);
      return x > 8 && x < width - 8 && y > top + 8 && y < height - 8;
    });
  }

  keep() {
    const kept = { camera: this.renderer.getCamera().getState(), box: this.renderer.getCustomBBox(), moved: this.moved };
    try {
      sessionStorage.setItem(`graphgrow ${this.place}`, JSON.stringify(kept));
    } catch {
      // storage is refused: the camera lasts as long as the picture
    }
  }
}

function remembered(place) {
  try {
    return JSON.parse(sessionStorage.getItem(`graphgrow ${place}`));
  } catch {
    return null; // storage is refused, or holds something else
  }
}

// Two extents of one layout: neither has moved by much of its size.
function alike(one, other) {
  const near = (a, b) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) <= 0.5 * (b[1] - b[0]);
  return Array.isArray(one?.x) && Array.isArray(one?.y) && near(one.x, other.x) && near(one.y, other.y);
}

function bounds(points) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return [left, right, top, bottom];
}

export function extent(rows) {
  if (!rows.length) return { x: [0, 1], y: [0, 1] };
  const [left, right, top, bottom] = bounds(rows);
  const edge = left === right && top === bottom ? 1 : 0;
  return { x: [left - edge, right + edge], y: [top - edge, bottom + edge] };
}
