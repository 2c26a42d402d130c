// Refreshes as they run and what came of them, and how far things have drifted. Hidden where the service has none.
import { call } from "./calls.js";
import { delta, share3 } from "./charts.js";
import { $, el } from "./dom.js";
import { sure } from "./sure.js";
import { moment } from "./stream.js";
import { number, percent, short, t } from "./words.js";

const SLOW = 5_000, QUICK = 1_000, LATEST = 8, SHIFTED = 0.25;
const STEPS = {
  "reading the bundle": "step_bundle", "exporting": "step_export", "reading the tables": "step_tables", "reading texts": "step_texts",
  "fitting without the newest slice": "step_fit_before", "exam on the newest slice": "step_exam", "fitting on everything": "step_fit_all", "taking over": "step_over",
};
const RESULTS = {
  "swapped": ["result_swapped", "good"], "kept": ["result_kept", ""], "nothing new": ["result_nothing", ""], "rolled back": ["result_back", "noted"],
  "found": ["result_found", ""], "failed": ["result_failed", "bad"],
};
const VERDICTS = {
  "better": "verdict_better", "surely not worse": "verdict_sure", "not worse as far as can be told": "verdict_untold",
  "it may be worse": "verdict_maybe", "worse": "verdict_worse",
};
const REASONS = { "popularity": "drift_popularity", "kinds": "drift_kinds", "unknown": "drift_unknown", "grown": "drift_grown", "hit rate": "drift_hits" };
let waiting = 0;
let changed = async () => {};

function fail(problem) {
  $("refresh-wrong").hidden = !problem;
  $("refresh-wrong").textContent = problem ? [problem.message, problem.hint].filter(Boolean).join(" · ") : "";
}

// The sentence of an outcome: in the reader's language where it is an exam's, else as the service wrote it.
function because(one) {
  const forced = one.why.startsWith("forced although ");
  const key = VERDICTS[one.why.replace("forced although ", "").split(":")[0]];
  if (!key || !one.metrics["ndcg@10"]) return el("p", { class: "hint", dir: "auto" }, short(one.why, 300));
  const { questions, people } = one.metrics;
  return el("p", { class: "hint" }, `${forced ? `${t("forced")} · ` : ""}${t(key)} · ${t("exam_of", { questions: number(questions), people: number(people) })}`);
}

function exam({ metrics }) {
  const measures = [["ndcg@10", "NDCG@10"], ["hit rate@10", t("hit_rate_10")]].filter(([name]) => metrics[name]);
  if (!measures.length) return null;
  const signed = (value) => `${value < 0 ? "−" : "+"}${share3(Math.abs(value))}`;
  return el("dl", { class: "exam" }, measures.map(([name, called]) => {
    const { old: [before], new: [after], difference: [mean, low, high] } = metrics[name];
    return el("div", {}, el("dt", {}, called), el("dd", { class: "number" }, t("variety_from", { plain: share3(before), own: share3(after) })),
      el("dd", {}, delta(mean, [low, high])), el("dd", { class: "number hint" }, t("difference_told", { mean: signed(mean), low: signed(low), high: signed(high) })));
  }));
}

function outcome(one) {
  const [key, look] = RESULTS[one.result] ?? ["", ""];
  return el("li", { "data-result": one.result }, el("time", {}, moment(one.time)), el("div", {},
    el("p", { class: "row" }, el("span", { class: `badge ${look}` }, key ? t(key) : one.result), el("code", {}, one.version.slice(0, 8)),
      el("span", { class: "hint" }, [one.seconds >= 1 ? t("seconds", { n: number(one.seconds) }) : "", short(one.by, 40)].filter(Boolean).join(" · "))),
    because(one), exam(one)));
}

function drawProgress(progress) {
  $("refresh-bar").hidden = !progress;
  if (!progress) return;
  const names = Object.keys(STEPS), at = names.indexOf(progress.step);
  $("refresh-progress").value = progress.percent;
  $("refresh-step").textContent = `${at >= 0 ? t(STEPS[progress.step]) : t("step_starting")} · ${percent(progress.percent / 100)}`;
  $("refresh-steps").replaceChildren(...names.map((name, place) => el("li", { class: place < at ? "done" : place === at ? "now" : "", "aria-current": place === at ? "step" : undefined }, t(STEPS[name]))));
}

