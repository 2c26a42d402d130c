// Why an item is in a list: the share of each source as bars, and the evidence.
import { call } from "./calls.js";
import { titleOf } from "./cards.js";
import { $, el, svg } from "./dom.js";
import { evidenceText, reason } from "./reasons.js";
import { has, percent, short, t } from "./words.js";

export async function openWhy(item, recommendation) {
  const dialog = $("why"), body = $("why-body");
  $("why-title").textContent = short(titleOf(item), 400);
  body.replaceChildren(el("p", { class: "hint" }, t("loading")));
  if (!dialog.open) dialog.showModal();
  body.focus();
  try {
    const path = `/v1/explain/${encodeURIComponent(recommendation)}/${encodeURIComponent(item.id)}`;
    const { data } = await call("GET", path);
    body.replaceChildren(...told(data));
  } catch (problem) {
    body.replaceChildren(el("p", { class: "wrong", role: "alert" }, problem.message), el("p", { class: "hint" }, problem.hint ?? ""));
  }
}

// The sources of a family (popularity.item, popularity.trend, …) have one name in front of the dot.
function families(sources) {
  const found = new Map();
  for (const [name, share] of Object.entries(sources)) {
    const family = name.split(".")[0];
    found.set(family, (found.get(family) ?? 0) + share);
  }
  return [...found].sort((a, b) => b[1] - a[1]);
}

function told(data) {
  const sources = families(data.sources);
  const against = sources.some(([, share]) => share < 0);
  const least = Math.max(0, ...sources.map(([, share]) => -share)), top = Math.max(0, ...sources.map(([, share]) => share));
  const axis = (100 * least) / Math.max(least + top, 1e-9);
  const scale = (share) => Math.max(0.6, (100 * Math.abs(share)) / Math.max(least + top, 1e-9));
  const bars = el("div", { class: "bars" }, sources.flatMap(([name, share]) => [
    el("span", {}, has(`source_${name}`) ? t(`source_${name}`) : name),
    el("span", { class: "bar", "aria-hidden": "true" }, svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none" },
      svg("rect", { class: share < 0 ? "against" : "for", x: share < 0 ? axis - scale(share) : axis, y: 0, width: scale(share), height: 10 }),
      against ? svg("rect", { class: "axis", x: axis - 0.15, y: -3, width: 0.3, height: 16 }) : null)),
    el("span", { class: "number" }, signed(share)),
  ]));
  const place = [t("why_place", { position: data.position, score: data.score.toFixed(2) })];
  if (data.propensity < 1) place.push(t("why_chance", { chance: percent(data.propensity) }));
  return [
    data.evidence.length ? reason(data.evidence) : null,
    el("p", { class: "hint" }, place.join(" · ")),
    data.exact ? null : el("p", { class: "hint" }, t("why_not_exact")),
    sources.length ? el("h3", {}, t("why_sources")) : el("p", {}, t("why_none")),
    against ? el("p", { class: "hint" }, t("why_sources_hint")) : null,
    bars,
    data.evidence.length ? el("h3", {}, t("why_evidence")) : null,
    el("ul", { class: "evidence" }, data.evidence.map((one) => line(one, data.titles))),
  ].filter(Boolean);
}

function line(one, titles) {
  const alone = one.items.length === 1;
  const named = alone ? [] : one.items.map((id) => titles[id] ?? id);
  return el("li", {}, el("span", { class: "part" }, one.share <= 0 ? signed(one.share) : one.part < 0.005 ? `< ${percent(0.01)}` : percent(one.part)),
    el("span", {}, el("bdi", {}, short(evidenceText(one.text), 300)),
      named.length ? el("span", { class: "titles" }, named.slice(0, 8).flatMap((title, place) => [place ? ", " : "", el("bdi", {}, short(title, 60))])) : null));
}

function signed(share) { return `${share < 0 ? "−" : "+"}${Math.abs(share).toFixed(2)}`; }
