/* Turns the slides of the presentation, and leaves it when somebody touches it. */

const OF_THE_BROWSER = /^(F\d+|Shift|Control|Alt|AltGraph|Meta|CapsLock|NumLock|ScrollLock|PrintScreen|Dead|Unidentified)$/;

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

  const bar = make("div", "vt-show-bar"), phone = make("div", "vt-show-phone"), words = make("p", "", data.phone);
  const button = make("button", "vt-show-leave", data.leave);
  button.type = "button";
  if (data.code) {
    const code = make("div", "vt-show-code");
    code.innerHTML = data.code; // made by core.ui.search.presentation.slides
    const drawing = code.querySelector("svg");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", data.code_alt);
    phone.append(code);
    words.append(document.createElement("br"), Object.assign(document.createElement("b"), { textContent: data.address }));
  }
  phone.append(words);
  bar.append(make("p", "vt-show-name", data.name), button, phone);
  parentElement.querySelector(".vt-show-bar")?.remove();
  parentElement.append(bar);

  let at = -1;
  function turn() {
    const slides = [...document.querySelectorAll(".vt-slide")];
    if (!slides.length) return;
    at = (at + 1) % slides.length;
    slides.forEach((slide, i) => slide.classList.toggle("vt-now", i === at));
  }
  // The first slide is shown as soon as it is there.
  const waiting = new MutationObserver(() => {
    if (!document.querySelector(".vt-slide")) return;
    waiting.disconnect();
    turn();
  });
  waiting.observe(document.body, { childList: true, subtree: true });
  const clock = setInterval(turn, 1000 * data.seconds);

  function leave(event) {
    if (event.type === "keydown" && (event.ctrlKey || event.metaKey || event.altKey || OF_THE_BROWSER.test(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    setTriggerValue("left", true);
  }
  const acts = ["click", "keydown"];
  for (const act of acts) addEventListener(act, leave, true);

  /* The screen stays on, where the browser can keep it so. */
  let lock;
  const stay = () => { if (!document.hidden) navigator.wakeLock?.request("screen").then((held) => { lock = held; }, () => {}); };
  document.addEventListener("visibilitychange", stay);
  stay();

  return () => {
    clearInterval(clock);
    waiting.disconnect();
    for (const act of acts) removeEventListener(act, leave, true);
    document.removeEventListener("visibilitychange", stay);
    lock?.release();
  };
}
