// What the page says, in the reader's language: the server wrote it into the page as data.
const said = JSON.parse(document.getElementById("words").textContent);
export const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

export function has(key) { return Object.hasOwn(said, key); }

export function t(key, values = {}) {
  return (said[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const whole = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 });
const percents = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 });
export function number(value) { return whole.format(value); }
export function percent(value) { return percents.format(value); }
export function short(text, most = 80) {
  const signs = Array.from(String(text).slice(0, most * 4));
  return signs.length > most ? signs.slice(0, most).join("") + "…" : signs.join("");
}
