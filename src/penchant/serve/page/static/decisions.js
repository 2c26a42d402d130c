// Decisions by hand: find an item, block, hide or pin it; approve what waits; take back; who decided what; consent.
import { call } from "./calls.js";
import { $, el } from "./dom.js";
import { moment } from "./stream.js";
import { has, number, short, t } from "./words.js";

const ONE_CLICK = ["block", "hide", "pin"];
let changed = () => {};
let columns = [];

function fail(problem) {
  $("rules-wrong").hidden = !problem;
  $("rules-wrong").textContent = problem ? problem.message : "";
}

async function tell(method, rule, body) {
  fail(null);
  try {
    await call(method, `/v1/rules/${encodeURIComponent(rule)}`, body);
    await changed();
  } catch (problem) { fail(problem); }
}

function fresh(kind) {
  return `${kind}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
}

function decide(kind, item, more = {}) { return tell("PUT", fresh(kind), { kind, items: [item], ...more }); }

function button(name, title, handler) {
  return el("button", { type: "button", "data-do": name, "aria-label": t("do_this", { what: t(name), title: short(title, 60) }), onclick: handler }, t(name));
}

function foundLine(one) {
  const title = String(one.properties.title ?? one.id);
  const held = columns.filter((name) => name in one.properties);
  const texts = held.length ? el("select", {
    "aria-label": t("do_this", { what: t("hide_text"), title: short(title, 60) }), "data-do": "hide-text",
    onchange: (event) => { if (event.target.value) decide("hide-text", one.id, { columns: [event.target.value] }); },
  }, el("option", { value: "" }, t("hide_text")), held.map((name) => el("option", { value: name }, short(name, 40)))) : null;
  return el("li", {}, el("span", { class: "name" }, short(title, 200)), el("span", { class: "kind" }, short(one.id, 30)),
    ONE_CLICK.map((kind) => button(kind, title, () => decide(kind, one.id))), texts);
}

async function find(event) {
  event.preventDefault();
  fail(null);
  try {
    const { data } = await call("GET", `/v1/items?limit=8&q=${encodeURIComponent($("find-text").value.trim())}`);
    $("found").replaceChildren(...(data.items.length ? data.items.map(foundLine) : [el("li", { class: "none" }, t("found_none"))]));
  } catch (problem) { fail(problem); }
}

export function wire(about, again) {
  changed = again;
  columns = about.columns;
  $("find").addEventListener("submit", find);
  $("hold-new").addEventListener("change", (event) => tell(event.target.checked ? "PUT" : "DELETE", "hold-new", event.target.checked ? { kind: "hold-new" } : undefined));
  $("consent-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await call("PUT", `/v1/users/${encodeURIComponent($("consent-user").value.trim())}/consent`, { consent: $("consent-kind").value });
      $("consent-said").textContent = t("saved");
      await changed();
    } catch (problem) { $("consent-said").textContent = problem.message; }
  });
}

export function drawRules({ rules, waiting, titles }) {
  const called = (id) => titles[id] ?? id;
  const lines = rules.filter((rule) => rule.kind !== "approve").map((rule) => {
    const named = (rule.items ?? []).map(called).join(", ") || rule.scenario || rule.id;
    const kind = t(`rule_${rule.kind}`, { columns: (rule.columns ?? []).join(", "), scenario: rule.scenario ?? "" });
    return el("li", {}, el("span", { class: "name" }, short(rule.kind === "hold-new" ? kind : named, 200)), rule.kind === "hold-new" ? null : el("span", { class: "kind" }, kind), button("undo", named, () => tell("DELETE", rule.id)));
  });
  keep($("rules"), lines, "in_force_none");
  keep($("waiting"), waiting.map((id) => el("li", {}, el("span", { class: "name" }, short(called(id), 200)),
    button("approve", called(id), () => decide("approve", id)), button("block", called(id), () => decide("block", id)))), "waiting_none");
  $("hold-new").checked = rules.some((rule) => rule.kind === "hold-new");
}

// Lines are put in anew, and the focus stays where it was.
function keep(list, lines, none) {
  const at = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...(lines.length ? lines : [el("li", { class: "none" }, t(none))]));
  if (at >= 0) (list.querySelectorAll("button")[at] ?? list.querySelector("button"))?.focus();
}

export function drawConsent(counts) {
  const told = Object.entries(counts).map(([kind, n]) => el("li", {}, el("b", {}, number(n)), has(`consent_${kind}`) ? t(`consent_${kind}`) : kind));
  $("consents").replaceChildren(...(told.length ? told : [el("li", {}, t("consent_all"))]));
}

export function drawLog(log, titles) {
  const lines = log.slice(-60).reverse().map((one) => {
    const items = (one.what.items ?? []).map((id) => titles[id] ?? id).join(", ");
    const what = one.about === "consent"
      ? t("log_consent", { id: one.id, what: t(`consent_${one.what.consent}`) })
      : one.action === "delete" ? `${t("log_delete")}: ${one.id}` : `${has(one.what.kind) ? t(one.what.kind) : t(`rule_${one.what.kind}`, { columns: (one.what.columns ?? []).join(", "), scenario: one.what.scenario ?? "" })}${items ? `: ${items}` : ""}`;
    return el("li", {}, el("time", {}, moment(one.time)), el("span", { class: "name" }, short(what, 200)), el("span", { class: "kind" }, one.by || "–"));
  });
  $("log").replaceChildren(...(lines.length ? lines : [el("li", { class: "none" }, t("log_none"))]));
}
