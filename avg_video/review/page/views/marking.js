// The two buttons about a person, objected and shown, with what goes with them: teacher or token. Pressed again they go back.

import { button, el, fresh, set } from "../dom.js";
import { t } from "../words.js";

/** The edit that marks a number. Where consent is asked, nobody is taken for the teacher until somebody says so. */
export function marked(app, number, as, more = {}) {
  const who = app.profile?.needs_consent ? "pupil" : "teacher";
  return { do: "mark", number, as, ...(as === "shown" ? { who } : {}), ...more };
}

export function marking(app, number) {
  const toggle = (as) => () => {
    mark(app.store.decided(number).marked === as ? "none" : as);
  };
  const mark = (as, more = {}) => app.store.edit(marked(app, number, as, more));
  const shown = button(t("people.show"), toggle("shown"), { icon: "eye", class: "mark mark-shown" });
  const objected = button(t("people.object"), toggle("objected"), { icon: "stop", class: "mark mark-objected" });

  const whoId = fresh("who");
  const who = el("select", { id: whoId, on: { change: () => mark("shown", { who: who.value }) } },
    el("option", { value: "teacher", text: t("who.teacher") }),
    el("option", { value: "pupil", text: t("who.pupil") }),
    el("option", { value: "chosen", text: t("who.other") }));
  const tokenId = fresh("token");
  const token = el("input", {
    id: tokenId, class: "token", autocomplete: "off", spellcheck: "false", maxlength: 7, placeholder: "L07",
    on: {
      change: () => {
        const as = app.store.decided(number).marked;
        const pupil = token.value.trim().toUpperCase();
        const person = as === "shown" ? { who: who.value } : {};
        mark(as, pupil ? { ...person, pupil } : person);
      },
    },
  });
  const whoPart = el("span", { class: "field" }, el("label", { for: whoId, text: t("who.label") }), who);
  const tokenPart = el("span", { class: "field" }, el("label", { for: tokenId, text: t("token.label") }), token);
  const details = el("div", { class: "mark-details", hidden: true }, whoPart, tokenPart);
  const root = el("div", { class: "marking" },
    el("div", { class: "mark-buttons", role: "group", "aria-label": t("people.choose", { number }) }, shown, objected), details);

  return {
    root,
    update({ marked: now, pupil, who: as }) {
      set(shown, "aria-pressed", String(now === "shown"));
      set(objected, "aria-pressed", String(now === "objected"));
      set(shown, "title", t(now === "shown" ? "people.takeBack" : "people.showAbout"));
      set(objected, "title", t(now === "objected" ? "people.takeBack" : "people.objectAbout"));
      set(details, "hidden", now === null);
      set(whoPart, "hidden", now !== "shown");
      set(tokenPart, "hidden", now === "shown" && as === "teacher" && !pupil);
      if (as && ![...who.options].some((option) => option.value === as)) who.append(el("option", { value: as, text: as }));
      if (as) set(who, "value", as);
      if (document.activeElement !== token) set(token, "value", pupil ?? "");
    },
  };
}
