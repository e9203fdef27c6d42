/* What a visitor does on a map: point, click, draw around points, move and zoom; by mouse, finger or keyboard. One
   finger scrolls the page, as it does everywhere; two that go the same way do what one mouse does, two that part zoom. */

const CLICK = 4; // pixels that a pointer may move and still have clicked
const AIM = 40; // pixels around the middle in which a keyboard finds a point
const APART = 12; // pixels that two fingers move before it is clear what they do
const TOOLS = ["lasso", "box", "move"];
const ACTIONS = ["in", "out", "whole", "clear"];
const SIGNS = { in: "+", out: "−" };

class Hand {
  /* `tell` has hover(row, event), leave(), open(row), choose(rows, more). */
  constructor(chart, words, tell) {
    Object.assign(this, { chart, tell, tool: TOOLS[0], down: new Map(), path: null });
    this.plot = chart.plot;
    this.plot.dataset.tool = this.tool;
    const listen = (name, act) => this.plot.addEventListener(name, act);
    listen("pointerdown", (event) => this.press(event));
    listen("pointermove", (event) => this.drag(event));
    listen("pointerup", (event) => this.lift(event));
    listen("pointercancel", (event) => { this.down.delete(event.pointerId); this.drop(); });
    // What two fingers do is not for the browser, which would scroll or zoom the page.
    for (const name of ["touchstart", "touchmove"]) {
      this.plot.addEventListener(name, (event) => { if (event.touches.length > 1) event.preventDefault(); }, { passive: false });
    }
    listen("pointerleave", () => tell.leave());
    listen("dblclick", () => this.clear());
    this.plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    listen("keydown", (event) => this.key(event));
    this.bar = this.buttons(words.tools, words.bar);
    this.bar.append(Object.assign(document.createElement("small"), { textContent: words.fingers }));
  }

