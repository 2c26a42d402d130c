// Elements are made from names and text nodes alone: what an item says can never become markup.
const SVG = "http://www.w3.org/2000/svg";

export function $(id) { return document.getElementById(id); }

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function el(name, properties = {}, ...children) {
  return filled(document.createElement(name), properties, children);
}

export function svg(name, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, name), properties, children);
}

export function icon(name) { return svg("svg", { "aria-hidden": "true" }, svg("use", { href: `#i-${name}` })); }
