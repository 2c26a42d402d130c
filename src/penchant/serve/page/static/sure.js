// Asks before something is done that others will notice; Esc and a click beside it are a no.
import { $ } from "./dom.js";

export function sure(title, text, act) {
  const dialog = $("sure-dialog");
  $("sure-title").textContent = title;
  $("sure-text").textContent = text;
  $("sure-yes").textContent = act;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
