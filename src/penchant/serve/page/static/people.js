// For whom the list is: a user by id, or somebody new who may say a sentence.
import { call } from "./calls.js";
import { $, el } from "./dom.js";
import { number, short, t } from "./words.js";

const KEPT = "penchant.person";

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return { session: "page-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), text: "" };
}

// Who it was before this page was loaded, else an example, else somebody new.
export function first(about) {
  const named = new URL(location.href).searchParams.get("user");
  if (named) return { user: named };
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (kept?.session || kept?.user) return kept;
  const example = about.examples[Math.floor(about.examples.length / 2)];
  return example && !about.help_desk ? { user: example.id } : fresh();
}

export function remember(who) {
  sessionStorage.setItem(KEPT, JSON.stringify(who));
  const here = new URL(location.href);
  if (who.user) here.searchParams.set("user", who.user);
  else here.searchParams.delete("user");
  history.replaceState(null, "", here);
}

export function nameOf(who) { return who.user ? t("user_named", { id: short(who.user, 40) }) : t("somebody_new"); }

export function wire(about, choose, current) {
  if (about.help_desk) { $("who").hidden = true; return; }
  $("be-user").hidden = !about.users;
  $("be-user").addEventListener("click", () => { mode(true, about); $("user").focus(); });
  $("be-new").addEventListener("click", () => {
    mode(false, about);
    if (current().user) choose(fresh());
    if (about.words) $("describe").focus();
  });
  $("user-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = $("user").value.trim();
    if (id) choose({ user: id });
  });
  let waiting = 0;
  $("user").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(offer, 150);
    if ([...$("users").options].some((one) => one.value === $("user").value)) $("user-form").requestSubmit();
  });
  $("examples").append(...about.examples.map((one) => el("li", {}, el("button", {
    type: "button", "aria-label": t("example_events", { id: one.id, n: number(one.events) }), title: t("example_events", { id: one.id, n: number(one.events) }),
    onclick: () => { $("user").value = one.id; choose({ user: one.id }); },
  }, short(one.id, 24), el("small", {}, ` ${number(one.events)}`)))));
  $("examples-box").hidden = !about.examples.length;
  $("describe-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const held = current().session ? current() : fresh();
    choose({ ...held, text: $("describe").value.trim() });
  });
  $("describe").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("describe-form").requestSubmit(); }
  });
  $("start-over").addEventListener("click", () => { $("describe").value = ""; choose(fresh()); });
}

async function offer() {
  const { data } = await call("GET", `/v1/users?limit=12&q=${encodeURIComponent($("user").value.trim())}`).catch(() => ({ data: { users: [] } }));
  $("users").replaceChildren(...data.users.map((one) => el("option", { value: one.id })));
}

export function mode(user, about) {
  $("be-user").setAttribute("aria-pressed", String(user));
  $("be-new").setAttribute("aria-pressed", String(!user));
  $("user-form").hidden = !user;
  $("examples-box").hidden = !user || !about.examples.length;
  $("describe-form").hidden = user;
  for (const part of [$("describe").closest("label"), $("describe-form").querySelector("[type=submit]")]) part.hidden = !about.words;
  $("describe-off").hidden = user || about.words;
}

// What is known of who it is: facts and what they did last. Called again after each event.
export async function portray(who, about) {
  if (about.help_desk) return;
  mode(Boolean(who.user), about);
  if (who.user) $("user").value = who.user;
  else $("describe").value = who.text ?? "";
  const query = who.user ? `user=${encodeURIComponent(who.user)}` : `session=${encodeURIComponent(who.session)}`;
  const { data } = await call("GET", `/v1/history?limit=8&${query}`);
  $("person").hidden = false;
  $("person-facts").textContent = facts(who, data);
  const rows = data.items.map((one) => el("li", { class: one.weight < 0 ? "against" : "" },
    el("span", { class: "sign", "aria-label": one.weight < 0 ? t("dislike") : undefined }, one.weight < 0 ? "−" : "+"), el("span", { dir: "auto", title: short(one.title, 300) }, short(one.title, 120))));
  $("lately").replaceChildren(...(rows.length ? rows : [el("li", { class: "hint" }, t("nothing_yet"))]));
}

function facts(who, { person, total }) {
  if (!who.user) return t("did_here", { n: number(total) });
  if (!person) return t("unknown_user");
  const told = Object.entries(person.properties)
    .filter(([, value]) => value !== null && value !== "" && String(value).length <= 40).slice(0, 4).map(([, value]) => String(value));
  told.push(t("did_fit", { n: number(person.events_in_bundle) }));
  if (person.events_live) told.push(t("did_live", { n: number(person.events_live) }));
  return told.join(" · ");
}
