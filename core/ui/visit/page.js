/* What Streamlit has no words for: landmarks and names for whoever hears the page, where an answer begins, a warning
   before a catalogue of one's own is lost, photos that are pasted or dropped anywhere. Run once a visit. */
window.vitrine ??= (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const voice = Object.assign(document.createElement("div"), { className: "vt-spoken" });
  voice.setAttribute("role", "status");
  document.body.append(voice);

  const skip = Object.assign(document.createElement("a"), { className: "vt-skip", href: "#" });
  skip.onclick = (event) => {
    event.preventDefault();
    const piece = document.querySelector("article[data-id]")?.closest("[data-testid=stGridCell]");
    (piece?.querySelector("button") ?? document.querySelector("h1"))?.focus();
  };
  const way = document.createElement("nav");
  way.append(skip);
  document.body.prepend(way);

  /* Buttons that do the same to different pieces are named after their piece; a page may not be shown yet. */
  function name() {
    for (const bar of all(".st-key-navigation")) {
      bar.setAttribute("role", "navigation");
      bar.setAttribute("aria-label", window.vitrineWords.navigation);
    }
    for (const card of all("article[data-id]")) {
      const cell = card.closest("[data-testid=stGridCell]");
      const piece = [card.querySelector(".vt-title")?.textContent, card.dataset.id].filter(Boolean).join(", ");
      for (const button of cell ? all("button", cell) : []) {
        const label = `${button.textContent.trim()}: ${piece}`;
        if (button.ariaLabel !== label) button.ariaLabel = label;
      }
    }
    for (const other of all("[class*=st-key-language-]")) other.lang = other.className.match(/st-key-language-(\S+)/)[1];
    withoutPhotos();
    reword();
  }

  /* Streamlit's own words: in English, or as they were said before another language was chosen. */
  const PARTS = "[data-testid=stFileUploaderDropzone], [data-testid=stFileUploaderFile], [data-testid=stCameraInput], [role=listbox], [data-testid=stSkipToContent], a[href='#main-content']";
  let reworded = false;
  function inOurs(text) {
    for (const [from, to] of window.vitrineWords.widgets) {
      if (text.startsWith(from)) return to + text.slice(from.length);
      if (text.endsWith(from)) return text.slice(0, -from.length) + to;
    }
    return text;
  }
  function reword() {
    if (window.vitrineWords.language === "en" && !reworded) return;
    reworded = true;
    for (const part of all(PARTS)) {
      const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const node = texts.currentNode, said = inOurs(node.data);
        if (said !== node.data && !node.parentElement.closest("[data-testid=stIconMaterial]")) node.data = said;
      }
    }
    for (const attribute of ["aria-label", "title", "placeholder"])
      for (const one of all(`[${attribute}]`)) {
        const said = inOurs(one.getAttribute(attribute));
        if (said !== one.getAttribute(attribute) && !one.closest(".stHtml, .vt-maps")) one.setAttribute(attribute, said);
      }
  }

  /* The page's language, which the visitor may change. */
  function speak() {
    document.documentElement.lang = window.vitrineWords.language;
    skip.textContent = window.vitrineWords.skip;
    way.setAttribute("aria-label", skip.textContent);
    name();
  }

  /* Whether photos from the web can be had: the first one tells. */
  let tried = false;
  function withoutPhotos() {
    const away = !tried && document.querySelector(".vt-without")?.closest("[class*=st-key-strip]");
    const address = away && all(".vt-picture", away).map((one) => one.style.backgroundImage.match(/https:[^"']+/)?.[0]).find(Boolean);
    if (!address) return;
    tried = true;
    Object.assign(new Image(), { onerror: () => document.body.classList.add("vt-no-photos"), src: address });
  }

  let asked = false;
  new MutationObserver(() => {
    if (!asked) requestAnimationFrame(() => { asked = false; name(); });
    asked = true;
  }).observe(document.body, { childList: true, subtree: true });

  let pressed = false;
  addEventListener("click", () => { pressed = true; }, true);

  function arrive(said) {
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
    voice.textContent = said;
    setTimeout(() => { // the button that was pressed is gone, and the focus with it
      const first = document.querySelector(".vt-summary");
      if (!first || !pressed || document.activeElement !== document.body) return;
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }, 300);
  }

  addEventListener("beforeunload", (event) => { if (document.querySelector(".vt-kept")) event.preventDefault(); });

  /* A photo over the limit is made smaller before it travels, where the browser can read it. */
  async function light(photo) {
    try {
      const picture = await createImageBitmap(photo), scale = Math.min(1, 2048 / Math.max(picture.width, picture.height));
      const canvas = new OffscreenCanvas(picture.width * scale, picture.height * scale), ink = canvas.getContext("2d");
      ink.fillStyle = "white";
      ink.fillRect(0, 0, canvas.width, canvas.height);
      ink.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
      return new File([blob], `${photo.name.replace(/\.\w+$/, "")}.jpg`, { type: blob.type });
    } catch {
      return photo;
    }
  }

  /* Give the page's uploader a photo, as if it had been chosen there. */
  const uploader = () => document.querySelector("[class*='st-key-upload-'] input[type=file]");
  const given = new WeakSet();
  async function give(input, photo) {
    const list = new DataTransfer(), sent = photo.size > window.vitrineWords.limit ? await light(photo) : photo;
    given.add(sent);
    list.items.add(sent);
    input.files = list.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function take(event, files) {
    const photo = [...(files ?? [])].find((file) => file.type.startsWith("image/")), input = uploader();
    if (!photo || !input) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    give(input, photo);
  }
  addEventListener("paste", (event) => take(event, event.clipboardData?.files));
  addEventListener("dragover", (event) => { if (uploader() && event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  addEventListener("drop", (event) => take(event, event.dataTransfer?.files), true);
  addEventListener("change", (event) => {
    const file = event.target === uploader() && event.target.files[0];
    if (file && file.size > window.vitrineWords.limit && !given.has(file)) take(event, [file]);
  }, true);

  return { arrive, speak };
})();
window.vitrine.speak();
