/* The maps of the page: points are fetched once, and colours, hover and choosing need no server but for the picture
   under the pointer. What is lit is one set of item numbers, the same on every map. */

const SIGN_OF = { circle: "●", square: "■", diamond: "◆", triangle: "▲", cross: "✚", x: "✖" };
const HOVER_MS = 60; // the pointer must rest this long before a picture is fetched
const KEPT_ITEMS = 200;

const views = new WeakMap();
const shared = (window.vitrineMaps ??= { points: new Map(), looks: new Map(), items: new Map() });

export default function (component) {
  const { parentElement, data } = component;
  const view = views.get(parentElement) ?? new View(parentElement);
  views.set(parentElement, view);
  view.component = component;
  view.work = view.work.then(() => view.update(data)).catch((error) => view.fail(error));
  return () => { view.remove(); views.delete(parentElement); };
}

const base = () => location.pathname.replace(/\/[^/]*\/?$/, "/") + "maps/";

function loadPoints({ id, version }) {
  const url = `${base()}points/${encodeURIComponent(id)}?v=${version}`;
  if (!shared.points.has(url)) {
    const loading = fetch(url).then(async (answer) => {
      if (!answer.ok) throw new Error((await answer.json()).error);
      const body = await answer.arrayBuffer(), n = body.byteLength / 11;
      const steps = new Uint16Array(body, 4 * n, 2 * n), codes = new Uint8Array(body, 8 * n);
      const [own, predicted, nearest] = [0, 1, 2].map((i) => codes.subarray(i * n, (i + 1) * n));
      return { n, steps, own, predicted, nearest, numbers: new Uint32Array(body, 0, n) };
    });
    loading.catch(() => shared.points.delete(url));
    shared.points.set(url, loading);
  }
  return shared.points.get(url);
}

function loadItem(number) {
  const lang = document.documentElement.lang, key = `${number}?lang=${lang}`; // pictures are named in the page's language
  if (!shared.items.has(key)) {
    if (shared.items.size >= KEPT_ITEMS) shared.items.delete(shared.items.keys().next().value);
    const loading = fetch(`${base()}items/${key}`).then((answer) => (answer.ok ? answer.json() : null));
    shared.items.set(key, loading.catch(() => { shared.items.delete(key); return null; }));
  }
  return shared.items.get(key);
}

/* Of all items, by number, the group that each is in; null where the map itself says that. */
function loadLooks(name) {
  if (!name) return null;
  if (!shared.looks.has(name)) {
    const loading = fetch(`${base()}looks/${name}`).then(async (answer) => {
      if (!answer.ok) throw new Error((await answer.json()).error);
      return new Uint8Array(await answer.arrayBuffer());
    });
    loading.catch(() => shared.looks.delete(name));
    shared.looks.set(name, loading);
  }
  return shared.looks.get(name);
}

