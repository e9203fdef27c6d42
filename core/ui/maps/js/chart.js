/* One map on the screen: its points, and over them, as SVG, the names of classes, the query and what was drawn.
   Coordinates are those of the map's file, 0 to 65,535, y upwards. */

const MANY = 30000; // points from which on each is drawn smaller
const LARGEST = 9; // pixels of a point, however near it is looked at

function svg(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

const themed = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

const middle = (values) => values.sort()[values.length >> 1];

/* The row of a number among rising ones, null where it is not among them. */
function rowOf(numbers, number) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (numbers[mid] < number) low = mid + 1;
    else high = mid;
  }
  return numbers[low] === number ? low : null;
}

class Chart {
  constructor(plot) {
    Object.assign(this, { plot, points: null, lit: null, nLit: null, hidden: new Set() });
    Object.assign(this, { query: null, outline: null, marked: null });
    this.cloud = plot.appendChild(document.createElement("canvas"));
    this.canvas = plot.appendChild(document.createElement("canvas"));
    this.over = plot.appendChild(svg("svg", { "aria-hidden": "true" }));
    this.painter = painterOn(this.canvas, () => this.ask());
    this.watcher = new ResizeObserver(() => { if (this.drawnSize !== this.sizes) this.ask(); });
    this.watcher.observe(plot);
    plot.chart = this;
  }

  remove() {
    this.gone = true;
    this.watcher.disconnect();
    this.painter.remove();
  }

  /* Give it what to draw: points, the group of each (uint8), and the colouring that says how groups look. */
  colour(points, group, { groups, rim, dense }) {
    if (groups.length > GROUPS) throw new Error(`${groups.length} groups`);
    const other = points !== this.points;
    Object.assign(this, { points, group, groups, rim, dense });
    if (other) this.painter.send("at", points.steps);
    this.painter.send("group", group);
    this.rows = groups.map(() => 0);
    for (let i = 0; i < points.n; i++) this.rows[group[i]] += 1;
    this.labels = groups.some(({ label }) => label) ? this.middles() : [];
    if (other) this.light(null);
  }

  /* (n,) uint8 of what is lit, null for all alike. */
  light(lit) {
    this.lit = lit;
    this.nLit = lit && lit.reduce((n, one) => n + one, 0);
    this.painter.send("lit", lit ?? new Uint8Array(this.points.n));
  }

  /* The middle of each group that has a label, the largest group first. */
  middles() {
    const { points: { n, steps }, group, groups, rows } = this, next = rows.map(() => 0);
    const axes = [0, 1].map(() => rows.map((size) => new Uint16Array(size)));
    for (let i = 0; i < n; i++) {
      const g = group[i], at = next[g]++;
      axes[0][g][at] = steps[2 * i];
      axes[1][g][at] = steps[2 * i + 1];
    }
    const found = groups.map(({ label }, g) => ({ g, name: label, x: middle(axes[0][g]), y: middle(axes[1][g]) }));
    return found.filter(({ g, name }) => name && rows[g]).sort((a, b) => rows[b.g] - rows[a.g]);
  }

  /* Look at [[x from, to], [y from, to]], null for all points. */
  look(range) {
    if (!range) {
      const { steps, n } = this.points, low = [FULL, FULL], high = [0, 0];
      for (let i = 0; i < 2 * n; i++) {
        if (steps[i] < low[i & 1]) low[i & 1] = steps[i];
        if (steps[i] > high[i & 1]) high[i & 1] = steps[i];
      }
      range = [0, 1].map((axis) => { const room = 0.04 * (high[axis] - low[axis]) + 1; return [low[axis] - room, high[axis] + room]; });
      this.whole = range;
    }
    this.range = range;
    [this.x, this.y] = range.map(([from, to]) => (from + to) / 2);
    this.zoom = 1;
  }

  /* Steps in a pixel. */
  get step() {
    const [[left, right], [low, high]] = this.range;
    return Math.max((right - left) / this.width, (high - low) / this.height) / this.zoom;
  }

  get width() { return this.plot.clientWidth || 1; }
  get sizes() { return `${this.width} ${this.height}`; }
  get height() { return this.plot.clientHeight || 1; }

  px(x) { return this.width / 2 + (x - this.x) / this.step; }
  py(y) { return this.height / 2 - (y - this.y) / this.step; }
  back(px, py) { return [this.x + (px - this.width / 2) * this.step, this.y - (py - this.height / 2) * this.step]; }

  move(dx, dy) {
    this.x = Math.min(FULL, Math.max(0, this.x - dx * this.step));
    this.y = Math.min(FULL, Math.max(0, this.y + dy * this.step));
    this.ask();
  }

