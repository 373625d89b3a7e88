// The two buttons about a person, objected and shown, with what goes with them: teacher or token. Pressed again they go back.

import { button, el, fresh, set } from "../dom.js";
import { t } from "../words.js";

export function marking(app, number) {
  const toggle = (as) => () => {
    const { marked } = app.store.decided(number);
    mark(marked === as ? "none" : as);
  };
  const mark = (as, more = {}) => app.store.edit({ do: "mark", number, as, ...(as === "shown" ? { who: "teacher" } : {}), ...more });
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
        const { marked } = app.store.decided(number);
        const pupil = token.value.trim().toUpperCase();
        const person = marked === "shown" ? { who: who.value } : {};
        mark(marked, pupil ? { ...person, pupil } : person);
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
    update({ marked, pupil, who: as }) {
      set(shown, "aria-pressed", String(marked === "shown"));
      set(objected, "aria-pressed", String(marked === "objected"));
      set(shown, "title", t(marked === "shown" ? "people.takeBack" : "people.showAbout"));
      set(objected, "title", t(marked === "objected" ? "people.takeBack" : "people.objectAbout"));
      set(details, "hidden", marked === null);
      set(whoPart, "hidden", marked !== "shown");
      set(tokenPart, "hidden", marked === "shown" && as === "teacher" && !pupil);
      if (as && ![...who.options].some((option) => option.value === as)) who.append(el("option", { value: as, text: as }));
      if (as) set(who, "value", as);
      if (document.activeElement !== token) set(token, "value", pupil ?? "");
    },
  };
}