/* (n,) uint8: the group that each row of a map is in. */
function groupsOf({ kinds, colouring: { by } }, { own, predicted, nearest, numbers }, looks) {
  if (by === "item") return Uint8Array.from(numbers, (number) => looks[number]);
  if (by === "catalogue") return own.map((code) => kinds[code].catalogue);
  if (by === "wrong") return own.map((code, row) => +(code !== nearest[row]));
  return by === "predicted" ? predicted : own;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const isLit = (bits, number) => (bits[number >> 3] >> (number & 7)) & 1;

class View {
  constructor(parent) {
    this.root = parent.querySelector(".vt-maps");
    this.legend = parent.querySelector(".vt-maps-legend");
    this.maps = new Map(); // id -> {box, plot, card, chart, points}
    this.hidden = new Set();
    this.work = Promise.resolve();
    this.bits = null; // what is lit, null for nothing
    this.sent = "";
  }

  remove() {
    clearTimeout(this.timer);
    for (const map of this.maps.values()) map.chart.remove();
    this.maps.clear();
    this.gone = true;
  }

  fail(error) {
    if (!this.gone) this.root.textContent = `${this.component.data.words.failed} ${error.message ?? ""}`;
  }

  /* The words of the page; another language is another drawing. */
  speak(words) {
    if (words.alt === this.data?.words.alt) return;
    for (const { chart, box } of this.maps.values()) { chart.remove(); box.remove(); }
    this.maps.clear();
    this.legend.setAttribute("aria-label", words.legend);
    const loading = this.root.querySelector(".vt-maps-loading");
    if (loading) loading.textContent = words.loading;
  }

  async update(data) {
    this.speak(data.words);
    const [looks, ...points] = await Promise.all([loadLooks(data.looks), ...data.maps.map(loadPoints)]);
    if (this.gone) return;
    this.root.querySelector(".vt-maps-loading")?.remove();
    const cleared = data.lit !== this.sent;
    if (cleared || !this.maps.size) this.bits = data.lit ? bytesOf(data.lit) : null;
    this.sent = data.lit;
    if (data.colour !== this.data?.colour) {
      this.hidden.clear();
      data.colouring.groups.forEach(({ hidden }, g) => hidden && this.hidden.add(g));
    }
    Object.assign(this, { data, looks });
    this.arrange(data.maps);
    data.maps.forEach((map, i) => this.draw(map, points[i], cleared));
    this.describe();
  }

  arrange(wanted) {
    for (const [id, map] of this.maps) {
      if (wanted.some((one) => one.id === id)) continue;
      map.chart.remove();
      map.box.remove();
      this.maps.delete(id);
    }
    this.root.dataset.n = wanted.length;
    wanted.forEach(({ id, title }, i) => {
      if (!this.maps.has(id)) this.maps.set(id, this.box(title));
      const { box } = this.maps.get(id);
      if (this.root.children[i] !== box) this.root.insertBefore(box, this.root.children[i] ?? null);
    });
  }

  box(title) {
    const box = document.createElement("figure"), caption = document.createElement("figcaption");
    const plot = document.createElement("div"), card = document.createElement("div"), name = document.createElement("span");
    box.className = "vt-map";
    plot.className = "vt-map-plot";
    card.className = "vt-map-card";
    card.hidden = true;
    name.textContent = title;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", this.data.words.alt.replace("{name}", title));
    plot.tabIndex = 0;
    card.setAttribute("role", "status");
    const map = { box, plot, card, chart: new Chart(plot) };
    const hand = new Hand(map.chart, this.data.words, {
      hover: (row, event) => this.hover(map, row, event),
      leave: () => this.leave(map),
      open: (row) => this.component.setTriggerValue("opened", map.points.numbers[row]),
      choose: (rows, more) => this.choose(map, rows, more),
    });
    Object.assign(map, { hand });
    caption.append(name, hand.bar);
    box.append(caption, plot, card);
    return map;
  }

  draw({ id, focus, query }, points, cleared) {
    const map = this.maps.get(id), { chart } = map, key = JSON.stringify(focus);
    map.points = points;
    chart.hidden = this.hidden;
    chart.query = query;
    const colour = JSON.stringify(this.data.colouring); // its names change with the language
    if (points !== chart.points || colour !== map.colour) {
      chart.colour(points, groupsOf(this.data, points, this.looks), this.data.colouring);
    }
    map.colour = colour;
    if (cleared) chart.outline = null;
    this.light(map);
    if (!chart.whole) chart.look(null);
    if (focus !== "keep" && key !== map.key) { // the same again would undo what the visitor moved
      map.key = key;
      chart.look(focus);
    }
    chart.draw();
  }

  /* Light on a map what is lit, by number. */
  light({ chart, points, hand }) {
    chart.light(this.bits && Uint8Array.from(points.numbers, (number) => isLit(this.bits, number)));
    hand.offer("clear", this.bits !== null);
  }

  choose(map, rows, more) {
    const bits = more && this.bits ? this.bits.slice() : new Uint8Array(Math.ceil(this.data.n / 8));
    for (const row of rows) bits[map.points.numbers[row] >> 3] |= 1 << (map.points.numbers[row] & 7);
    const any = bits.some((byte) => byte);
    this.bits = any ? bits : null;
    this.sent = any ? btoa(Array.from(bits, (byte) => String.fromCharCode(byte)).join("")) : "";
    for (const other of this.maps.values()) {
      if (other !== map) other.chart.outline = null;
      if (!other.chart.query) other.key = "null"; // the class that was looked at goes, what is looked at stays
      this.light(other);
      other.chart.ask();
    }
    this.component.setTriggerValue("chosen", this.sent);
  }

  hover(map, row, event) {
    if (map.points.numbers[row] === this.hovered) return;
    this.leave(map);
    this.timer = setTimeout(() => this.show(map, row, event), HOVER_MS);
  }

  leave(map) {
    clearTimeout(this.timer);
    this.mark(null);
    map.card.hidden = true;
  }

  /* Which item is pointed at: it is marked on every map. */
  mark(number) {
    this.hovered = number;
    for (const { chart } of this.maps.values()) chart.mark(number);
  }

  async show(map, row, event) {
    const { kinds, catalogues, words } = this.data, { points, card } = map, number = points.numbers[row];
    const kind = kinds[points.own[row]], lines = [catalogues[kind.catalogue]];
    if (points.predicted[row] !== points.own[row]) {
      lines.push(words.predicted.replace("{name}", kinds[points.predicted[row]].name));
    }
    this.mark(number);
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
  describe() {
    const [{ chart: { rows, groups, rim, dense } }] = this.maps.values();
    this.legend.dataset.rim = rim;
    const line = (name, text) => Object.assign(document.createElement("span"), { className: name, textContent: text });
    if (dense) {
      const [few, many] = this.data.words.scale;
      this.legend.replaceChildren(line("", few), line("vt-maps-scale", ""), line("", many));
      return;
    }
    let heading = "";
    this.legend.replaceChildren(...groups.flatMap((look, i) => {
      if (!rows[i]) return [];
      const button = document.createElement("button"), sign = line("", SIGN_OF[look.shape]);
      sign.style.color = look.colour;
      sign.setAttribute("aria-hidden", "true");
      button.append(sign, ` ${look.name}`);
      button.type = "button";
      if (look.heading) button.setAttribute("aria-label", `${look.name}, ${look.heading}`);
      button.setAttribute("aria-pressed", String(!this.hidden.has(i)));
      button.onclick = () => this.toggle(i, button);
      if (look.heading === heading) return [button];
      heading = look.heading;
      return [line("vt-maps-heading", heading), button];
    }));
  }

  toggle(i, button) {
    if (!this.hidden.delete(i)) this.hidden.add(i);
    button.setAttribute("aria-pressed", String(!this.hidden.has(i)));
    for (const { chart } of this.maps.values()) chart.ask();
  }
}
