// Reasons in the reader's language, from the evidence that the service gives.
import { el } from "./dom.js";
import { has, percent, short, t } from "./words.js";

const HAD = /^you had “([\s\S]*)”$/;
const REST = /^(\d+) more of the history$/;

let picked = false;

// Whether the list goes by items that were picked, so that what is near is near to these.
export function speakOfPicked(yes) { picked = yes; }

export function evidenceText(text) {
  if (picked && text === "near to the words of the request") return t("text_near_picked");
  const had = HAD.exec(text);
  if (had) return t("text_had", { title: had[1] });
  const rest = REST.exec(text);
  if (rest) return t("text_rest", { n: rest[1] });
  if (has(`text_${text}`)) return t(`text_${text}`);
  const [start, ...carried] = text.split(": ");  // a source, and the words that carried it
  return carried.length && has(`text_${start}`) ? `${t(`text_${start}`)}: ${carried.join(": ")}` : text;
}

// The weightiest parts that speak for an item; items of the history are told together.
export function parts(evidence, most = 3) {
  const speaking = evidence.filter((one) => one.share > 0);
  const total = speaking.reduce((sum, one) => sum + one.share, 0) || 1;
  const history = { titles: [], more: 0, share: 0 };
  const found = [];
  for (const one of speaking) {
    const had = HAD.exec(one.text), rest = REST.exec(one.text);
    if (had) history.titles.push(had[1]);
    if (rest) history.more += Number(rest[1]);
    if (had || rest) history.share += one.share;
    else found.push({ label: evidenceText(one.text), share: one.share });
  }
  if (history.share) found.push(history);
  return found
    .sort((a, b) => b.share - a.share).slice(0, most)
    .filter((one) => one.share > 0.01 * total)
    .map((one) => ({ ...one, part: one.share / total }));
}

export function reason(evidence, most = 3) {
  const line = el("p", { class: "reason", dir: "auto" });
  parts(evidence, most).forEach((one, place) => {
    if (place) line.append(" · ");
    if (one.titles?.length) {
      line.append(`${t(place ? "because" : "because_first")} `);
      one.titles.slice(0, 2).forEach((title, at) => line.append(at ? ", " : "", el("b", {}, short(title, 60))));
      const more = one.more + Math.max(0, one.titles.length - 2);
      if (more) line.append(" ", t("and_more", { n: more }));
    } else {
      const label = one.label ?? t("text_rest", { n: one.more });
      line.append(place ? label : label.charAt(0).toUpperCase() + label.slice(1));
    }
    line.append("\u00a0", el("span", { class: "part" }, percent(one.part)));
  });
  return line;
}