  buttons(words, label) {
    const bar = document.createElement("div");
    bar.className = "vt-map-tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", label);
    bar.append(...[...TOOLS, ...ACTIONS].map((name) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: SIGNS[name] ?? words[name], title: words[name] });
      if (SIGNS[name]) button.setAttribute("aria-label", words[name]);
      if (TOOLS.includes(name)) button.setAttribute("aria-pressed", String(name === this.tool));
      button.onclick = () => this.act(name);
      button.dataset.name = name;
      return button;
    }));
    return bar;
  }

  act(name) {
    if (name === "in") this.chart.zoomBy(1.5);
    else if (name === "out") this.chart.zoomBy(1 / 1.5);
    else if (name === "whole") { this.chart.look(null); this.chart.ask(); }
    else if (name === "clear") { this.clear(); this.plot.focus(); } // the button goes
    else {
      this.tool = name;
      for (const one of this.bar.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", String(one.dataset.name === this.tool));
    }
    this.plot.dataset.tool = this.tool;
  }

  /* Show a button or not. */
  offer(name, offered) { this.bar.querySelector(`[data-name=${name}]`).hidden = !offered; }

  key(event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const names = { "+": "in", "=": "in", "-": "out", 0: "whole" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) this.chart.move(...steps[event.key]);
    else if (names[event.key]) this.act(names[event.key]);
    else if (event.key === "Escape") this.clear();
    else if (event.key === "Enter" && this.aimed != null) this.tell.open(this.aimed);
    else return;
    event.preventDefault();
    if (event.key !== "Enter" && event.key !== "Escape") this.aim();
  }

  /* By keyboard, what lies in the middle is pointed at. */
  aim() {
    const { width, height } = this.chart, box = this.plot.getBoundingClientRect();
    this.aimed = this.chart.nearest(width / 2, height / 2, AIM);
    if (this.aimed === null) this.tell.leave();
    else this.tell.hover(this.aimed, { clientX: box.left + width / 2, clientY: box.top + height / 2 });
  }

  clear() {
    this.give(null);
    if (this.chart.lit) this.tell.choose([], false);
  }

  at(event) {
    const box = this.plot.getBoundingClientRect();
    return [event.clientX - box.left - this.plot.clientLeft, event.clientY - box.top - this.plot.clientTop];
  }

  press(event) {
    if (event.pointerType === "mouse" && event.button > 1) return;
    if (event.pointerType === "mouse") this.plot.setPointerCapture?.(event.pointerId);
    const at = this.at(event), draws = this.tool !== "move" && event.button !== 1;
    this.down.set(event.pointerId, { from: at, at, moved: 0 });
    const fingers = event.pointerType === "touch";
    if (fingers && this.down.size === 2) this.pair = { from: this.fingers(), does: "" };
    this.path = draws && !fingers ? [at] : null;
    this.tell.leave();
  }

  /* Where two fingers are: the point between them, and how far apart they are. */
  fingers() {
    const [[ax, ay], [bx, by]] = [...this.down.values()].map(({ at }) => at);
    return { at: [(ax + bx) / 2, (ay + by) / 2], wide: Math.hypot(ax - bx, ay - by) || 1 };
  }

  drag(event) {
    const one = this.down.get(event.pointerId), at = this.at(event);
    if (!one) { this.point(at, event); return; }
    const before = this.pair && this.down.size === 2 && this.fingers(), [x, y] = one.at;
    Object.assign(one, { at, moved: Math.max(one.moved, Math.hypot(at[0] - one.from[0], at[1] - one.from[1])) });
    if (before) this.both(before, this.fingers());
    else if (event.pointerType === "touch") return; // the page scrolls
    else if (!this.path) this.chart.move(at[0] - x, at[1] - y);
    else if (one.moved > CLICK) this.trace(at);
  }

  /* Two fingers have moved. */
  both(before, now) {
    const { pair } = this, [dx, dy] = [now.at[0] - pair.from.at[0], now.at[1] - pair.from.at[1]];
    if (!pair.does && Math.abs(now.wide - pair.from.wide) > APART) pair.does = "zoom";
    else if (!pair.does && Math.hypot(dx, dy) > APART) pair.does = this.tool === "move" ? "zoom" : "draw";
    if (pair.does === "zoom") {
      this.chart.move(now.at[0] - before.at[0], now.at[1] - before.at[1]);
      this.chart.zoomBy(now.wide / before.wide, ...now.at);
    } else if (pair.does) {
      this.path ??= [pair.from.at];
      this.trace(now.at);
    }
  }

  /* Go on drawing. */
  trace(at) {
    const [from] = this.path;
    this.path = this.tool === "box" ? [from, [at[0], from[1]], at, [from[0], at[1]]] : [...this.path, at];
    this.give(this.path.map(([x, y]) => this.chart.back(x, y)));
  }

  point(at, event) {
    if (event.pointerType === "touch") return;
    const row = this.chart.nearest(...at);
    this.plot.classList.toggle("vt-over", row !== null);
    if (row === null) this.tell.leave();
    else this.tell.hover(row, event);
  }

  lift(event) {
    const one = this.down.get(event.pointerId), { path, pair } = this;
    this.down.delete(event.pointerId);
    if (!one || (pair && this.down.size)) return; // the other finger is still there
    Object.assign(this, { path: null, pair: null });
    if (path?.length > 2) this.tell.choose(this.chart.inside(this.chart.outline), event.shiftKey);
    else if (!pair && one.moved <= CLICK) {
      const row = event.button === 0 ? this.chart.nearest(...one.at) : null;
      if (row !== null) this.tell.open(row);
    }
  }

  /* Nothing comes of what was begun. */
  drop() {
    Object.assign(this, { path: null, pair: null });
    this.give(null);
  }

  give(outline) {
    this.chart.outline = outline;
    this.chart.ask();
  }

  /* Only with Ctrl, which is also what a touchpad's pinch says: the plain wheel scrolls the page. */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.chart.zoomBy(Math.exp(-event.deltaY / 300), ...this.at(event));
  }
}
