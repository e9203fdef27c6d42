/* A page is shown once its first content stands: until then Streamlit draws grey bars of other sizes in its place, and
   what is drawn below them would jump with each. Afterwards nothing is ever hidden. */
(() => {
  const LOOK_MS = 30, STEADY_MS = 90, AT_WORK_MS = 750, LONGEST_MS = 5000, LATEST_MS = 15000, LOW = 80;
  const root = document.documentElement;
  let begun = Infinity, since = Infinity; // when there was something to show, and when it began to stand
  const has = (selector) => document.querySelector(selector) !== null;
  // Nothing waits for what is below the screen, nor for a chart or a table, which has its height from the start.
  const grows = (bar) => {
    const place = (bar.closest("[data-testid=stElementContainer]") ?? bar).getBoundingClientRect();
    return place.top < innerHeight && place.height < LOW;
  };
  function look() {
    const now = performance.now(), begins = has(".stMain h1, .stMain [data-testid=stException]") || now >= LATEST_MS;
    const growing = begins && [...document.querySelectorAll(".stMain [data-testid=stSkeleton]")].some(grows);
    const stands = begins && !growing && document.fonts.status === "loaded";
    begun = begins ? Math.min(begun, now) : Infinity;
    since = stands ? Math.min(since, now) : Infinity;
    // Whoever waits for an answer sees what there is before it comes.
    const enough = has("[data-test-script-state=notRunning]") ? STEADY_MS : AT_WORK_MS;
    if (now - since >= enough || now - begun >= LONGEST_MS) root.classList.remove("vt-arriving");
    else setTimeout(look, LOOK_MS);
  }
  root.classList.add("vt-arriving");
  look();
})();
