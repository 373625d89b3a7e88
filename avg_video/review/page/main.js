// Starts the page: words first, then either the faces seen so far or, when it was looked at, everything.

import { App } from "./app.js";
import { ApiError } from "./api.js";
import { button, el, set } from "./dom.js";
import { Looking } from "./looking.js";
import { Store } from "./store.js";
import { loadWords, t } from "./words.js";
import { sentence } from "./views/rules.js";

const store = new Store();
const body = el("div", { class: "page" });
const status = el("p", { class: "hide", role: "status" });
const toast = el("div", { class: "toast", hidden: true, role: "alert" });
const lost = el("div", { class: "lost", hidden: true, role: "alert" });
let fading = 0;
let looking = null;
let starting = false;
let ended = false;

/** Says something to those who listen rather than look. */
function said(text) {
  status.textContent = "";
  requestAnimationFrame(() => { status.textContent = text; });
}

function fault(error) {
  if (error.name === "AbortError" || ended) return;
  // Without an answer at all the program is gone or busy; the stream says so in its own words.
  const known = error instanceof ApiError;
  if (!known && error instanceof TypeError && error.message.includes("fetch")) return;
  const texts = known ? [error.message, error.remedy].filter(Boolean).map(sentence) : [t("page.fault"), String(error)];
  toast.replaceChildren(el("div", {}, ...texts.map((text) => el("p", { text }))), button(t("dialog.close"), () => set(toast, "hidden", true), { class: "small" }));
  set(toast, "hidden", false);
  clearTimeout(fading);
  fading = setTimeout(() => set(toast, "hidden", true), 12_000);
}

function ending({ why, kept }) {
  ended = true;
  set(lost, "hidden", true);
  if (store.state?.phase === "failed") return; // what went wrong stays on screen
  const chosen = store.choices || !kept ? el("p", { text: t(kept ? "ended.kept" : "ended.unkept") }) : null;
  body.replaceChildren(el("main", { class: "over", id: "main" }, el("h1", { text: t("ended.title") }), el("p", { text: t(`ended.${why}`) }), chosen, el("p", { text: t("ended.close") })));
}

function failed(error) {
  body.replaceChildren(el("main", { class: "over", id: "main" }, el("h1", { text: t("failed.title") }), el("p", { text: sentence(error.text) }), el("p", { text: sentence(error.remedy) })));
}

async function start() {
  if (starting) return;
  starting = true;
  try {
    await store.load();
    const app = new App(store, said);
    body.replaceChildren(app.root);
    // Everybody who draws hears once of everything that was loaded before they were there.
    for (const what of ["people", "choices", "uncertain", "state"]) store.tell(what);
    app.begin();
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    starting = false;
    fault(error);
  }
}

function state(now) {
  if (ended) return;
  document.title = t("page.title", { name: now.name });
  if (now.phase === "failed") failed(now.error);
  else if (now.phase === "looking") {
    if (!looking) {
      looking = new Looking(store);
      body.replaceChildren(looking.root);
    }
    looking.update(now);
  } else if (now.phase === "ready") start();
}

async function begin() {
  document.body.append(body, status, toast, lost);
  await loadWords();
  lost.textContent = t("page.lost");
  store.on("state", (now) => now && state(now));
  store.on("fault", fault);
  store.on("said", said);
  store.on("ended", ending);
  store.on("connection", (there) => set(lost, "hidden", there || ended));
  store.listen();
}

begin();
