(wanted) => new Promise((done) => {
  // milliseconds from the start of a visit until all that is wanted is on the page, and painted
  const there = () => Object.entries(wanted).every(([what, n]) => document.querySelectorAll(what).length >= n);
  const look = () => {
    if (!there()) return;
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => {
      for (const { chart } of document.querySelectorAll(".vt-map-plot")) // waits until a graphics card is through
        chart.painter.gl?.readPixels(0, 0, 1, 1, 6408, 5121, new Uint8Array(4));
      done(performance.now());
    }));
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, { childList: true, subtree: true, attributes: true });
  look();
})
