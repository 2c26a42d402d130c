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

// A share with its interval, on a rail from 0 to 1.
export function interval(share, [low, high]) {
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
