// Experiments: which run, what each arm came to, a short form for two degrees of diversity. Hidden where the service has none.
import { call } from "./calls.js";
import { interval, scale, stacked, table } from "./charts.js";
import { $, el } from "./dom.js";
import { sure } from "./sure.js";
import { moment } from "./stream.js";
import { number, percent, short, t } from "./words.js";

const EVERY = 5_000;
let known = [];
let waiting = 0;
let turn = 0;
let last = "";

function fail(problem) {
  $("experiment-wrong").hidden = !problem;
  $("experiment-wrong").textContent = problem ? [problem.message, problem.hint].filter(Boolean).join(" · ") : "";
}

function path(id) { return `/v1/experiments/${encodeURIComponent(id)}`; }

function fine(value) { return `${(value * 100).toFixed(1)} %`; }
function signed(value) { return `${value < 0 ? "−" : "+"}${fine(Math.abs(value))}`; }
function whole(ends, say) { return ends.map(say).join(" – "); }

function differs(arm) {
  const told = [...(arm.bundle ? [`${t("arm_bundle")} ${short(arm.bundle, 40)}`] : []), ...Object.entries(arm.settings ?? {}).map(([name, value]) => `${name} ${short(value, 30)}`)];
  return told.length ? told.join(", ") : t("arm_plain");
}

// What may be said at this moment; the same rule as in penchant.live.results.
function verdict(rows) {
  if (rows.some((row) => row.interval === null)) return t("split_few");
  const sure = rows.slice(1).flatMap((row) => {
    const [low, high] = row.difference_interval;
    const names = { arm: row.arm, first: rows[0].arm };
    return low > 0 ? [t("split_better", names)] : high < 0 ? [t("split_worse", names)] : [];
  });
  return sure.length ? sure.join(" ") : t("split_open", { first: rows[0].arm });
}

function split(one, rows) {
  const most = scale(rows.map((row) => row.interval?.[1] ?? row.acceptance ?? 0));
  const right = (key) => ({ number: t(key) });
  const bar = (row) => (row.acceptance === null ? "–" : el("span", { class: "measured", title: row.interval ? whole(row.interval, fine) : t("split_few") },
    fine(row.acceptance), row.interval ? interval(row.acceptance, row.interval, most) : null));
  const apart = (row, place) => (!place ? t("compared_with") : row.difference === null ? "–" : el("span", { title: whole(row.difference_interval, signed) },
    signed(row.difference), el("small", { class: "hint" }, ` ${t("from_to", { low: signed(row.difference_interval[0]), high: signed(row.difference_interval[1]) })}`)));
  return [table([t("col_arm"), t("col_differs"), right("col_share"), right("col_people"), right("col_lists"), t("col_accepted_of", { most: percent(most) }), t("col_difference"), t("col_best")],
    rows.map((row, place) => [el("b", {}, short(row.arm, 40)), differs(one.arms[place]), { number: percent(row.share) }, { number: number(row.people) }, { number: number(row.lists) }, bar(row), apart(row, place),
      row.lists ? el("span", { class: "measured" }, percent(row.best), el("meter", { min: 0, max: 1, value: row.best, "aria-label": `${t("col_best")}: ${short(row.arm, 40)}` })) : "–"])),
  el("p", { class: "verdict" }, verdict(rows))];
}

function interleaved(one, { arms, prefer, lists }) {
  const sure = prefer.p <= 0.05;
  const better = arms[1].people > arms[0].people ? arms[1].arm : arms[0].arm;
  return [table([t("col_arm"), t("col_differs"), { number: t("col_wins") }, { number: t("col_prefer") }],
    arms.map((row, place) => [el("b", {}, short(row.arm, 40)), differs(one.arms[place]), { number: number(row.wins) }, { number: number(row.people) }])),
  prefer.share === null ? null : el("p", { class: "measured hint" }, t("prefers", { arm: short(prefer.arm, 40), share: percent(prefer.share), lists: number(lists) }), prefer.interval ? interval(prefer.share, prefer.interval) : null),
  el("p", { class: "verdict" }, sure ? t("more_prefer", { arm: better }) : t("prefer_open"))];
}

