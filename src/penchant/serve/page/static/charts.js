// Small charts, drawn from numbers.
import { el, svg } from "./dom.js";
import { t } from "./words.js";

const WIDE = 720, HIGH = 260, LEFT = 40, LOW = 24, TOP = 10;

function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

// Requests a second over ten minutes, with the faults on the same scale.
export function traffic(requests, faults, box) {
  const wide = Math.max(300, box.clientWidth || WIDE);
  const most = round(Math.max(...requests, 1));
  const x = (place) => LEFT + (place / (requests.length - 1)) * (wide - LEFT - 4);
  const y = (value) => HIGH - LOW - (value / most) * (HIGH - LOW - TOP);
  const path = (values) => values.map((value, place) => `${place ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const label = t("chart_requests", { least: Math.min(...requests), most: Math.max(...requests) });
  box.replaceChildren(svg("svg", { class: "chart", viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": label },
    [0, 0.5, 1].flatMap((part) => [
      svg("line", { class: "grid", x1: LEFT, x2: wide - 4, y1: y(part * most), y2: y(part * most) }),
      svg("text", { x: LEFT - 8, y: y(part * most) + 4, "text-anchor": "end" }, String(part * most)),
    ]),
    [-10, -5, 0].map((minutes) => svg("text", { x: Math.min(wide - 4, x((1 + minutes / 10) * (requests.length - 1))), y: HIGH - 5, "text-anchor": minutes === -10 ? "start" : minutes ? "middle" : "end" },
      minutes ? `${minutes} min`.replace("-", "−") : "0")),
    svg("path", { class: "area", d: `${path(requests)}L${x(requests.length - 1)} ${y(0)}L${x(0)} ${y(0)}Z` }),
    svg("path", { class: "curve", d: path(requests) }),
    faults.some(Boolean) ? svg("path", { class: "faults", d: path(faults) }) : null));
}

// A share with its interval, on a rail from 0 to the most.
export function interval(value, ends, most = 1) {
  const [share, low, high] = [value, ...ends].map((one) => Math.min(1, Math.max(0, one / most)));
  return svg("svg", { viewBox: "0 0 110 14", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 5, width: 110, height: 4, rx: 2 }),
    svg("rect", { class: "span", x: low * 110, y: 5, width: Math.max(1, (high - low) * 110), height: 4, rx: 2 }),
    svg("circle", { class: "dot", cx: share * 110, cy: 7, r: 3.5 }));
}

// A table from rows of cells; a cell is text, a node, or {number}.
export function table(heads, rows) {
  const cell = (name, one) => (one !== null && typeof one === "object" && "number" in one ? el(name, { class: "number" }, one.number) : el(name, {}, one));
  return el("table", {}, el("thead", {}, el("tr", {}, heads.map((one) => cell("th", one)))), el("tbody", {}, rows.map((row) => el("tr", {}, row.map((one) => cell("td", one))))));
}

// A round number that all shares are below, for a rail that they fill.
export function scale(shares) {
  const most = Math.max(...shares);
  return [0.05, 0.1, 0.2, 0.5].find((one) => most <= one) ?? 1;
}

// A difference with its interval, on a rail with 0 in the middle.
export function delta(mean, [low, high]) {
  const reach = Math.max(Math.abs(low), Math.abs(high), 1e-9) * 1.1;
  const x = (value) => 55 + (value / reach) * 55;
  return svg("svg", { viewBox: "0 0 110 14", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 5, width: 110, height: 4, rx: 2 }),
    svg("rect", { class: "span", x: x(low), y: 5, width: Math.max(1, x(high) - x(low)), height: 4, rx: 2 }),
    svg("line", { class: "zero", x1: 55, x2: 55, y1: 0, y2: 14 }),
    svg("circle", { class: "dot", cx: x(mean), cy: 7, r: 3.5 }));
}

export function share3(value) { return value.toFixed(3); }

// Parts of a whole side by side; what is left of it stays empty.
export function stacked(parts) {
  let at = 0;
  return svg("svg", { class: "stacked", viewBox: "0 0 1000 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 0, width: 1000, height: 8 }),
    parts.map((part, place) => {
      const node = svg("rect", { class: `arm arm-${place % 4}`, x: at * 1000, y: 0, width: Math.max(0, part * 1000 - 2), height: 8 });
      at += part;
      return node;
    }));
}
