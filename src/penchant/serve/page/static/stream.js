// What happens, as it happens: server-sent events, read by fetch so that the key goes in a header.
import { send } from "./calls.js";
import { $, el } from "./dom.js";
import { number, short, t } from "./words.js";

const MOST = 200, AGAIN = 2_000;
let paused = false;

export function clock(seconds) {
  return new Date(seconds * 1_000).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function moment(seconds) {
  const day = 86_400;
  if (Date.now() / 1_000 - seconds < day / 2) return clock(seconds);
  return new Date(seconds * 1_000).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" });
}

function told(one) {
  const who = one.user || (one.session ? short(one.session, 14) : t("stream_nobody"));
  if (one.what === "act") return t("stream_act", { who, kind: one.kind, item: one.item });
  if (one.what === "shown") return t("stream_shown", { who, n: one.items, policy: one.policy });
  return t("stream_change", { by: one.by || "–", subject: one.subject, id: one.id, action: one.action });
}

function put(name, data, beat) {
  if (name === "beat") { beat(JSON.parse(data)); return; }
  if (paused) return;
  const list = $("stream");
  if (name === "skipped") list.prepend(el("li", {}, el("span", {}), el("i", {}), el("bdi", {}, t("stream_skipped", { n: number(Number(data)) }))));
  else {
    const one = JSON.parse(data);
    list.prepend(el("li", { class: one.what }, el("time", {}, clock(one.time)), el("i", {}), el("bdi", {}, short(told(one), 300))));
  }
  while (list.children.length > MOST) list.lastElementChild.remove();
}

function live(on) {
  $("live").classList.toggle("on", on);
  $("live").textContent = t(on ? "live" : "not_live");
}

// Read the stream for good; where it breaks off it is opened again.
export async function follow(beat) {
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    $("pause").textContent = t(paused ? "stream_go" : "stream_pause");
  });
  for (;;) {
    try {
      const reader = (await send("GET", "/v1/admin/stream")).body.pipeThrough(new TextDecoderStream()).getReader();
      $("stream").replaceChildren();
      live(true);
      let rest = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const blocks = (rest + part.value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").map((line) => { const at = line.indexOf(": "); return [line.slice(0, at), line.slice(at + 2)]; }));
          put(fields.event ?? "message", fields.data, beat);
        }
      }
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403) { live(false); return; }
    }
    live(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}