function card(one, results) {
  const button = (name, handler) => el("button", { type: "button", "data-do": name, "aria-label": t("do_this", { what: t(name), title: short(one.id, 60) }), onclick: handler }, t(name));
  const { id, since, problems, ...body } = one;
  const turned = one.running ? "stop" : "go_on";
  const shared = one.arms.reduce((sum, arm) => sum + arm.share, 0);
  return el("article", { class: "trial", "data-id": id },
    el("div", { class: "row" }, el("h3", { dir: "auto" }, short(id, 80)), el("span", { class: `badge ${one.running ? "good" : ""}` }, t(one.running ? "runs" : "stopped")),
      button(turned, () => tell("PUT", id, { ...body, running: !one.running })),
      button("delete", async () => { if (await sure(t("delete_title", { id: short(id, 80) }), t("delete_sure"), t("delete"))) await tell("DELETE", id); })),
    el("p", { class: "hint" }, [t(one.kind === "interleave" ? "kind_interleave" : "kind_split"), t("since", { time: moment(since) }), one.scenario ? t("only_scenario", { scenario: short(one.scenario, 40) }) : "",
      one.kind === "split" && shared < 0.999 ? t("taking_part", { share: percent(shared) }) : "", short(one.note ?? "", 200)].filter(Boolean).join(" · ")),
    Object.values(problems ?? {}).map((problem) => el("p", { class: "wrong" }, short(problem, 300))),
    one.kind === "split" ? stacked(one.arms.map((arm) => arm.share)) : null,
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("results_of", { id: short(id, 60) }) }, one.kind === "interleave" ? interleaved(one, results) : split(one, results.arms)));
}

async function look() {
  clearTimeout(waiting);
  const mine = ++turn;
  try {
    const found = (await call("GET", "/v1/experiments")).data.experiments;
    const results = await Promise.all(found.map(async (one) => (await call("GET", `${path(one.id)}/results`)).data));
    if (mine !== turn) return;
    known = found.map((one) => one.id);
    $("trying").hidden = false;
    const drawn = JSON.stringify([found, results]);
    if (drawn !== last) draw(found, results);
    last = drawn;
  } catch (problem) {
    if (mine !== turn) return;
    if ((problem.status === 404 || problem.status === 501) && !known.length) { $("trying").hidden = true; return; }
    fail(problem);
  }
  waiting = setTimeout(again, EVERY);
}

// Drawn anew only when something changed, and the focus stays where it was.
function draw(found, results) {
  const held = document.activeElement?.closest(".trial"), what = document.activeElement?.dataset.do;
  $("experiments").replaceChildren(...(found.length ? found.map((one, place) => card(one, results[place])) : [el("p", { class: "hint" }, t("experiments_none"))]));
  const there = held && [...$("experiments").children].find((one) => one.dataset.id === held.dataset.id);
  if (there) (there.querySelector(`[data-do="${what}"]`) ?? there.querySelector("button"))?.focus();
}

function again() {
  if (document.hidden) waiting = setTimeout(again, EVERY);
  else look();
}

async function tell(method, id, body) {
  fail(null);
  try { await call(method, path(id), body); } catch (problem) { fail(problem); return false; }
  await look();
  return true;
}

async function make(event) {
  event.preventDefault();
  const id = $("experiment-name").value.trim(), degree = Number($("experiment-degree").value), part = Number($("experiment-part").value);
  if (known.includes(id)) { fail({ message: t("name_taken", { id }) }); return; }
  const arm = (diversity) => ({ name: `diversity ${diversity}`, share: part / 2, settings: { diversity } });
  if (await tell("PUT", id, { arms: [arm(0), arm(degree)] })) {
    $("experiment-name").value = "";
    $("experiment-new").open = false;
  }
}

export async function wireExperiments(about) {
  $("experiment-form").hidden = !about.vectors;
  $("experiment-off").hidden = about.vectors;
  $("experiment-form").addEventListener("submit", make);
  const told = () => { $("experiment-degree-told").textContent = Number($("experiment-degree").value).toFixed(2); };
  $("experiment-degree").addEventListener("input", told);
  told();
  document.addEventListener("visibilitychange", again);
  await look();
}
