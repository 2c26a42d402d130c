// What both pages have: the switch between light and dark, the switch of languages, dialogs.
import { $ } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

$("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("penchant.theme", next);
});

$("to-language").addEventListener("click", (event) => {
  const there = new URL(location.href);
  there.searchParams.set("lang", event.currentTarget.lang);
  event.currentTarget.href = there.pathname + there.search;
});

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && dialog.id !== "key-dialog") dialog.close();
  });
}
