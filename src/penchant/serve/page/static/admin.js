// The page of those in charge. A section of its own is a module that draws what the summary says under its name.
import "./frame.js";
import { call } from "./calls.js";
import { interval, table, traffic } from "./charts.js";
import { drawConsent, drawLog, drawRules, wire } from "./decisions.js";
import { $, el } from "./dom.js";
import { wireExperiments } from "./experiments.js";
import { wireRefresh } from "./refreshes.js";
import { clock, follow } from "./stream.js";
import { has, number, percent, short, t } from "./words.js";

const EVERY = 5_000;
let told = null;

function ms(seconds) { return `${(seconds * 1_000).toFixed(seconds < 0.1 ? 1 : 0)} ms`; }
function bytes(n) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const at = Math.min(4, Math.floor(Math.log(Math.max(n, 1)) / Math.log(1_024)));
  return `${(n / 1_024 ** at).toFixed(at && n / 1_024 ** at < 10 ? 1 : 0)} ${units[at]}`;
}

function tiles(sum) {
  const lists = sum.latency.find((one) => one.route === "/v1/recommend");
  const all = sum.acceptance.rows.reduce((n, one) => n + one.lists, 0);
  const accepted = sum.acceptance.rows.reduce((n, one) => n + one.accepted, 0);
  const recent = sum.traffic.requests.slice(-2);
  const share = (value) => (value === null || value === undefined ? "–" : percent(value));
  const shown = [
    ["kpi_rate", ((recent[0] + recent[1]) / 2).toFixed(1)],
    ["kpi_p50", lists ? ms(lists.quantiles[0]) : "–"],
    ["kpi_p99", lists ? ms(lists.quantiles[2]) : "–"],
    ["kpi_lists", number(sum.lists.total)],
    ["kpi_accepted", all ? percent(accepted / all) : "–"],
    ["kpi_fallback", share(sum.lists.fallback_share)],
    ["kpi_cold", share(sum.acceptance.cold_share)],
    ["kpi_people", number(sum.people), t("of_most", { n: number(sum.people_most) })],
    ["kpi_lost", number(sum.impressions_lost), "", sum.impressions_lost > 0],
    ["kpi_journal", bytes(sum.journal.bytes), t("records", { n: number(sum.journal.records) })],
  ];
  $("tiles").replaceChildren(...shown.map(([key, value, more, bad]) => el("div", { class: bad ? "tile bad" : "tile" },
    el("dt", {}, t(key), more ? el("small", {}, ` · ${more}`) : null), el("dd", { id: key }, value))));
}

function policy(name) { return has(`policy_${name}`) ? t(`policy_${name}`) : name; }

function draw(sum) {
  $("as-of").textContent = `${t("model", { version: sum.model_version.slice(0, 12) })} · ${t("updated", { time: clock(sum.time) })}`;
  tiles(sum);
  traffic(sum.traffic.requests, sum.traffic.faults, $("traffic"));
  const right = (key) => ({ number: t(key) });
  $("latency").replaceChildren(table([t("col_route"), right("col_requests"), right("col_p50"), right("col_p90"), right("col_p99")],
    sum.latency.map((one) => [el("code", {}, one.route.replace("/v1/", "").replace(/\/\{.*/, "/…")), { number: number(one.requests) }, ...one.quantiles.map((value) => ({ number: (value * 1_000).toFixed(1) }))])));
  const { rows, since, records } = sum.acceptance;
  $("acceptance-hint").textContent = since === null ? t("acceptance_none") : t("acceptance_hint", { n: number(records), time: new Date(since * 1_000).toLocaleString(document.documentElement.lang) });
  const arms = rows.some((one) => one.arm);
  $("acceptance").replaceChildren(rows.length ? table([t("col_policy"), t("col_version"), ...(arms ? [t("col_arm")] : []), right("col_lists"), t("col_accepted"), right("col_refused"), right("col_acts")],
    rows.map((one) => [policy(one.policy), el("code", {}, one.version.slice(0, 8)), ...(arms ? [one.arm || "–"] : []), { number: number(one.lists) },
      el("span", { title: one.interval.map(percent).join(" – ") }, percent(one.lists ? one.accepted / one.lists : 0), interval(one.lists ? one.accepted / one.lists : 0, one.interval)),
      { number: number(one.refused) }, { number: number(one.acts) }])) : "");
  $("lists").replaceChildren(table([t("col_policy"), t("col_version"), t("col_fallback"), right("col_lists")],
    sum.lists.by.map((one) => [policy(one.policy), el("code", {}, one.version.slice(0, 8)), one.fallback === "no" ? t("not_fallback") : t(`fallback_${one.fallback}`), { number: number(one.lists) }])));
  $("catalogue").replaceChildren(...Object.entries(sum.catalogue).map(([name, n]) => el("li", { class: name === "waiting" && n ? "weighty" : "" }, el("b", {}, number(n)), t(`cat_${name}`))));
  drawRules(sum);
  drawConsent(sum.consent);
}

async function renew() {
  const { data } = await call("GET", "/v1/admin/summary");
  told = data;
  $("message").hidden = true;
  draw(data);
}

async function renewLog() {
  const log = [];
  for (let after = 0; ;) {
    const { data } = await call("GET", `/v1/rules/log?limit=1000&after=${after}`);
    log.push(...data.log);
    if (data.log.length < 1_000) break;
    after = data.log.at(-1).number;
  }
  drawLog(log, told.titles);
}

async function changed() {
  await renew();
  await renewLog();
}

function failed(problem) {
  $("message").hidden = false;
  $("message").replaceChildren(el("h2", { role: "alert" }, t("error_title")), el("p", {}, short(problem.message, 500)), problem.hint ? el("p", { class: "hint" }, problem.hint) : "", el("button", { type: "button", onclick: begin }, t("retry")));
}

async function begin() {
  let about = null;
  try {
    await changed();
    about = (await call("GET", "/v1/about")).data;
    wire(about, changed);
  } catch (problem) {
    failed(problem);
    return;
  }
  wireRefresh(changed);
  wireExperiments(about);
  const again = () => { if (!document.hidden) renew().catch(failed); };
  setInterval(again, EVERY);
  document.addEventListener("visibilitychange", again);
  new ResizeObserver(() => traffic(told.traffic.requests, told.traffic.faults, $("traffic"))).observe($("traffic"));
  follow((beat) => { $("kpi_rate").textContent = beat.rate.toFixed(1); });
}

begin();
