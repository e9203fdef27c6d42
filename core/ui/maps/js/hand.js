/* What a visitor does on a map: point, click, draw around points, move and zoom; by mouse, finger or keyboard. */

const CLICK = 4; // pixels that a pointer may move and still have clicked
const TOOLS = ["lasso", "box", "move"];
const ACTIONS = ["in", "out", "whole"];
const SIGNS = { in: "+", out: "−" };

class Hand {
  /* `tell` has hover(row, event), leave(), open(row), choose(rows, more). */
  constructor(chart, words, label, tell) {
    // On a touch screen one finger scrolls the page until a tool is chosen.
    const scrolls = matchMedia("(pointer: coarse)").matches, tool = scrolls ? "" : TOOLS[0];
    Object.assign(this, { chart, tell, tool, scrolls, down: new Map(), path: null });
    this.plot = chart.plot;
    this.plot.dataset.tool = tool;
    const listen = (name, act) => this.plot.addEventListener(name, act);
    listen("pointerdown", (event) => this.press(event));
    listen("pointermove", (event) => this.drag(event));
    listen("pointerup", (event) => this.lift(event));
    listen("pointercancel", (event) => { this.down.delete(event.pointerId); this.give(null); });
    listen("pointerleave", () => tell.leave());
    listen("dblclick", () => this.clear());
    this.plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    listen("keydown", (event) => this.key(event));
    this.bar = this.buttons(words, label);
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
    else {
      this.tool = this.scrolls && this.tool === name ? "" : name;
      for (const one of this.bar.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", String(one.dataset.name === this.tool));
    }
    this.plot.dataset.tool = this.tool;
  }

  key(event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const names = { "+": "in", "=": "in", "-": "out", 0: "whole" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) this.chart.move(...steps[event.key]);
    else if (names[event.key]) this.act(names[event.key]);
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
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
    this.plot.setPointerCapture?.(event.pointerId);
    const at = this.at(event), draws = this.tool && this.tool !== "move" && event.button !== 1;
    this.down.set(event.pointerId, { from: at, at, moved: 0 });
    this.path = draws && this.down.size === 1 ? [at] : null;
    this.pinched = this.down.size > 1;
    this.tell.leave();
  }

  drag(event) {
    const one = this.down.get(event.pointerId), at = this.at(event);
    if (!one) { this.point(at, event); return; }
    const before = [...this.down.values()].map((finger) => finger.at);
    const [dx, dy] = [at[0] - one.at[0], at[1] - one.at[1]];
    Object.assign(one, { at, moved: Math.max(one.moved, Math.hypot(at[0] - one.from[0], at[1] - one.from[1])) });
    if (this.down.size === 2) this.pinch(before, [...this.down.values()].map((finger) => finger.at));
    else if (this.pinched) return; // the finger that is left of two
    else if (!this.path && this.tool) this.chart.move(dx, dy);
    else if (!this.path) return; // the page scrolls
    else if (one.moved > CLICK) {
      this.path = this.tool === "box" ? [one.from, [at[0], one.from[1]], at, [one.from[0], at[1]]] : [...this.path, at];
      this.give(this.path.map(([x, y]) => this.chart.back(x, y)));
    }
  }

  point(at, event) {
    if (event.pointerType === "touch") return;
    const row = this.chart.nearest(...at);
    this.plot.classList.toggle("vt-over", row !== null);
    if (row === null) this.tell.leave();
    else this.tell.hover(row, event);
  }

  pinch(before, after) {
    const wide = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    const mid = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const [from, to] = [mid(before), mid(after)];
    this.give(null);
    this.chart.move(to[0] - from[0], to[1] - from[1]);
    this.chart.zoomBy(wide(after) / wide(before), ...to);
  }

  lift(event) {
    const one = this.down.get(event.pointerId), { path } = this;
    this.down.delete(event.pointerId);
    if (!one || this.pinched) return;
    this.path = null;
    if (one.moved <= CLICK) {
      const row = event.button === 0 ? this.chart.nearest(...one.at) : null;
      if (row !== null) this.tell.open(row);
    } else if (path?.length > 2) this.tell.choose(this.chart.inside(this.chart.outline), event.shiftKey);
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
