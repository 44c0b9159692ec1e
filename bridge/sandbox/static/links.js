// What belongs together: the words on the left, the decision about them, the ticket on the right.
//
// A *case* is a short key: "t12" for everything on ticket 12, "d<event>" for a decision without a
// ticket. Elements carry it as data-case; lighting one lights all, with a line through the three.

import { tickets } from "./helpdesks.js";

const SVG = "http://www.w3.org/2000/svg";

/** Everything said on the platforms: [{channel, private, id, by, name, text, near}], oldest first per place.
 *  `near` names what came before it, whose case words without a decision of their own share. */
export function said(world) {
  const items = [];
  const add = (channel, one, near, chat = false) => {
    items.push({ channel, private: chat, id: String(one.id), by: one.by || "customer", at: one.at,
      name: one.author?.name || "", text: one.text || "", near });
    for (const reply of one.replies || []) add(channel, reply, String(one.id));
  };
  for (const channel of ["facebook", "instagram", "threads"]) {
    const wall = world[channel] || {};
    for (const post of [...(wall.posts || []), ...(wall.mentions || []), ...(wall.reviews || [])]) {
      const theirs = post.by !== "staff";
      if (theirs) add(channel, post, null);
      for (const comment of post.comments || []) add(channel, comment, theirs ? String(post.id) : null);
    }
  }
  for (const channel of ["messenger", "instagram", "whatsapp", "telegram"]) {
    for (const chat of world[channel]?.chats || []) {
      const last = new Map();
      let latest = null;
      for (const one of chat.messages || []) {
        const theirs = (one.by || "customer") === "customer";
        const before = theirs ? last.get(one.author?.name) : one.reply_to || latest;
        add(channel, { ...one, id: key(chat, one) }, before ? key(chat, { id: before }, before) : null, true);
        if (theirs) { last.set(one.author?.name, one.id); latest = one.id; }
      }
    }
  }
  return items;
}

/** A message's key: Telegram numbers messages per chat. */
export const key = (chat, message) => `${chat.id ?? chat.person?.id}/${message.id}`;

const squeeze = (text) => String(text || "").replace(/\s+/g, " ").trim().toLowerCase();

/** Which case each item, decision and ticket is on. */
export function cases(world, decisions) {
  const rooms = new Map(); // a conversation and its ticket, for what names only the former
  for (const one of tickets(world)) if (one.external_id) rooms.set(one.external_id, one.id);
  const ofDecision = (one) => {
    const ticket = one.ticket || (one.state === "ignored" ? null : rooms.get(one.conversation));
    return ticket ? `t${ticket}` : `d${one.id ?? one.seq}`;
  };
  const about = new Map(); // "channel id" -> its decisions, newest first
  const who = new Map(); // a decision and the name of the person it is about
  const items = said(world);
  for (const one of decisions) {
    const name = one.external_id === null || one.external_id === undefined ? null : String(one.external_id);
    const short = squeeze(one.text).replace(/(…|\.\.\.)$/, "");
    const hit = items.find((item) => item.channel === one.channel && name !== null
        && (item.id === name || item.id.endsWith(`/${name}`) || item.id.replace("/", ":") === name))
      || (short && items.findLast((item) => item.channel === one.channel && item.by === "customer"
        && (!one.who || squeeze(item.name) === squeeze(one.who)) && squeeze(item.text).startsWith(short)));
    if (!hit) continue;
    who.set(one, hit.name);
    const place = `${hit.channel} ${hit.id}`;
    if (!about.has(place)) about.set(place, []);
    about.get(place).push(one);
  }
  const ofItem = new Map();
  for (const item of items) {
    const own = about.get(`${item.channel} ${item.id}`) || [];
    const best = own.find((one) => one.ticket) || own[0];
    const near = item.near && ofItem.get(`${item.channel} ${item.near}`);
    const found = item.by === "customer" ? best && ofDecision(best) : near || (best?.ticket && ofDecision(best));
    if (found) ofItem.set(`${item.channel} ${item.id}`, found);
  }
  return {
    items,
    ofDecision,
    ofTicket: (id) => `t${id}`,
    ofItem: (channel, id) => ofItem.get(`${channel} ${id}`) || null,
    who: (one) => one.who || who.get(one) || null,
    about: (channel, id) => about.get(`${channel} ${id}`) || [],
  };
}

/** Light everything of *lit* (a case or null) and draw the line through the three sides. */
export function light(lit) {
  for (const node of document.querySelectorAll("[data-lit]")) {
    if (node.dataset.case !== lit) delete node.dataset.lit;
  }
  if (lit) {
    for (const node of document.querySelectorAll(`[data-case="${CSS.escape(lit)}"]`)) node.dataset.lit = "";
  }
  line(lit);
}

function line(lit) {
  const sheet = document.getElementById("threads");
  sheet.replaceChildren();
  if (!lit || getComputedStyle(sheet).display === "none") return;
  const stops = ["customer", "bridge", "agent"].map((side) => stop(side, lit));
  join(sheet, stops[0], stops[1]);
  join(sheet, stops[1], stops[2]);
}

/** The first visible element of the case on one side, as left and right ends of a line. */
function stop(side, lit) {
  for (const node of document.querySelectorAll(`#pane-${side} [data-case="${CSS.escape(lit)}"][data-stop]`)) {
    const box = node.getBoundingClientRect();
    const frame = node.closest(".scroll, .tickets")?.getBoundingClientRect();
    const y = box.top + Math.min(box.height / 2, 26);
    if (box.width && frame && y > frame.top + 4 && y < frame.bottom - 4) {
      return { left: box.left, right: box.right, y };
    }
  }
  return null;
}

function join(sheet, from, to) {
  if (!from || !to) return;
  const [a, b] = [from.right, to.left];
  const bend = Math.max(14, (b - a) / 2);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${a} ${from.y}C${a + bend} ${from.y} ${b - bend} ${to.y} ${b} ${to.y}`);
  sheet.append(path);
  for (const [x, y] of [[a, from.y], [b, to.y]]) {
    const dot = document.createElementNS(SVG, "circle");
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    dot.setAttribute("r", 4);
    sheet.append(dot);
  }
}
