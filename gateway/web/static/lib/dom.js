// What is shown is a function of the state: it is described anew after each change, and only what differs is changed in the page.
// Elements stay, and with them the focus, the selection, the scroll position and what is typed.

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = Symbol("what an element shows");
const STEP = 30; // rows of a long list that are made at once
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "indeterminate"]);

/**
 * Describe an element. Of the properties `key` tells siblings apart, `on…` listen (`onclick`), true and false set and remove an
 * attribute, and null leaves it out. Children are descriptions, texts, lists of them, or null.
 */
export function h(tag, properties, ...children) {
  const given = properties ?? {};
  return { tag, key: given.key, properties: given, children: children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false) };
}

/** Describe an element that is only described again when one of `depends` has changed: for long lists. */
export const lazy = (key, depends, describe) => ({ key, depends, describe });

let turn = 0;
const grown = new Map(); // of each long list: how many of its rows are shown, and when it was described last

/** The first of a list's rows, and some more each time: a long list grows in steps that nobody notices. `again` draws anew. */
export function growing(name, rows, again, step = STEP) {
  const before = grown.get(name);
  const count = before && turn - before.turn <= 1 ? before.count : step;
  grown.set(name, { turn, count: Math.max(step, Math.min(count + step, rows.length)) });
  if (count < rows.length) again();
  return rows.slice(0, count);
}

/** Show these descriptions in an element of the page, in place of what was shown before. */
export function show(root, ...children) {
  const before = root[SHOWN] ?? { children: [] };
  const next = { children: children.flat(Infinity).filter(Boolean) };
  patchChildren(root, before.children, next.children, root.namespaceURI === SVG);
  turn += 1;
  root[SHOWN] = next;
}

function make(node, inSvg) {
  if (typeof node !== "object") return document.createTextNode(node);
  if (node.describe) {
    node.made = node.describe();
    return make(node.made, inSvg);
  }
  const isSvg = inSvg || node.tag === "svg";
  const element = isSvg ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
  for (const child of node.children) element.append(make(child, isSvg && node.tag !== "foreignObject"));
  for (const name in node.properties) set(element, name, undefined, node.properties[name]);
  return element;
}

const alike = (one, other) =>
  typeof one === "object" && typeof other === "object"
    ? one.key === other.key && (one.made ?? one).tag === (other.made ?? other).tag
    : typeof one === typeof other;

function patch(element, before, next, inSvg) {
  if (typeof next !== "object") {
    if (before !== next) element.data = next;
    return;
  }
  if (next.describe) {
    if (before.describe && next.depends.every((each, index) => each === before.depends[index])) {
      next.made = before.made;
      return;
    }
    next.made = next.describe();
    next = next.made;
  }
  const old = before.made ?? before;
  const isSvg = inSvg || next.tag === "svg";
  patchChildren(element, old.children, next.children, isSvg);
  for (const name in old.properties) if (!(name in next.properties)) set(element, name, old.properties[name], null);
  for (const name in next.properties) set(element, name, old.properties[name], next.properties[name]);
}

function patchChildren(parent, before, next, inSvg) {
  const places = new Map();
  before.forEach((node, index) => places.set(place(node, index), { node, element: parent.childNodes[index] }));
  const kept = next.map((node, index) => {
    const old = places.get(place(node, index));
    if (!old || !fits(old.node, node)) return null;
    places.delete(place(node, index));
    return old;
  });
  for (const { element } of places.values()) element.remove();
  let at = parent.firstChild;
  next.forEach((node, index) => {
    const old = kept[index];
    if (!old) {
      parent.insertBefore(make(node, inSvg), at);
      return;
    }
    patch(old.element, old.node, node, inSvg);
    if (old.element === at) at = at.nextSibling;
    else parent.insertBefore(old.element, at); // what need not move does not, or it would lose the focus
  });
}

const place = (node, index) => (typeof node === "object" && node.key !== undefined ? `k${node.key}` : index);

// A description that was not made yet fits whatever has its key; its tag is the same by convention.
const fits = (before, next) => (next.describe ? before.describe !== undefined : alike(before, next));

function set(element, name, before, value) {
  if (name === "key" || before === value) return;
  if (name.startsWith("on")) element[name] = value ?? null;
  else if (PROPERTIES.has(name)) setProperty(element, name, value);
  else if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

function setProperty(element, name, value) {
  // Who types is not disturbed by what the gateway says meanwhile.
  if (name === "value" && element === document.activeElement && element.value !== "" && value !== "") return;
  const wanted = value ?? (name === "value" ? "" : false);
  if (element[name] !== wanted) element[name] = wanted;
}

/** An icon of the sprite. */
export const icon = (name, classes = "i") => h("svg", { class: classes, "aria-hidden": "true" }, h("use", { href: `/static/icons.svg#${name}` }));

/** The mark of a state: a silhouette of its own. */
export const mark = (name, classes = "st") => icon(`st-${name}`, classes);

/** Text of strangers: its own direction, cut at the end, in full on hover. */
export const words = (tag, text, classes = "cut", more = {}) => h(tag, { class: classes, dir: "auto", title: text || null, ...more }, text ?? "");
