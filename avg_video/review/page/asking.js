// A question that must be answered first; resolves to whether the answer was yes.

import { button, el, fresh } from "./dom.js";
import { t } from "./words.js";

export function ask(question, yes) {
  return new Promise((answered) => {
    const id = fresh("question");
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": id },
      el("p", { id, text: question }),
      el("div", { class: "row end" },
        button(t("dialog.no"), () => dialog.close("")),
        button(yes, () => dialog.close("yes"), { class: "primary" })));
    dialog.addEventListener("close", () => {
      dialog.remove();
      answered(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
