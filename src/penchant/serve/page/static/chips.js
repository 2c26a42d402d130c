// What was understood, as chips that can be edited, turned round and removed.
import { $, el, icon } from "./dom.js";
import { percent, short, t } from "./words.js";

function without(list, gone) { return list.filter((one) => one !== gone); }

// Return the chips of what is wanted; `change` is called with what is wanted after an edit.
export function ofWanted(wanted, titles, change) {
  const chips = [];
  const put = (fields) => change({ ...wanted, unclear: [], ...fields });
  const called = (id) => titles[id] ?? id;
  if (wanted.text) {
    chips.push({ what: t("chip_text"), value: wanted.text, edit: "text", set: (text) => put({ text }), remove: () => put({ text: "" }) });
  }
  const turned = { liked: "disliked", disliked: "liked", named: "liked" };
  for (const [kind, label] of [["liked", "chip_like"], ["disliked", "chip_unlike"], ["named", "chip_named"]]) {
    for (const id of wanted[kind] ?? []) {
      const other = turned[kind];
      chips.push({
        what: t(label), value: called(id), against: kind === "disliked",
        flip: () => put({ [kind]: without(wanted[kind], id), [other]: [...(wanted[other] ?? []), id] }),
        remove: () => put({ [kind]: without(wanted[kind], id) }),
      });
    }
  }
  for (const one of wanted.filters ?? []) {
    const others = (next) => put({ filters: (wanted.filters ?? []).map((held) => (held === one ? next : held)) });
    const range = !one.tokens?.length;
    chips.push({
      what: one.column.replaceAll("_", " ") + (one.negated ? ` · ${t("chip_not")}` : ""),
      value: range ? spanned(one) : one.tokens.join(" / "), against: one.negated,
      edit: range ? "range" : null, low: one.low, high: one.high,
      set: (low, high) => others({ ...one, low, high }),
      flip: range ? null : () => others({ ...one, negated: !one.negated }),
      remove: () => put({ filters: without(wanted.filters, one) }),
    });
  }
  for (const word of wanted.without ?? []) {
    chips.push({
      what: "", value: t("chip_without", { word }), against: true, edit: "text", raw: word,
      set: (text) => put({ without: wanted.without.map((held) => (held === word ? text : held)).filter(Boolean) }),
      remove: () => put({ without: without(wanted.without, word) }),
    });
  }
  if (wanted.diversity) {
    chips.push({ what: "", value: t("chip_diversity", { degree: percent(wanted.diversity) }), remove: () => put({ diversity: 0 }) });
  }
  if (wanted.hidden?.length) {
    chips.push({ what: "", value: t("chip_hidden", { n: wanted.hidden.length }), remove: () => put({ hidden: [] }) });
  }
  return chips;
}

function spanned({ low, high }) {
  if (low === undefined || low === null) return `≤ ${high}`;
  if (high === undefined || high === null) return `≥ ${low}`;
  return low === high ? String(low) : `${low}–${high}`;
}

// Draw chips; the box is hidden where there is none.
export function draw(chips) {
  $("understood").hidden = !chips.length;
  $("chips").replaceChildren(...chips.map(drawn));
}

function drawn(chip) {
  const value = short(chip.value, 200);
  const named = short(`${chip.what} ${chip.value}`.trim(), 80);
  const inside = [chip.what ? el("span", { class: "what" }, chip.what) : null, chip.what ? " " : null, el("bdi", { class: "value" }, value)];
  const node = el("li", { class: chip.against ? "chip against" : "chip" });
  if (chip.edit) {
    node.append(el("button", { type: "button", "aria-label": t("chip_edit", { what: named }), title: short(chip.value, 300), onclick: () => open(node, chip) }, inside));
  } else if (chip.flip) {
    node.append(el("button", { type: "button", "aria-label": t("chip_flip", { what: named }), title: t("chip_flip", { what: named }), onclick: chip.flip }, inside));
  } else node.append(el("span", {}, inside));
  node.append(el("button", { type: "button", class: "remove", "aria-label": t("chip_remove", { what: named }), onclick: chip.remove }, icon("close")));
  return node;
}

function open(node, chip) {
  const kept = [...node.childNodes];
  const shut = () => { node.replaceChildren(...kept); kept[0].focus(); };
  const range = chip.edit === "range";
  const bound = (name, value) => el("input", { type: "number", step: "any", value: value ?? "", "aria-label": `${chip.what} ${t(`chip_${name}`)}`, placeholder: t(`chip_${name}`) });
  const inputs = range
    ? [bound("low", chip.low), bound("high", chip.high)]
    : [el("input", { class: "long", type: "text", value: chip.raw ?? chip.value, maxlength: 2000, "aria-label": chip.what || t("chip_edit", { what: chip.value }) })];
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      if (!range) { chip.set(inputs[0].value.trim()); return; }
      const [low, high] = inputs.map((input) => (input.value === "" ? null : Number(input.value)));
      if (low === null && high === null) chip.remove();
      else if (low !== null && high !== null && low > high) chip.set(high, low);
      else chip.set(low, high);
    },
    onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); shut(); } },
  }, inputs, el("button", { type: "submit" }, t("chip_apply")));
  node.replaceChildren(form, kept.at(-1));
  inputs[0].focus();
  inputs[0].select();
}
