// The list: cards by item, which move to where they belong when the list changes.
import { $, el, icon } from "./dom.js";
import { reason } from "./reasons.js";
import { short, t } from "./words.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const MOVE = { duration: 420, easing: "cubic-bezier(.2,.8,.2,1)" };
const TAGS = 5;
let known = new Map();
let badges = 0;

export function titleOf(item) { return String(item.properties?.title ?? item.id); }

function hue(text) {
  let sum = 7;
  for (const sign of text) sum = (sum * 31 + sign.codePointAt(0)) % 3_600;
  return Math.round(sum * 137.508) % 360;  // neighbours get colours far apart
}

function initials(title) {
  const words = title.slice(0, 200).match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*/gu) ?? [];
  const first = Array.from(words[0] ?? title)[0] ?? "·";
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(first)) return first;
  return (first + (Array.from(words[1] ?? "")[0] ?? "")).toUpperCase();
}

function cover(item, about) {
  const title = titleOf(item);
  const tile = el("div", { class: "cover", "aria-hidden": "true" }, el("span", {}, initials(title)));
  tile.style.setProperty("--hue", hue(item.id));
  const address = about.picture && item.properties?.[about.picture];
  if (typeof address === "string" && /^(https:\/\/|data:image\/)/.test(address)) {
    const picture = el("img", { src: address, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
    picture.addEventListener("error", () => picture.remove());
    tile.append(picture);
  }
  return tile;
}

// A few properties: short ones as tags, the first long text as prose; addresses and the title are left out.
function said(item, about) {
  const tags = [], title = titleOf(item);
  let prose = "";
  for (const [name, value] of Object.entries(item.properties ?? {})) {
    if (name === "title" || name === about.title || name === about.picture) continue;
    const values = Array.isArray(value) ? value : typeof value === "string" && value.length <= 80 ? value.split("|") : [value];
    if (typeof values[0] === "object" && values[0] !== null) continue;
    if (typeof value === "number") tags.push(/year/i.test(name) ? String(value) : `${name.replaceAll("_", " ")} ${value}`);
    else if (typeof value === "boolean") { if (value) tags.push(name.replaceAll("_", " ")); }
    else {
      for (const one of values.slice(0, 4).map(String)) {
        if (!one || one === title || /^https?:\/\//.test(one)) continue;
        if (one.length > 60) prose ||= one;
        else tags.push(one);
      }
    }
  }
  return { tags: tags.slice(0, TAGS), prose };
}

function act(name, item, handler, last) {
  const label = t(`${name}_this`, { title: short(titleOf(item), 60) });
  return el("button", { type: "button", "data-act": name, "aria-label": label, title: t(name), class: last && "last", onclick: () => handler(item) },
    icon(name), name === "more" || name === "why" ? el("span", {}, t(name)) : null);
}

function card(item, place, about, handlers) {
  const { tags, prose } = said(item, about);
  const title = titleOf(item);
  const node = el("li", { class: "card", tabindex: "-1", "data-id": item.id, "aria-label": `${place + 1}. ${short(title, 120)}` },
    cover(item, about),
    el("header", {},
      el("h3", { dir: "auto", title: title.length > 60 ? short(title, 300) : undefined }, short(title, 400)),
      el("span", { class: "place", "aria-hidden": "true" }, String(place + 1)),
      tags.length ? el("p", { class: "tags" }, tags.flatMap((tag, at) => [at ? " · " : null, el("bdi", {}, tag)])) : null,
      prose ? el("p", { class: "prose", dir: "auto" }, short(prose, 400)) : null),
    item.evidence?.length ? reason(item.evidence, 2) : null,
    el("div", { class: "acts" },
      handlers.like && act("like", item, handlers.like),
      handlers.dislike && act("dislike", item, handlers.dislike),
      act("more", item, handlers.more),
      act("why", item, handlers.why, true)));
  return node;
}

function badge(node, text, down) {
  const mark = el("span", { class: down ? "badge down" : "badge", "aria-hidden": "true" }, text);
  node.append(mark);
  return mark;
}

// Show a list; `told` says whether the change from the last one is to be seen. Returns what came, moved, went.
export function show(items, about, handlers, told) {
  const list = $("cards");
  const focused = document.activeElement?.closest?.(".card");
  const at = focused && list.contains(focused) ? [...known.keys()].indexOf(focused.dataset.id) : -1;
  const act = document.activeElement?.dataset?.act;
  const box = list.getBoundingClientRect();
  const before = new Map([...known].map(([id, node]) => [id, node.getBoundingClientRect()]));
  const places = new Map([...known.keys()].map((id, place) => [id, place]));
  const fresh = new Map(items.map((item, place) => [item.id, card(item, place, about, handlers)]));
  const went = told ? [...known].filter(([id]) => !fresh.has(id)) : [];
  list.replaceChildren(...fresh.values());
  known = fresh;
  rove(Math.max(0, Math.min(at, items.length - 1)), at >= 0, act);
  if (!told) return null;
  const change = { came: 0, moved: 0, went: went.length };
  const marks = [];
  [...fresh].forEach(([id, node], place) => {
    const old = places.get(id);
    if (old === undefined) {
      change.came += 1;
      marks.push(badge(node, t("badge_new"), false));
      if (!still.matches) node.animate([{ opacity: 0, transform: "scale(.94) translateY(12px)" }, {}], { ...MOVE, delay: Math.min(place, 12) * 18, fill: "backwards" });
    } else if (old !== place) {
      change.moved += 1;
      marks.push(badge(node, old > place ? `▲ ${old - place}` : `▼ ${place - old}`, old < place));
      glide(node, before.get(id));
    } else glide(node, before.get(id));
  });
  if (!still.matches) for (const [id, node] of went) leave(node, before.get(id), box, list);
  const mine = ++badges;
  setTimeout(() => { if (mine === badges) marks.forEach((mark) => mark.remove()); }, 5_000);
  return change;
}

function glide(node, from) {
  if (still.matches) return;
  const to = node.getBoundingClientRect();
  const x = from.left - to.left, y = from.top - to.top;
  if (x || y) node.animate([{ transform: `translate(${x}px, ${y}px)` }, {}], MOVE);
}

function leave(node, from, box, list) {
  const ghost = node.cloneNode(true);
  ghost.classList.add("leaving");
  ghost.inert = true;
  ghost.setAttribute("aria-hidden", "true");
  Object.assign(ghost.style, { left: `${from.left - box.left}px`, top: `${from.top - box.top}px`, width: `${from.width}px`, height: `${from.height}px` });
  list.append(ghost);
  ghost.animate([{}, { opacity: 0, transform: "scale(.92)" }], { duration: 260, easing: "ease-in" }).finished.then(() => ghost.remove());
}

function nodes() { return [...known.values()]; }

// One card is in the order of the Tab key; arrows go from card to card.
function rove(place, focus, act) {
  const all = nodes();
  all.forEach((node, at) => { node.tabIndex = at === place ? 0 : -1; });
  if (focus && all[place]) (act ? all[place].querySelector(`[data-act=${act}]`) ?? all[place] : all[place]).focus({ preventScroll: true });
}

export function step(key) {
  const all = nodes(), held = document.activeElement?.closest?.(".card");
  if (!all.length) return;
  const at = all.indexOf(held);
  let next = 0;
  if (at >= 0) {
    const columns = Math.max(1, all.findIndex((node, place) => place && node.offsetTop !== all[0].offsetTop));
    const wide = all.every((node) => node.offsetTop === all[0].offsetTop) ? all.length : columns;
    next = at + { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[key];
    if (next < 0 || next >= all.length) return;
  }
  all.forEach((node, place) => { node.tabIndex = place === next ? 0 : -1; });
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
}

export function press(act) {
  document.activeElement?.closest?.(".card")?.querySelector(`[data-act=${act}]`)?.click();
}
