// The page: who asks and how, the list, and what they do with it.
import "./frame.js";
import { call } from "./calls.js";
import { press, show, step, titleOf } from "./cards.js";
import { draw, ofWanted } from "./chips.js";
import { $, el } from "./dom.js";
import { first, nameOf, portray, remember, wire } from "./people.js";
import { speakOfPicked } from "./reasons.js";
import { openWhy } from "./why.js";
import { number, percent, short, t } from "./words.js";

const state = { about: null, who: null, likes: [], talk: null, given: null, turn: 0, stop: null };
const VERSION = "penchant.version", NEW_FOR = 120_000;
const handlers = { more: moreLike, why: (item) => openWhy(item, state.given.recommendation_id) };

function person() { return state.who.user ? { user: state.who.user } : { session: state.who.session }; }
function common() { return { ...person(), k: Number($("length").value), explain: true, measures: true, lang: "en" }; }  // the page says evidence in its own words
function diversity() { return Number($("diversity").value); }

// Ask for the list as things are now; an older question that is still on its way is dropped.
async function refresh({ told = true, text = "", note = "" } = {}) {
  const mine = ++state.turn;
  state.stop?.abort();
  state.stop = new AbortController();
  $("cards").setAttribute("aria-busy", "true");
  $("ask").classList.add("busy");
  try {
    const talk = state.talk;
    const body = talk || text
      ? { ...common(), text, wanted: trimmed(talk?.wanted ?? begun()), ...(talk?.id ? { conversation_id: talk.id } : {}) }
      : { ...common(), diversity: diversity(), items: state.likes.map((one) => one.id), ...(state.who.text ? { text: state.who.text } : {}) };
    const { data, ms } = await call("POST", talk || text ? "/v1/ask" : "/v1/recommend", body, state.stop.signal);
    if (mine !== state.turn) return;
    if (talk || text) {
      state.talk = { id: data.conversation_id, wanted: data.wanted, titles: data.titles };
      $("diversity").value = data.wanted.diversity ?? 0;
    }
    state.given = data;
    shown(data, ms, told, note);
  } catch (problem) {
    if (problem.name === "AbortError" || mine !== state.turn) return;
    if (text && state.talk && !state.talk.id) state.talk = null;
    failed(problem, () => refresh({ told, text, note }));
  } finally {
    if (mine === state.turn) {
      $("cards").removeAttribute("aria-busy");
      $("ask").classList.remove("busy");
    }
  }
}

// What is wanted before a first word: what was liked on the page, and the slider.
function begun() { return { liked: state.likes.map((one) => one.id), diversity: diversity() }; }

function trimmed(wanted) {
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => (Array.isArray(value) ? value.length : value)));
}

function shown(data, ms, told, note) {
  const empty = !data.items.length;
  $("message").hidden = !empty;
  if (empty) $("message").replaceChildren(el("h2", {}, t("empty_title")), el("p", {}, t(state.about.items ? "empty" : "empty_catalogue")));
  speakOfPicked(!state.talk && state.likes.length > 0 && !state.who.text);
  const change = show(data.items, state.about, handlers, told && Boolean($("cards").children.length));
  const words = change ? (change.came + change.moved + change.went ? t("moved", change) : t("unmoved")) : "";
  $("delta").textContent = [note, words].filter(Boolean).join(" · ");
  $("list-title").textContent = state.talk ? t("list_found") : state.about.help_desk ? "" : state.who.user ? t("list_for_user", { id: short(state.who.user, 40) }) : t("list_for_new");
  const fallback = data.fallback ? `resting_${data.fallback}` : state.talk ? "rests_on_words" : "rests_on_person";
  $("resting").replaceChildren(el("span", { class: data.fallback ? "weighty" : "" }, t(fallback)), ` · ${t(`policy_${data.policy ?? "ask"}`)} · `, versionOf(data),
    ` · ${t("took", { ms: ms < 10 ? ms.toFixed(1) : Math.round(ms) })}`);
  $("quote").hidden = !data.quote;
  $("quote-text").textContent = data.quote ? short(data.quote.text, 2000) : "";
  const notes = [...(data.fits === false ? [el("li", { class: "weighty" }, t("no_fit"))] : []),
    ...[...(data.notes ?? []), ...(data.wanted?.unclear ?? [])].map((one) => el("li", {}, short(one, 300)))];
  $("notes").replaceChildren(...notes);
  measured(data.measures);
  chips();
  $("side-who").textContent = `${nameOf(state.who)} · ${t("diverse")} ${percent(diversity())}`;
}

// The model, said to be new for a while where another one gave the lists before; arms of experiments do not count.
function versionOf({ model_version: version, arm }) {
  const plain = t("model", { version: version.slice(0, 8) });
  if (arm) return el("span", { id: "version" }, plain);
  const [before, kept] = (localStorage.getItem(VERSION) ?? "").split(" ");
  const until = before && before !== version ? Date.now() + NEW_FOR : Number(kept) || 0;
  if (before !== version) localStorage.setItem(VERSION, `${version} ${until}`);
  const left = until - Date.now();
  if (left <= 0) return el("span", { id: "version" }, plain);
  const node = el("span", { id: "version", class: "weighty" }, t("model_new", { version: version.slice(0, 8) }));
  setTimeout(() => { node.textContent = plain; node.className = ""; }, left);
  return node;
}

function measured(told) {
  if (!told) return;
  $("relevance").value = told.relevance;
  $("relevance-told").textContent = percent(told.relevance);
  $("variety").value = told.variety ?? 0;
  const two = (value) => (value === null ? "–" : value.toFixed(2));
  const changed = told.variety !== null && told.variety_plain !== null && Math.abs(told.variety - told.variety_plain) >= 0.005;
  $("variety-told").textContent = changed ? t("variety_from", { plain: two(told.variety_plain), own: two(told.variety) }) : two(told.variety);
}

