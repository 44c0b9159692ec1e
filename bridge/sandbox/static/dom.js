// Trees from plain values, and the smallest change that turns the page into them.
//
// Nothing here or elsewhere parses HTML: text becomes text nodes, so stored words cannot run.
// Because `morph` changes only what differs, focus, half-typed words, scroll positions and opened
// details survive a redraw; events are delegated (see app.js), so nodes carry no listeners.

const SVG = "http://www.w3.org/2000/svg";

/** An element: h("p", {class: "x", data: {key: 1}}, "text", child, [more], null). */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "data") {
      for (const [key, item] of Object.entries(value)) {
        if (item !== null && item !== undefined && item !== false) node.dataset[key] = String(item);
      }
    } else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/** A fragment, for filling a place with several children. */
export function all(...children) {
  const node = document.createDocumentFragment();
  append(node, children);
  return node;
}

/** One of the pictures drawn in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", name === "bridge" ? "0 0 32 32" : name === "cup" ? "0 0 48 48" : "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

// Characters that reorder or hide what is read: drawn as their code instead of being obeyed.
const TRICKS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ufff9-\ufffb]/u;

/** Somebody's words: their own direction, line breaks kept, tricks made visible. */
export function words(text, tag = "p", name = "words") {
  const parts = String(text ?? "").split(new RegExp(`(${TRICKS.source})`, "u"));
  return h(tag, { class: name, dir: "auto" }, parts.map((part) =>
    TRICKS.test(part) ? h("code", { class: "trick", title: "a control character, shown instead of obeyed" },
      `U+${part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`) : part));
}

/** Somebody's words inside a line of ours. */
export const bit = (text) => words(text, "bdi", "bit");

/** The part of *url* this page may load: pictures and files of the sandbox itself, else null. */
export function local(url) {
  try {
    const address = new URL(url, location.href);
    return /^https?:$/.test(address.protocol) && address.pathname.startsWith("/cdn/")
      ? address.pathname + address.search : null;
  } catch {
    return null;
  }
}

/** Hours and minutes of an ISO time in the reader's zone. */
export function clock(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? ""
    : at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function time(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? null
    : h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, clock(iso));
}

/** A picture, or the name's first letter on a colour that is always the same for that name. */
export function avatar(name, picture = null) {
  const label = String(name || "?").trim();
  let sum = 0;
  for (const letter of label) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  return h("span", { class: "avatar", "aria-hidden": "true", data: { tone: picture || sum % 6 } },
    picture ? icon(picture) : [...label][0]?.toUpperCase() || "?");
}

// The reader's own: opened details, and what links.js lights up.
const KEPT = new Set(["open", "data-lit", "data-fresh"]);

/** Make *place* hold *tree* (a node or fragment), keeping every node that can stay. */
export function fill(place, tree) {
  const wrap = document.createElement("div");
  append(wrap, [tree]);
  morphChildren(place, wrap);
}

function morph(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!KEPT.has(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (KEPT.has(name) || old.getAttribute(name) === value) continue;
    old.setAttribute(name, value);
    // A select follows the world when the world moved, not when the reader is choosing.
    if (name === "data-current") queueMicrotask(() => { old.value = value; });
  }
  if (old.type === "radio") old.checked = next.hasAttribute("checked");
  if (old.nodeName !== "TEXTAREA" && old.nodeName !== "INPUT") morphChildren(old, next);
}

function morphChildren(old, next) {
  const wanted = new Set();
  for (const child of next.children) if (child.dataset?.key) wanted.add(child.dataset.key);
  const kept = new Map();
  for (const child of [...old.children]) {
    const key = child.dataset?.key;
    if (!key) continue;
    if (wanted.has(key)) kept.set(key, child);
    else child.remove();
  }
  const drawn = old.dataset?.drawn || old.closest?.("[data-drawn]");
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    const key = child.dataset?.key;
    const match = key ? kept.get(key)
      : at && !at.dataset?.key && at.nodeName === child.nodeName ? at : null;
    if (!match || match.nodeName !== child.nodeName) {
      if (key && drawn) child.dataset.fresh = "";
      old.insertBefore(child, at);
    } else {
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      morph(match, child);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