  /* Zoom around a pixel, which stays where it is. */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.back(px, py);
    this.zoom = Math.min(400, Math.max(0.2, this.zoom * factor));
    const [nowX, nowY] = this.back(px, py);
    this.x += x - nowX;
    this.y += y - nowY;
    this.ask();
  }

  isSeen(row) { return !this.hidden.has(this.group[row]); }

  /* The row of the visible point closest to a pixel, null where none is within so many pixels. */
  nearest(px, py, within = 12) {
    const [x, y] = this.back(px, py), { steps, n } = this.points;
    let best = (within * this.step) ** 2, found = null;
    for (let i = 0; i < n; i++) {
      const dx = steps[2 * i] - x, dy = steps[2 * i + 1] - y, far = dx * dx + dy * dy;
      if (far < best && this.isSeen(i)) { best = far; found = i; }
    }
    return found;
  }

  /* The rows of the visible points inside a polygon of [x, y]. */
  inside(polygon) {
    const { steps, n } = this.points, rows = [], last = polygon.length - 1;
    const low = [0, 1].map((axis) => Math.min(...polygon.map((at) => at[axis])));
    const high = [0, 1].map((axis) => Math.max(...polygon.map((at) => at[axis])));
    for (let i = 0; i < n; i++) {
      const x = steps[2 * i], y = steps[2 * i + 1];
      if (x < low[0] || x > high[0] || y < low[1] || y > high[1] || !this.isSeen(i)) continue;
      let within = false;
      for (let a = 0, b = last; a <= last; b = a++) {
        const [ax, ay] = polygon[a], [bx, by] = polygon[b];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
      }
      if (within) rows.push(i);
    }
    return rows;
  }

  /* Draw with the next picture of the screen, once. */
  ask() {
    this.asked ??= requestAnimationFrame(() => { this.asked = null; this.draw(); });
  }

  /* Whether so many points are seen that each must be small and let others through. */
  get many() { return this.rows.reduce((n, size, g) => n + (this.hidden.has(g) ? 0 : size), 0) > MANY; }

  /* Pixels of a point: few where there are many, more when looked at from near. */
  get size() {
    const near = this.whole ? (this.whole[0][1] - this.whole[0][0]) / this.width / this.step : 1;
    return Math.min(LARGEST, (this.many ? 3 : 5) * Math.max(1, Math.sqrt(near)) ** 0.8);
  }

  draw() {
    if (this.gone || !this.points) return;
    Object.assign(this.canvas, { hidden: this.dense });
    Object.assign(this.cloud, { hidden: !this.dense });
    if (this.dense) this.drawCloud();
    else this.drawPoints();
    this.drawOver();
    this.drawnSize = this.sizes;
    this.plot.dataset.drawn = this.points.n;
  }

  drawCloud() {
    const { points: { n, steps: at }, x, y, step, width, height } = this;
    const counts = (row) => !this.lit || this.lit[row] === 1, colour = themed(this.plot, "--st-primary-color");
    shade(this.cloud, { n, at, counts, x, y, step, width, height, colour });
  }

  drawPoints() {
    const { points: { n }, x, y, step, width, height, size, hidden } = this, ratio = window.devicePixelRatio || 1;
    const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    if (this.canvas.width !== pixels.width || this.canvas.height !== pixels.height) Object.assign(this.canvas, pixels);
    const passes = this.lit ? [[0, 0.08, size], [1, 1, size + 1.5]] : [[-1, this.many ? 0.5 : this.rim ? 1 : 0.7, size]];
    if (this.rim) { // below the points, larger ones in the colour of the text
      const [part, , pixels] = passes[passes.length - 1];
      passes.splice(-1, 0, [part, 1, pixels + 2, themed(this.plot, "--st-text-color")]);
    }
    const looks = this.groups.map(({ colour, shape }, g) => [colour, shape, hidden.has(g)]);
    this.painter.paint({ n, x, y, step, width, height, ratio, looks, passes });
  }

  /* Put a ring around an item, by its number; null for none. */
  mark(number) {
    const row = number === null ? null : rowOf(this.points.numbers, number);
    if (row === this.marked) return;
    this.marked = row;
    this.drawOver();
  }

  drawOver() {
    const points = this.outline?.map(([x, y]) => `${this.px(x)},${this.py(y)}`).join(" ");
    const drawn = points ? [svg("polygon", { points, class: "vt-map-outline" })] : [];
    this.over.replaceChildren(...this.names(), ...this.star(), ...this.ring(), ...drawn);
  }

  ring() {
    if (this.marked === null || !this.isSeen(this.marked)) return [];
    const { steps } = this.points, cx = this.px(steps[2 * this.marked]), cy = this.py(steps[2 * this.marked + 1]);
    return [svg("circle", { cx, cy, r: this.size / 2 + 4, class: "vt-map-ring" })];
  }

  /* Names of classes; one that would lie over another, or over the query, is left out. */
  names() {
    const taken = this.query ? [{ x: this.px(this.query.x), y: this.py(this.query.y), half: 15 }] : [];
    const names = [];
    for (const { g, name, x: atX, y: atY } of this.labels) {
      const x = this.px(atX), y = this.py(atY) - 8, half = 3.5 * name.length + 6;
      const inFrame = x > half && x < this.width - half && y > 14 && y < this.height - 8;
      const clash = (other) => Math.abs(x - other.x) < half + other.half && Math.abs(y - other.y) < 20;
      if (this.hidden.has(g) || !inFrame || taken.some(clash)) continue;
      taken.push({ x, y, half });
      names.push(svg("text", { x, y }, name));
    }
    return names;
  }

  /* The query as a star, with a line to each of its closest items that this map shows. */
  star() {
    if (!this.query) return [];
    const x = this.px(this.query.x), y = this.py(this.query.y), { steps } = this.points;
    const ends = this.query.hits.map((row) => [this.px(steps[2 * row]), this.py(steps[2 * row + 1])]);
    const tips = Array.from({ length: 10 }, (_, i) => {
      const radius = i % 2 ? 5 : 12, turn = (Math.PI * i) / 5;
      return `${x + radius * Math.sin(turn)},${y - radius * Math.cos(turn)}`;
    });
    return [...ends.map(([x2, y2]) => svg("line", { x1: x, y1: y, x2, y2 })),
      ...ends.map(([cx, cy]) => svg("circle", { cx, cy, r: 6 })),
      svg("polygon", { points: tips.join(" "), class: "vt-map-star" })];
  }
}
