/* The maps, drawn by plotly.js: points are fetched once, and colours, hover and choosing need no server but for the
   picture under the pointer. What is lit is one set of item numbers, the same on every map. */

const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7"]; // Okabe and Ito 2008
const SYMBOLS = [["circle", "●"], ["square", "■"], ["diamond", "◆"], ["triangle-up", "▲"], ["cross", "✚"]];
const MANY = 30000; // points from which on each is drawn smaller
const HOVER_MS = 60; // the pointer must rest this long before a picture is fetched
const KEPT_ITEMS = 200;

const views = new WeakMap();
const shared = (window.vitrineMaps ??= { points: new Map(), items: new Map(), plotly: null });

export default function (component) {
  const { parentElement, data } = component;
  const view = views.get(parentElement) ?? new View(parentElement);
  views.set(parentElement, view);
  view.component = component;
  view.work = view.work.then(() => view.update(data)).catch((error) => view.fail(error));
  return () => { view.remove(); views.delete(parentElement); };
}

const base = () => location.pathname.replace(/\/[^/]*\/?$/, "/") + "maps/";

function loadPlotly(version) {
  shared.plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${base()}plotly.js?v=${version}`;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { shared.plotly = null; reject(new Error("plotly.js")); };
    document.head.append(script);
  });
  return shared.plotly;
}

function loadPoints({ id, version }) {
  const url = `${base()}points/${encodeURIComponent(id)}?v=${version}`;
  if (!shared.points.has(url)) {
    const loading = fetch(url).then(async (answer) => {
      if (!answer.ok) throw new Error((await answer.json()).error);
      const body = await answer.arrayBuffer(), n = body.byteLength / 11;
      const steps = new Uint16Array(body, 4 * n, 2 * n), codes = new Uint8Array(body, 8 * n);
      const [x, y] = [0, 1].map((axis) => Float32Array.from({ length: n }, (_, i) => steps[2 * i + axis]));
      const [own, predicted, nearest] = [0, 1, 2].map((i) => codes.subarray(i * n, (i + 1) * n));
      return { n, x, y, own, predicted, nearest, numbers: new Uint32Array(body, 0, n) };
    });
    loading.catch(() => shared.points.delete(url));
    shared.points.set(url, loading);
  }
  return shared.points.get(url);
}

function loadItem(number) {
  if (!shared.items.has(number)) {
    if (shared.items.size >= KEPT_ITEMS) shared.items.delete(shared.items.keys().next().value);
    const loading = fetch(`${base()}items/${number}`).then((answer) => (answer.ok ? answer.json() : null));
    shared.items.set(number, loading.catch(() => { shared.items.delete(number); return null; }));
  }
  return shared.items.get(number);
}

/* The groups of a colouring: which group a row is in, and how each group looks. */
function colouring(data, points) {
  const look = (code) => {
    const [symbol, sign] = SYMBOLS[Math.floor(code / COLOURS.length) % SYMBOLS.length];
    const turn = code - Math.floor(code / COLOURS.length); // so that kinds that mix have other colours
    return { colour: COLOURS[turn % COLOURS.length], symbol, sign };
  };
  const named = (names, looks) => names.map((name, i) => ({ name, ...looks[i] }));
  if (data.colour === "catalogue") {
    const of = Uint8Array.from(data.kinds, (kind) => kind.catalogue);
    return { group: points.own.map((code) => of[code]), groups: named(data.catalogues, [look(4), look(9)]) };
  }
  if (data.colour === "wrong") {
    const looks = [{ colour: "#8a8a8a", symbol: "circle", sign: "●" }, { colour: "#d55e00", symbol: "x", sign: "✖" }];
    return { group: points.own.map((code, i) => +(code !== points.nearest[i])), groups: named(data.sides, looks) };
  }
  const group = data.colour === "predicted" ? points.predicted : points.own;
  return { group, groups: data.kinds.map((kind, code) => ({ name: kind.name, ...look(code) })), labelled: true };
}

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const isLit = (bits, number) => (bits[number >> 3] >> (number & 7)) & 1;

class View {
  constructor(parent) {
    this.root = parent.querySelector(".vt-maps");
    this.legend = parent.querySelector(".vt-maps-legend");
    this.maps = new Map(); // id -> {div, points, rows of each trace}
    this.hidden = new Set();
    this.work = Promise.resolve();
    this.bits = null; // what is lit, null for nothing
    this.sent = "";
  }

  remove() {
    clearTimeout(this.timer);
    for (const map of this.maps.values()) window.Plotly?.purge(map.plot);
    this.maps.clear();
    this.gone = true;
  }

  fail(error) {
    this.drawing = false;
    if (!this.gone) this.root.textContent = `${this.component.data.words.failed} ${error.message ?? ""}`;
  }

  async update(data) {
    const [Plotly, ...points] = await Promise.all([loadPlotly(data.plotly), ...data.maps.map(loadPoints)]);
    if (this.gone) return;
    this.root.querySelector(".vt-maps-loading")?.remove();
    if (data.lit !== this.sent || !this.maps.size) this.bits = data.lit ? bytesOf(data.lit) : null;
    const cleared = data.lit !== this.sent;
    this.sent = data.lit;
    if (data.colour !== this.data?.colour) this.hidden.clear();
    this.data = data;
    this.arrange(data.maps);
    this.describe(points[0]);
    this.drawing = true;
    await Promise.all(data.maps.map((map, i) => this.draw(Plotly, map, points[i], cleared)));
    this.drawing = false;
  }

  arrange(wanted) {
    for (const [id, map] of this.maps) {
      if (wanted.some((one) => one.id === id)) continue;
      window.Plotly.purge(map.plot);
      map.box.remove();
      this.maps.delete(id);
    }
    for (const { id, title } of wanted) {
      if (!this.maps.has(id)) this.maps.set(id, this.box(title));
      this.root.append(this.maps.get(id).box);
    }
    this.root.dataset.n = wanted.length;
  }

  box(title) {
    const box = document.createElement("figure"), caption = document.createElement("figcaption");
    const plot = document.createElement("div"), card = document.createElement("div");
    box.className = "vt-map";
    plot.className = "vt-map-plot";
    card.className = "vt-map-card";
    card.hidden = true;
    caption.textContent = title;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", this.data.words.alt.replace("{name}", title));
    box.append(caption, plot, card);
    return { box, plot, card };
  }

  draw(Plotly, { id, focus, query }, points, cleared) {
    const map = this.maps.get(id), { group, groups, labelled } = colouring(this.data, points);
    Object.assign(map, { points, rows: groups.map(() => []), labels: [] });
    for (let i = 0; i < points.n; i++) map.rows[group[i]].push(i);
    const theme = getComputedStyle(this.root);
    const ink = theme.getPropertyValue("--st-text-color") || theme.color;
    const paper = theme.getPropertyValue("--st-background-color") || "transparent";
    const size = points.n > MANY ? 3 : 5;
    const traces = groups.map((look, i) => ({
      type: "scattergl", mode: "markers", name: look.name, hoverinfo: "none", showlegend: false,
      x: Float32Array.from(map.rows[i], (row) => points.x[row]),
      y: Float32Array.from(map.rows[i], (row) => points.y[row]),
      visible: !this.hidden.has(i) && map.rows[i].length > 0,
      marker: { color: look.colour, symbol: look.symbol, size, opacity: points.n > MANY ? 0.5 : 0.7 },
      selected: { marker: { opacity: 1, size: size + 2 } }, unselected: { marker: { opacity: 0.05 } },
      selectedpoints: this.litIn(map, i),
    }));
    const key = JSON.stringify(focus);
    if (focus !== "keep" && key !== map.key) { // a new revision undoes what the visitor moved
      Object.assign(map, { key, focus, revision: (map.revision ?? 0) + 1 });
    }
    const range = map.focus;
    const axis = { visible: false, zeroline: false, showgrid: false };
    const layout = {
      dragmode: map.plot._fullLayout?.dragmode ?? "lasso", hovermode: "closest", uirevision: map.revision,
      selectionrevision: cleared ? Math.random() : undefined, ...(cleared ? { selections: [] } : {}),
      margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: theme.fontFamily, size: 13 }, showlegend: false, hoverdistance: 12,
      xaxis: { ...axis, ...(range ? { range: range[0] } : {}) },
      yaxis: { ...axis, scaleanchor: "x", ...(range ? { range: range[1] } : {}) },
      modebar: { bgcolor: paper, color: ink, activecolor: theme.getPropertyValue("--st-primary-color") || ink },
      newselection: { line: { color: ink, width: 2, dash: "dot" } },
      annotations: labelled ? this.labels(map, groups, query, ink, paper) : [],
    };
    const config = { displaylogo: false, responsive: true, displayModeBar: true, modeBarButtons: [
      ["lasso2d", "select2d"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
    const drawn = Plotly.react(map.plot, [...traces, ...this.overlay(query, points, ink, paper)], layout, config);
    if (!map.listening) this.listen(map);
    return drawn;
  }

  /* Names at the middle of their class, the largest classes first; one that would lie over another, or over the
     query, is left out. */
  labels(map, groups, query, ink, paper) {
    const { x, y } = map.points, size = Math.min(map.plot.clientWidth || 600, map.plot.clientHeight || 500);
    const extent = (map.focus ? map.focus[1][1] - map.focus[1][0] : 65535) / size;
    const placed = query ? [{ at: [query.x, query.y], half: 15 * extent }] : [];
    const middle = (values) => values.sort()[values.length >> 1];
    const order = map.rows.map((rows, i) => i).filter((i) => map.rows[i].length && !this.hidden.has(i));
    for (const i of order.sort((a, b) => map.rows[b].length - map.rows[a].length)) {
      const at = [x, y].map((axis) => middle(Float32Array.from(map.rows[i], (row) => axis[row])));
      const half = (groups[i].name.length * 4 + 6) * extent, line = 20 * extent;
      const clash = (other) => Math.abs(at[0] - other.at[0]) < half + other.half && Math.abs(at[1] - other.at[1]) < line;
      if (!placed.some(clash)) placed.push({ at, half, name: groups[i].name });
    }
    return placed.filter(({ name }) => name).map(({ at, name }) => ({ x: at[0], y: at[1], text: name, yshift: 12,
      showarrow: false, bgcolor: paper, opacity: 0.85, borderpad: 2, font: { color: ink, size: 12 }, captureevents: false }));
  }

  /* The query as a star, with a line to each of its closest items that this map shows. */
  overlay(query, points, ink, paper) {
    if (!query) return [];
    const x = [], y = [];
    for (const row of query.hits) {
      x.push(query.x, points.x[row], null);
      y.push(query.y, points.y[row], null);
    }
    const lines = { type: "scatter", mode: "lines", x, y, hoverinfo: "skip", line: { color: ink, width: 1.5 } };
    const ends = { type: "scatter", mode: "markers", x: x.filter((_, i) => i % 3 === 1), hoverinfo: "skip",
      y: y.filter((_, i) => i % 3 === 1), marker: { size: 11, color: "rgba(0,0,0,0)", line: { color: ink, width: 2 } } };
    const star = { type: "scatter", mode: "markers", x: [query.x], y: [query.y], hoverinfo: "skip",
      marker: { symbol: "star", size: 20, color: ink, line: { color: paper, width: 2 } } };
    return [lines, ends, star].map((trace) => ({ ...trace, showlegend: false }));
  }

  litIn(map, i) {
    if (!this.bits) return null;
    const found = [];
    map.rows[i].forEach((row, at) => { if (isLit(this.bits, map.points.numbers[row])) found.push(at); });
    return found;
  }

  listen(map) {
    map.listening = true;
    map.plot.on("plotly_selected", (event) => event && this.choose(map, event));
    map.plot.on("plotly_deselect", () => this.choose(map, { points: [] }));
    map.plot.on("plotly_hover", ({ points, event }) => this.hover(map, points[0], event));
    map.plot.on("plotly_unhover", () => this.unhover(map));
    map.plot.on("plotly_click", ({ points }) => {
      const row = map.rows[points[0].curveNumber]?.[points[0].pointNumber];
      if (row !== undefined) this.component.setTriggerValue("opened", map.points.numbers[row]);
    });
  }

  choose(map, { points }) {
    if (this.drawing) return; // plotly tells of selections that we take away, too
    const bits = new Uint8Array(Math.ceil(this.data.n / 8));
    let n = 0;
    for (const { curveNumber, pointNumber } of points) {
      const row = map.rows[curveNumber]?.[pointNumber];
      if (row === undefined) continue; // the query's own star
      const number = map.points.numbers[row];
      bits[number >> 3] |= 1 << (number & 7);
      n += 1;
    }
    this.bits = n ? bits : null;
    this.sent = n ? btoa(Array.from(bits, (byte) => String.fromCharCode(byte)).join("")) : "";
    for (const other of this.maps.values()) {
      if (other === map && n) continue; // plotly has lit these itself
      const lit = other.rows.map((_, i) => this.litIn(other, i));
      window.Plotly.restyle(other.plot, { selectedpoints: lit }, other.rows.map((_, i) => i));
    }
    this.component.setTriggerValue("chosen", this.sent);
  }

  hover(map, point, event) {
    const row = map.rows[point.curveNumber]?.[point.pointNumber];
    if (row === undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(map, row, event), HOVER_MS);
  }

  unhover(map) {
    clearTimeout(this.timer);
    this.hovered = null;
    map.card.hidden = true;
  }

  async show(map, row, event) {
    const { kinds, catalogues, words } = this.data, { points, card } = map, number = points.numbers[row];
    const kind = kinds[points.own[row]], lines = [catalogues[kind.catalogue]];
    if (points.predicted[row] !== points.own[row]) {
      lines.push(words.predicted.replace("{name}", kinds[points.predicted[row]].name));
    }
    this.hovered = number;
    card.replaceChildren(...[kind.name, ...lines].map((text, i) => {
      const line = document.createElement(i ? "span" : "strong");
      line.textContent = text;
      return line;
    }));
    const box = map.box.getBoundingClientRect(), left = event.clientX - box.left, top = event.clientY - box.top;
    card.style.left = `${Math.max(0, left + (left > box.width / 2 ? -184 : 24))}px`;
    card.style.top = `${Math.max(0, Math.min(top - 60, box.height - 250))}px`;
    card.hidden = false;
    const item = await loadItem(number);
    if (!item || this.hovered !== number || this.gone) return;
    const frame = document.createElement("div");
    frame.className = "vt-frame";
    frame.innerHTML = item.picture; // made and escaped by core.ui.cards
    card.dataset.id = item.id;
    card.prepend(frame);
  }

  /* The legend: a button a group, in all maps at once; it works by keyboard, too. */
  describe(points) {
    const { group, groups } = colouring(this.data, points), counts = groups.map(() => 0);
    group.forEach((i) => { counts[i] += 1; });
    this.legend.replaceChildren(...groups.flatMap((look, i) => {
      if (!counts[i]) return [];
      const button = document.createElement("button"), sign = document.createElement("span");
      sign.textContent = look.sign;
      sign.style.color = look.colour;
      sign.setAttribute("aria-hidden", "true");
      button.append(sign, ` ${look.name}`);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!this.hidden.has(i)));
      button.onclick = () => this.toggle(i, button);
      return [button];
    }));
  }

  toggle(i, button) {
    if (!this.hidden.delete(i)) this.hidden.add(i);
    button.setAttribute("aria-pressed", String(!this.hidden.has(i)));
    for (const map of this.maps.values()) {
      window.Plotly.restyle(map.plot, { visible: !this.hidden.has(i) && map.rows[i].length > 0 }, [i]);
    }
  }
}
