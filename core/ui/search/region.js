/* A frame on a photo: drawn with a finger or a mouse, moved with arrow keys, or put together from thirds.
   Nothing is sent before the part is searched with. */

const STEP = 0.02, TAP = 0.015; // of the photo: what an arrow key moves, and what is no drag yet
const ALL = [0, 0, 1, 1];
const within = (value) => Math.min(1, Math.max(0, value));

function make(tag, properties = {}, ...children) {
  const { data = {}, attributes = {}, ...rest } = properties, element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  if (parentElement.querySelector(".vt-choose")) return;
  const { words } = data;
  let box = data.region.split(",").map(Number);

  const frame = make("div", { className: "vt-choose-frame", tabIndex: 0, attributes: { role: "application" } },
    ...["00", "10", "01", "11"].map((corner) => make("i", { data: { corner } })));
  const photo = make("img", { src: data.picture, alt: words.alt, draggable: false });
  const picture = make("div", { className: "vt-choose-picture" }, photo, frame);
  picture.style.aspectRatio = data.ratio;
  picture.style.width = `min(100%, ${45 * data.ratio}dvh)`;
  const status = make("p", { className: "vt-choose-status", attributes: { role: "status" } });
  const go = make("button", { type: "button", className: "vt-choose-go", textContent: words.go });
  const thirds = [["across", ["left", "middle", "right"]], ["down", ["top", "centre", "bottom"]]].map(([name, parts], axis) => {
    const buttons = parts.map((part, i) => make("button", { type: "button", textContent: words[part], onclick: () => toggle(axis, i) }));
    return make("fieldset", {}, make("legend", { textContent: words[name] }), ...buttons);
  });
  parentElement.append(make("div", { className: "vt-choose" },
    make("p", { className: "vt-choose-help", textContent: words.help }), picture, ...thirds, status, go,
    make("p", { className: "vt-choose-help", textContent: words.keys })));

  /* The thirds that the frame covers, along an axis; all of them are as good as none. */
  function covered(axis) {
    const [from, to] = [box[axis], box[axis + 2]];
    const thirds = [0, 1, 2].filter((i) => Math.min(to, (i + 1) / 3) - Math.max(from, i / 3) > 1 / 6);
    return thirds.length < 3 ? thirds : [];
  }

  function toggle(axis, i) {
    const now = covered(axis), then = now.includes(i) ? now.filter((one) => one !== i) : [...now, i];
    box[axis] = then.length ? Math.min(...then) / 3 : 0;
    box[axis + 2] = then.length ? (Math.max(...then) + 1) / 3 : 1;
    draw(true);
  }

  const small = () => Math.min(box[2] - box[0], box[3] - box[1]) < data.least;

  function draw(finished) {
    const [left, top, right, bottom] = box.map((side) => Math.round(100 * side));
    frame.style.cssText = `left:${100 * box[0]}%;top:${100 * box[1]}%;right:${100 * (1 - box[2])}%;bottom:${100 * (1 - box[3])}%`;
    thirds.forEach((group, axis) => {
      const pressed = covered(axis);
      [...group.querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", pressed.includes(i)));
    });
    if (!finished) return;
    const where = words.where.replace(/{(\w+)}/g, (_, name) => ({ left, top, right, bottom })[name]);
    status.textContent = small() ? words.small : where;
    frame.setAttribute("aria-label", `${words.frame} ${where} ${words.keys}`);
    go.disabled = small();
  }

  function search() {
    if (!small()) setTriggerValue("chosen", box.map((side) => +side.toFixed(3)).join(","));
  }
  go.onclick = search;

  const place = (event) => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
  };

  picture.onpointerdown = (event) => {
    if (event.button || !event.isPrimary) return;
    const start = place(event), before = [...box], { corner } = event.target.dataset;
    const whole = box.every((side, i) => Math.abs(side - ALL[i]) < 0.001);
    const moves = event.target === frame && !whole;
    // The corner that stays where it is while the other one is drawn.
    const fixed = corner ? [box[corner[0] === "0" ? 2 : 0], box[corner[1] === "0" ? 3 : 1]] : start;
    picture.setPointerCapture(event.pointerId);
    event.preventDefault();
    picture.onpointermove = (move) => {
      const at = place(move);
      if (moves) shift(before, at[0] - start[0], at[1] - start[1]);
      else if (corner || Math.hypot(at[0] - start[0], at[1] - start[1]) > TAP) {
        box = [Math.min(fixed[0], at[0]), Math.min(fixed[1], at[1]), Math.max(fixed[0], at[0]), Math.max(fixed[1], at[1])];
      }
      draw(false);
    };
    const end = (kept) => () => {
      picture.onpointermove = picture.onpointerup = picture.onpointercancel = null;
      if (!kept) box = before;
      draw(true);
    };
    picture.onpointerup = end(true);
    picture.onpointercancel = end(false);
  };

  // Else a quick stroke counts as a fling, during which the browser ignores the next tap.
  picture.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

  /* Move a frame as far as the photo allows. */
  function shift([left, top, right, bottom], x, y) {
    const across = Math.min(1 - right, Math.max(-left, x)), down = Math.min(1 - bottom, Math.max(-top, y));
    box = [left + across, top + down, right + across, bottom + down];
  }

  frame.onkeydown = (event) => {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (event.key === "Enter") search();
    else if (x === undefined) return;
    else if (event.shiftKey) {
      box[2] = Math.max(box[0] + data.least, within(box[2] + STEP * x));
      box[3] = Math.max(box[1] + data.least, within(box[3] + STEP * y));
    } else shift(box, STEP * x, STEP * y);
    event.preventDefault();
    event.stopPropagation();
    draw(true);
  };

  draw(true);
}