function chips() {
  if (state.talk) {
    draw(ofWanted(state.talk.wanted, state.talk.titles, (wanted) => {
      const left = trimmed({ ...wanted, request: "", unclear: [] });
      if (!Object.keys(left).length) { clear(); return; }
      if (wanted.diversity === 0) $("diversity").value = 0;
      state.talk.wanted = wanted;
      refresh();
    }));
  } else {
    draw([
      ...(state.who.text ? [{ what: t("chip_described"), value: state.who.text, edit: "text", set: (text) => choose({ ...state.who, text }), remove: () => choose({ ...state.who, text: "" }) }] : []),
      ...state.likes.map((one) => ({ what: t("chip_more"), value: one.title, remove: () => { state.likes = state.likes.filter((held) => held !== one); refresh(); } })),
    ]);
  }
  $("request").placeholder = t(state.talk ? "ask_more" : state.about.help_desk ? "ask_hint_help" : "ask_hint");
}

function failed(problem, again) {
  $("cards").replaceChildren();
  show([], state.about ?? {}, handlers, false);
  $("quote").hidden = true;
  $("delta").textContent = "";
  $("message").hidden = false;
  $("message").replaceChildren(el("h2", { role: "alert" }, t("error_title")), el("p", {}, short(problem.message, 500)),
    problem.hint ? el("p", { class: "hint" }, short(problem.hint, 500)) : "", el("button", { type: "button", onclick: again }, t("retry")));
}

function clear() {
  Object.assign(state, { talk: null, likes: [] });
  $("request").value = "";
  $("notes").replaceChildren();
  if (state.who.text) state.who = { ...state.who, text: "" };
  if (state.about.help_desk) idle();
  else refresh();
}

function choose(who) {
  const other = who.user !== state.who?.user || who.session !== state.who?.session;
  state.who = who;
  remember(who);
  if (other) Object.assign(state, { talk: null, likes: [] });
  if (who.text) state.talk = null;
  portray(who, state.about).catch(() => {});
  return refresh({ told: !other });
}

async function did(item, kind, note) {
  const title = short(titleOf(item), 60);
  try {
    await call("POST", "/v1/events", { ...person(), item: item.id, kind, recommendation_id: state.given.recommendation_id });
    await refresh({ note: t(note, { title }) });
    await portray(state.who, state.about);
  } catch (problem) {
    $("delta").textContent = problem.message;
  }
}

function moreLike(item) {
  const title = titleOf(item);
  if (state.talk) {
    const { wanted, titles } = state.talk;
    state.talk.wanted = { ...wanted, unclear: [], liked: [...new Set([...(wanted.liked ?? []), item.id])] };
    titles[item.id] = title;
  } else if (!state.likes.some((one) => one.id === item.id)) state.likes.push({ id: item.id, title });
  if (state.about.help_desk && !state.talk) state.talk = { id: "", wanted: begun(), titles: {} };
  refresh({ note: `${t("chip_more")} “${short(title, 60)}”` });
}

function idle() {
  state.talk = null;
  show([], state.about, handlers, false);
  draw([]);
  for (const id of ["list-title", "resting", "delta"]) $(id).textContent = "";
  $("quote").hidden = true;
  $("message").hidden = false;
  $("message").replaceChildren(el("p", {}, t(state.about.items ? "ask_first" : "empty_catalogue")));
}

function typing(target) { return target.closest("input:not([type=range]), textarea, select, dialog"); }

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) { event.target.blur(); return; }
  if (typing(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const acts = { l: "like", d: "dislike", m: "more", w: "why" };
  if (key === "/" && !$("request").disabled) $("request").focus();
  else if (key === "?") $("keys-dialog").showModal();
  else if (key.startsWith("Arrow") && !event.target.matches("[type=range]") && (event.target.closest(".card") || event.target === document.body)) step(key);
  else if (acts[key] && event.target.closest(".card")) press(acts[key]);
  else return;
  event.preventDefault();
});

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("request").value.trim();
  if (!text) return;
  $("request").value = "";
  refresh({ text });
});
$("clear").addEventListener("click", clear);
$("show-keys").addEventListener("click", () => $("keys-dialog").showModal());
const ready = () => state.who && (state.talk || !state.about.help_desk);
$("length").addEventListener("change", () => { if (ready()) refresh(); });
let waiting = 0;
$("diversity").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (state.talk) state.talk.wanted = { ...state.talk.wanted, unclear: [], diversity: diversity() };
    if (ready()) refresh();
  }, 120);
});

const narrow = matchMedia("(max-width: 1023px)");
const fold = () => { $("side").open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();

async function begin() {
  $("message").hidden = true;
  try {
    state.about = (await call("GET", "/v1/about")).data;
  } catch (problem) {
    failed(problem, begin);
    return;
  }
  const { about } = state;
  $("facts").textContent = t("facts", { items: number(about.items), users: number(about.users), events: number(about.events) });
  for (const node of $("ask").elements) node.disabled = !about.ask;
  $("ask-off").hidden = about.ask;
  $("ask-off").textContent = t(about.described ? "ask_off_setting" : "ask_off");
  $("balance-on").hidden = !about.vectors;
  $("balance-off").hidden = about.vectors;
  if (about.help_desk) {
    $("request").placeholder = t("ask_hint_help");
    $("length").value = "10";
  }
  else Object.assign(handlers, { like: (item) => did(item, "like", "liked"), dislike: (item) => did(item, "dislike", "disliked") });
  wire(about, choose, () => state.who);
  state.who = first(about);
  if (about.help_desk) { idle(); return; }
  await choose(state.who);
}

begin();
