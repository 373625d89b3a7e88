// From and to of a line: two fields, and buttons that put the film's place into them.

import { button, el, fresh, set } from "../dom.js";
import { clock, parseClock, t } from "../words.js";

/** `change` gets {from, to}, undefined where it is the start or the end. `key` keeps the focus where it was. */
export function times(app, { from, to, change, key, required = false }) {
  const field = (side, value) => {
    const id = fresh(side);
    const input = el("input", {
      id, class: "clock", autocomplete: "off", inputmode: "decimal", value: value == null ? "" : clock(value, 2),
      placeholder: t(side === "from" ? "time.start" : "time.end"), "data-key": `${key}-${side}`,
      on: {
        change: () => {
          const text = input.value.trim();
          const second = text ? parseClock(text) : undefined;
          const wrong = Number.isNaN(second) || (required && second === undefined);
          set(input, "aria-invalid", wrong ? "true" : null);
          if (wrong) return app.store.tell("said", t("time.wrong"));
          return send(side, second);
        },
      },
    });
    const here = button(t("time.here"), () => send(side, app.player.second), { class: "small", "data-key": `${key}-${side}-here` });
    here.append(el("span", { class: "hide", text: ` ${t(`time.${side}Label`)}` }));
    return el("span", { class: "field" }, el("label", { for: id, text: t(`time.${side}Label`) }), input, here);
  };
  const send = (side, second) => change({ from, to, [side]: second });
  return el("div", { class: "times" }, field("from", from ?? undefined), field("to", to ?? undefined));
}
