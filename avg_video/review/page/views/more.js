// What is seldom needed about a number: that it is the same person as another, or two people.

import { button, el, fresh, set } from "../dom.js";
import { clock, t } from "../words.js";

export function more(app, person) {
  const { number } = person;
  const sameId = fresh("same");
  const other = el("select", { id: sameId });
  const join = button(t("more.join"), () => other.value && app.store.edit({ do: "same", numbers: [number, Number(other.value)] }));
  const apart = button("", () => app.store.edit({ do: "apart", number }), { hidden: true });
  const split = button("", () => app.store.edit({ do: "split", number, at: app.player.second }));
  const unsplit = button("", () => app.store.edit({ do: "unsplit", number }), { hidden: person.from_split == null });
  set(unsplit.firstChild, "text", t("more.unsplit", { number: person.from_split ?? "" }));
  const splitAbout = el("p", { class: "soft" });
  const title = el("summary", {}, t("more.title"), el("span", { class: "hide", text: ` ${number}` }));
  const root = el("details", { class: "more" }, title,
    el("div", { class: "row" }, el("label", { for: sameId, text: t("more.same") }), other, join),
    apart,
    el("div", { class: "row" }, split, unsplit),
    splitAbout);

  const inside = () => {
    const { second } = app.player;
    const fits = second > person.first_s && second < person.last_s;
    set(split, "disabled", !fits);
    set(split.firstChild, "text", t("more.split", { time: clock(second) }));
    set(splitAbout, "hidden", fits);
    set(splitAbout, "text", t("more.splitAbout", { from: clock(person.first_s), to: clock(person.last_s) }));
  };
  const others = () => {
    const { same } = app.store.decided(number);
    const numbers = app.store.people.filter((p) => p.confirmed && p.number !== number && !same.includes(p.number)).map((p) => p.number);
    const held = other.value;
    other.replaceChildren(...numbers.sort((a, b) => a - b).map((n) => el("option", { value: n, text: String(n) })));
    if (numbers.includes(Number(held))) other.value = held;
    set(join, "disabled", numbers.length === 0);
  };
  root.addEventListener("toggle", () => {
    if (!root.open) return;
    others();
    inside();
  });
  app.player.on("place", () => root.open && inside());

  return {
    root,
    update({ same }) {
      const rest = same.filter((n) => n !== number);
      set(apart, "hidden", rest.length === 0);
      set(apart.firstChild, "text", t("more.apart", { numbers: rest.join(", ") }));
      if (root.open) others();
    },
  };
}
