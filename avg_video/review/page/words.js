// The words of the page in the language of the program, and how moments are written.

import { get } from "./api.js";

let texts = {};
export let language = "en";
export let languages = ["en"];

export async function loadWords() {
  const answer = await get("/api/texts");
  ({ texts, language, languages } = answer);
  document.documentElement.lang = language;
}

/** The text of that name, with its `{named}` places filled in. */
export function t(id, parts = {}) {
  const text = texts[id] ?? id;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in parts ? String(parts[name]) : whole));
}

/** The text `id.one` or `id.many`, whichever goes with the number `n`. */
export function tn(id, n, parts = {}) {
  return t(n === 1 ? `${id}.one` : `${id}.many`, { n, ...parts });
}

/** Seconds as a player writes them: 0:04.2, 1:02:03.4. */
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const all = Math.round(Math.max(seconds, 0) * unit);
  const whole = Math.floor(all / unit);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const head = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : `${minutes}`;
  return digits ? `${head}:${rest}.${String(all % unit).padStart(digits, "0")}` : `${head}:${rest}`;
}

/** Seconds from what somebody wrote: "1:02:03.4", "2:03", "12,5"; NaN where it is no moment. */
export function parseClock(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A stretch of time in words; without an end it goes on to the end. */
export function stretch(from, to) {
  if (from == null && to == null) return t("time.all");
  if (to == null) return t("time.from", { from: clock(from) });
  return t("time.span", { from: clock(from ?? 0), to: clock(to) });
}

/** How long is left, roughly, as people say it. */
export function left(seconds) {
  if (seconds == null) return t("left.unknown");
  if (seconds < 5) return t("left.moment");
  if (seconds < 90) return t("left.seconds", { n: Math.max(5, Math.round(seconds / 5) * 5) });
  return t("left.minutes", { n: Math.round(seconds / 60) });
}