function drawRefresh(told) {
  const { hours, events } = told.schedule;
  const plan = [hours ? t("every_hours", { n: number(hours) }) : "", events ? t("every_events", { n: number(events) }) : ""].filter(Boolean);
  $("refresh-state").textContent = [t(told.running ? "refresh_runs" : "refresh_rests"), t("events_since", { n: number(told.events_since) }), plan.length ? plan.join(", ") : t("by_hand_only")].join(" · ");
  $("refresh-problem").hidden = !told.problem;
  $("refresh-problem").textContent = told.problem ? short(told.problem, 400) : "";
  drawProgress(told.progress);
  $("refresh-start").disabled = told.running;
  $("roll-back").disabled = told.running || !told.earlier.length;
  $("roll-back").title = told.earlier.length ? told.earlier[0].slice(0, 12) : t("no_earlier");
  $("outcomes").replaceChildren(...(told.outcomes.length ? told.outcomes.slice(0, LATEST).map(outcome) : [el("li", { class: "none" }, t("outcomes_none"))]));
}

function drawDrift(drift) {
  $("drift-verdict").className = `badge ${drift.due ? "noted" : "good"}`;
  $("drift-verdict").textContent = t(drift.due ? "drift_due" : "drift_calm");
  $("drift-why").replaceChildren(...drift.why.map((one) => el("li", {}, el("span", { class: "name" }, REASONS[one.code] ? t(REASONS[one.code]) : short(one.text, 200)))));
  const index = (key, value) => gauge(key, value.toFixed(2), Math.min(1, value / (2 * SHIFTED)), value > SHIFTED);
  const part = (key, value, most, above) => gauge(key, percent(value), Math.min(1, value / most), value > above);
  $("drift").replaceChildren(
    index("measure_popularity", drift.popularity), index("measure_kinds", drift.kinds), part("measure_unknown", drift.unknown_items, 0.1, 0.05),
    part("measure_grown", drift.events / Math.max(1, drift.events_in_bundle), 0.2, 0.1));
  $("drift-events").textContent = t("drift_events", { n: number(drift.events), known: number(drift.events_in_bundle) });
}

// A measure on a rail whose middle is where it begins to call for a refresh.
function gauge(key, told, filled, over) {
  return el("div", { class: over ? "over-line" : "" }, el("dt", {}, t(key)), el("dd", {}, told), el("dd", {}, el("meter", { min: 0, max: 1, value: filled, "aria-label": t(key) })));
}

async function look() {
  clearTimeout(waiting);
  let told = null;
  try {
    told = (await call("GET", "/v1/refresh")).data;
    $("refreshing").hidden = $("drifting").hidden = false;
    drawRefresh(told);
    drawDrift(told.drift);
  } catch (problem) {
    if (problem.status === 404 || problem.status === 501) { $("refreshing").hidden = $("drifting").hidden = true; return; }
    fail(problem);
  }
  clearTimeout(waiting);  // another look may have ended meanwhile
  waiting = setTimeout(again, told?.running ? QUICK : SLOW);
}

function again() {
  clearTimeout(waiting);
  if (document.hidden) waiting = setTimeout(again, SLOW);
  else look();
}

async function tell(path, body) {
  fail(null);
  try {
    await call("POST", path, body);
    await changed();
  } catch (problem) { fail(problem); }
  await look();
}

export async function wireRefresh(renew) {
  changed = renew;
  $("refresh-form").addEventListener("submit", (event) => {
    event.preventDefault();
    tell("/v1/refresh", { effort: $("refresh-effort").value });
  });
  $("roll-back").addEventListener("click", async () => {
    if (await sure(t("roll_back"), t("roll_back_sure", { version: $("roll-back").title }), t("roll_back"))) await tell("/v1/refresh/roll-back");
  });
  document.addEventListener("visibilitychange", again);
  await look();
}
