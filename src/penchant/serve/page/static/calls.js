// Calls of the API. A key is asked for when the service wants one; it stays in this tab.
import { $ } from "./dom.js";
import { t } from "./words.js";

const KEPT = "penchant.key";
let asking = null;

export class Problem extends Error {
  constructor(status, detail, hint = "") {
    super(detail);
    Object.assign(this, { status, detail, hint });
  }
}

function headers(body) {
  const key = sessionStorage.getItem(KEPT);
  return { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...(body ? { "Content-Type": "application/json" } : {}) };
}

function askKey(wrong) {
  asking ??= new Promise((resolve) => {
    const dialog = $("key-dialog");
    $("key-wrong").hidden = !wrong;
    $("key-wrong").textContent = wrong;
    $("key").value = "";
    dialog.addEventListener("close", () => {
      asking = null;
      const given = $("key").value.trim();
      if (dialog.returnValue === "use" && given) sessionStorage.setItem(KEPT, given);
      resolve(dialog.returnValue === "use" && Boolean(given));
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asking;
}

export async function send(method, path, body, signal) {
  for (;;) {
    const had = sessionStorage.getItem(KEPT);
    let answer;
    try {
      answer = await fetch(path, { method, signal, headers: headers(body), body: body && JSON.stringify(body) });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, t("error_network"));
    }
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    const problem = new Problem(answer.status, told.detail ?? answer.statusText, told.hint ?? "");
    if (answer.status !== 401) throw problem;
    const since = sessionStorage.getItem(KEPT);  // another call may have asked meanwhile
    if (since === had && !(await askKey(had ? t("key_wrong") : ""))) throw problem;
  }
}

export async function call(method, path, body, signal) {
  const begun = performance.now();
  const answer = await send(method, path, body, signal);
  const data = await answer.json();
  return { data, ms: performance.now() - begun };
}
