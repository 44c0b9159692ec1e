// The page: one state, drawn again whenever the sandbox or the bridge says something changed.
//
// `view` is what is known (world, decisions) and what the reader chose (channel, ticket, ...).
// Every control says what it does in data-do; the tables below say how.

import * as agent from "./agent.js";
import { get, post } from "./api.js";
import * as bridge from "./decisions.js";
import * as customer from "./customer.js";
import { all, fill, h, icon } from "./dom.js";
import { desk, tickets } from "./helpdesks.js";
import { cases, light } from "./links.js";

const $ = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

const view = {
  world: {}, decisions: [], reachable: null, links: cases({}, []),
  pane: "customer", channel: "facebook", person: "Ana", how: {},
  post: null, echoes: false, replying: null, editing: null, answer: "public", ticket: null,
  news: new Set(), unread: { customer: 0, bridge: 0, agent: 0 },
  pinned: null, byHand: false, hover: null, error: "", sure: false,
};
const drafts = new Map(); // ticket -> half-typed answer

// --- drawing -----------------------------------------------------------------------------------

function draw() {
  view.links = cases(view.world, view.decisions);
  const thread = $("thread");
  const place = $("place");
  const low = place.scrollHeight - place.scrollTop - place.clientHeight < 60;
  const before = [place.scrollHeight, thread.querySelectorAll(".entry").length];

  document.body.dataset.pane = view.pane;
  fill($("channels"), all(customer.tabs(view)));
  fill(place, customer.place(view));
  place.setAttribute("aria-labelledby", `tab-${view.channel}`);
  fill($("say-who"), all(customer.who(view)));
  fill($("say-examples"), all(customer.ideas(view)));
  fill($("say-options"), all(customer.options(view)));
  const [label, send] = customer.labels(view);
  fill($("say-label"), all(label));
  fill($("say-send"), all(send));
  $("say-text").placeholder = `Write as ${view.person}…`;

  fill($("decisions"), all(bridge.list(view)));
  fill($("echoes"), all(bridge.more(view)));
  fill($("health"), all(bridge.health(view)));
  fill($("away"), all(bridge.away(view)));

  fill($("tickets"), all(agent.list(view)));
  fill($("ticket-head"), all(agent.head(view)));
  fill(thread, all(agent.thread(view)));
  $("pane-agent").classList.toggle("opened", Boolean(agent.opened(view)));
  $("answer").hidden = !agent.writable(agent.opened(view));
  $("answer").dataset.kind = view.answer;
  fill($("answer-kind"), all(agent.answerKind(view)));
  fill($("answer-options"), all(agent.answerOptions(view)));
  const kind = view.answer === "note" ? "Private note" : "Public reply";
  fill($("answer-label"), all(kind));
  const one = agent.opened(view);
  $("answer-text").placeholder = view.answer === "note" ? `A note for the team; never leaves ${one ? desk(one).name : "the helpdesk"}…`
    : "Your answer to the customer…";

  fill($("sandbox-sheet"), all(sheet()));
  fill($("bar"), all(bar()));
  fill($("error"), all(view.error && h("p", { class: "banner bad", data: { key: "error" } }, view.error,
    h("button", { type: "button", class: "quiet end", data: { do: "dismiss" } }, "Dismiss"))));

  if (customer.chatting(view) && low && place.scrollHeight !== before[0]) place.scrollTop = place.scrollHeight;
  if (thread.querySelectorAll(".entry").length !== before[1]) settle();
  relight();
}

const relight = () => light(view.hover || view.pinned);

function sheet() {
  const skip = (seconds, text) => h("button", { type: "button", data: { do: "skip", seconds } }, text);
  return all(
    h("p", { class: "eyebrow" }, "Let time pass"), skip(3600, "One hour"), skip(90000, "25 hours (answer windows close)"),
    skip(8 * 86400, "Eight days"), h("hr"),
    h("button", { type: "button", class: view.sure ? "danger" : null, data: { do: "reset", key: "reset" } },
      view.sure ? "Really begin again?" : "Begin again"));
}

function bar() {
  return [["customer", "Customer"], ["bridge", "Bridge"], ["agent", "Agent"]].map(([name, label]) =>
    h("button", { type: "button", "aria-current": view.pane === name ? "page" : null, data: { do: "pane", pane: name, key: name } },
      h("span", { class: "pictured" }, icon(name), view.unread[name] > 0
        && h("span", { class: "count" }, String(Math.min(view.unread[name], 99)), h("span", { class: "hide" }, " new"))), label));
}

/** Bring the words with this key into view, once they are drawn. */
function reveal(item) {
  const node = document.querySelector(`#place [data-item="${CSS.escape(item)}"]`);
  node?.scrollIntoView({ block: "center", behavior: calm() });
}

/** Scroll the ticket to the newest thing a person said. */
function settle() {
  const entries = [...$("thread").querySelectorAll(".entry")];
  const last = entries.findLast((entry) => !entry.classList.contains("bridge")) || entries.at(-1);
  if (last) $("thread").scrollTop += last.getBoundingClientRect().top - $("thread").getBoundingClientRect().top - 16;
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

// --- what changed ------------------------------------------------------------------------------

let first = true;

function learn(world) {
  const old = new Set(view.links.items.map((one) => `${one.channel} ${one.id}`));
  const notes = (one) => tickets(one).reduce((sum, ticket) => sum + 1 + (ticket.comments || []).length, 0);
  const more = notes(world) - notes(view.world);
  view.world = world;
  const fresh = first ? [] : cases(world, []).items.filter((one) => !old.has(`${one.channel} ${one.id}`));
  const answers = fresh.filter((one) => one.by !== "customer");
  for (const one of fresh) {
    if (one.channel !== view.channel) view.news.add(one.channel);
    if (!shown(one) && customer.half(one)) view.news.add(customer.half(one));
  }
  if (!first && view.pane !== "customer") view.unread.customer += answers.length;
  if (!first && more > 0 && view.pane !== "agent") view.unread.agent += more;
  const [newest] = tickets(world);
  if (!agent.opened(view)) open(newest ? String(newest.id) : null);
  draw();
  if (first) for (const id of ["place", "decisions", "tickets", "thread"]) $(id).dataset.drawn = "";
  first = false;
  const here = answers.findLast(shown);
  if (here) reveal(here.id);
}

/** Whether an item stands on the channel, and the half of it, that is shown. */
const shown = (one) => one.channel === view.channel && (!customer.half(one) || one.private === customer.chatting(view));

let floor = ""; // decisions up to here are from before "begin again"
let last = "";
let started = false;

/** The order of two positions: numbers, or a stream's `milliseconds-number`. */
function order(a, b) {
  const [x, y] = [a, b].map((seq) => String(seq || 0).split("-").map(Number));
  return x[0] - y[0] || (x[1] || 0) - (y[1] || 0);
}

function hear(answer) {
  const news = (answer.decisions || []).filter((one) => order(one.seq, floor) > 0);
  const turned = view.reachable !== Boolean(answer.reachable);
  view.reachable = Boolean(answer.reachable);
  if (!news.length && !turned) return;
  const known = new Map(view.decisions.map((one) => [one.id ?? one.seq, one]));
  const added = news.filter((one) => !known.has(one.id ?? one.seq));
  for (const one of news) {
    known.set(one.id ?? one.seq, one);
    if (order(one.seq, last) > 0) last = one.seq;
  }
  view.decisions = [...known.values()].sort((a, b) => order(b.seq, a.seq)).slice(0, 300);
  const told = added.filter(bridge.telling);
  const newest = view.decisions.find(bridge.telling);
  if (started && view.pane !== "bridge") view.unread.bridge += told.length;
  if (newest && told.includes(newest)) {
    if (!view.byHand) {
      view.pinned = view.links.ofDecision(newest);
      if (newest.ticket && !$("answer-text").value) open(String(newest.ticket));
    }
    if (started) $("spoken").textContent = newest.sentence || "";
  }
  draw();
  const item = !started && view.links.items.findLast((one) => view.links.ofItem(one.channel, one.id) === view.pinned);
  if (item) reveal(item.id);
  started = true;
}

async function followWorld() {
  for (let seen = -1; ;) {
    try {
      const { change } = seen < 0 ? {} : await get(`changes?since=${seen}&wait=20`);
      if (change !== seen) {
        const world = await get("state");
        seen = world.change ?? change ?? 0;
        if (lost) say("");
        lost = false;
        learn(world);
      }
    } catch (problem) {
      lost = true;
      say(problem.message);
      seen = -1;
      await sleep(1500);
    }
  }
}

let lost = false;

async function followBridge() {
  for (;;) {
    try {
      if (!document.hidden) hear(await get(`bridge/decisions?since=${last}`));
    } catch { // the sandbox is away: followWorld says so
    }
    await sleep(view.reachable === false ? 1000 : 700);
  }
}

function say(sentence) {
  view.error = sentence;
  draw();
}

// --- what the reader does ----------------------------------------------------------------------

/** Do *work*; when it fails, the reader gets the sentence and keeps what was typed. */
async function attempt(work) {
  try {
    const answer = await work();
    if (view.error) say("");
    return answer ?? {};
  } catch (problem) {
    say(problem.message);
    return null;
  }
}

const messageBox = () => $("say-text");

function find(id) {
  return view.links.items.find((one) => one.channel === view.channel && (one.id === id || one.id.endsWith(`/${id}`)));
}

function open(ticket) {
  if (ticket === view.ticket) return;
  if (view.ticket) drafts.set(view.ticket, $("answer-text").value);
  view.ticket = ticket;
  $("answer-text").value = drafts.get(ticket) || "";
  queueMicrotask(settle);
}

function pin(which, byHand = true) {
  view.pinned = which;
  view.byHand = byHand && which !== null;
}

function show(pane) {
  view.pane = pane;
  view.unread[pane] = 0;
}

function turn(channel) {
  view.channel = channel;
  view.news.delete(channel);
  leaveMode();
  settlePlace();
}

/** Mean to speak otherwise on this channel; on Instagram that may be the other half of it. */
function turnTo(kind) {
  const before = customer.chatting(view);
  view.how[view.channel] = kind;
  view.news.delete(`${view.channel} ${customer.chatting(view) ? "dm" : "comment"}`);
  if (customer.chatting(view) !== before) settlePlace();
}

function settlePlace() {
  queueMicrotask(() => { $("place").scrollTop = customer.chatting(view) ? $("place").scrollHeight : 0; });
}

function leaveMode() {
  if (view.editing) messageBox().value = "";
  view.editing = null;
  view.replying = null;
}

/** Show the customer's words of a case, whichever platform and person they are with. */
function findWords(which) {
  const item = view.links.items.findLast((one) => one.by === "customer" && view.links.ofItem(one.channel, one.id) === which);
  if (!item) return say("These words are no longer on the platform, or they were not written here.");
  turn(item.channel);
  view.person = item.name || view.person;
  if (["telegram", "whatsapp"].includes(item.channel)) {
    const chat = view.world[item.channel]?.chats?.find((one) => String(one.id) === item.id.split("/")[0]);
    if (chat) turnTo(chat.type);
  } else if (customer.half(item) && item.private !== customer.chatting(view)) turnTo(item.private ? "dm" : "comment");
  draw();
  return reveal(item.id);
}

const clicks = {
  channel: (it) => turn(it.channel),
  pane: (it) => show(it.pane),
  dismiss: () => { view.error = ""; },
  example(it) {
    messageBox().value = it.text;
    messageBox().lang = it.lang;
    messageBox().focus();
  },
  reply(it) {
    leaveMode();
    view.replying = { id: it.id, name: it.name };
    messageBox().focus();
  },
  edit(it) {
    view.replying = null;
    view.editing = { id: it.id, chat: it.chat };
    messageBox().value = find(it.chat ? `${it.chat}/${it.id}` : it.id)?.text || "";
    messageBox().focus();
  },
  "comment-on"(it) {
    leaveMode();
    view.post = it.post;
    turnTo("comment");
    messageBox().focus();
  },
  half: (it) => {
    leaveMode();
    turnTo(it.half);
  },
  identity: (it) => attempt(() => post("customer/identity", { person: view.person, phone_shown: it.shown === "true" })),
  echoes: () => { view.echoes = !view.echoes; },
  cancel: leaveMode,
  remove: (it) => attempt(() => (!it.chat ? post("customer/comment/remove", { id: it.id })
    : post("customer/message/remove", { channel: view.channel, chat: chatId(it.chat), id: messageId(it.id) }))),
  block: (it) => attempt(() => post("customer/block", { channel: view.channel, person: view.person, blocked: it.blocked === "true" })),
  ticket(it) {
    open(it.ticket);
    pin(it.case);
  },
  tickets: () => open(""),
  follow(it) {
    pin(it.case);
    if (it.ticket) open(it.ticket);
    show(it.to);
    draw();
    if (it.to === "customer") findWords(it.case);
    else {
      const target = document.querySelector(`#pane-${it.to} [data-case="${CSS.escape(it.case)}"]`);
      target?.scrollIntoView({ block: "nearest", behavior: calm() });
      if (it.to === "bridge") target?.querySelector("summary")?.focus({ preventScroll: true });
    }
  },
  solve: () => agentDoes("status", { status: desk(agent.opened(view)).solved }),
  close: () => agentDoes("status", { status: "closed" }),
  delete: () => agentDoes("delete", {}),
  spam: () => agentDoes("spam", {}),
  restore: () => agentDoes("restore", {}),
  "remove-said": (it) => agentDoes("remove", { comment: number(it.comment) }),
  "make-private": (it) => agentDoes("make_private", { comment: number(it.comment) }),
  skip: (it) => attempt(() => post("clock", { advance: Number(it.seconds) })),
  async reset() {
    if (!view.sure) {
      view.sure = true;
      return;
    }
    view.sure = false;
    if (!await attempt(() => post("reset", {}))) return;
    floor = last;
    view.decisions = [];
    drafts.clear();
    open(null);
    pin(null);
    leaveMode();
    $("sandbox-menu").open = false;
  },
};

const changes = {
  person: (it, control) => { view.person = control.value; },
  "new-person": (it, control) => {
    const name = control.value.trim();
    if (name) view.person = name;
    control.value = "";
  },
  kind: (it, control) => turnTo(control.value),
  "answer-kind": (it, control) => { view.answer = control.value; },
  status: (it, control) => agentDoes("status", { status: control.value }),
  priority: (it, control) => control.value && agentDoes("priority", { priority: control.value }),
  merge: (it, control) => control.value && agentDoes("merge", { into: number(control.value) }),
};

const submits = { say: speak, answer };

// Ids of Telegram chats, Telegram messages and the helpdesks' things are numbers in the sandbox.
const number = (text) => (/^-?\d+$/.test(String(text)) ? Number(text) : text);
const chatId = (text) => (view.channel === "telegram" ? number(text) : text);
const messageId = chatId;

const agentDoes = (what, more) => attempt(() => post(`agent/${what}`,
  { helpdesk: agent.opened(view)?.desk, ticket: number(view.ticket), ...more }));

async function speak() {
  const box = messageBox();
  const text = box.value.trim();
  if (!text) return;
  const [path, body] = customer.spoken(view, text);
  for (const name of ["chat", "id"]) if (path === "message/edit") body[name] = chatId(body[name]);
  const image = $("say-image");
  if (image?.checked && !view.editing) body.image = true;
  view.byHand = false; // what comes of these words may take the light
  const made = await attempt(() => post(`customer/${path}`, body));
  if (!made) return;
  if (box.value.trim() === text) box.value = "";
  if (image) image.checked = false;
  leaveMode();
  draw();
  await look();
  if (made.id !== undefined) reveal(find(String(made.id))?.id ?? String(made.id));
}

async function answer(form, button) {
  const box = $("answer-text");
  const text = box.value.trim();
  if (!text || !view.ticket) return;
  const ticket = view.ticket;
  const who = $("answer-agent")?.value;
  const status = button?.value ? { status: button.value } : {};
  pin(view.links.ofTicket(ticket), false);
  const made = await attempt(() => post("agent/comment",
    { helpdesk: agent.opened(view)?.desk, ticket: number(ticket), text, public: view.answer === "public", ...status, ...(who ? { agent: who } : {}) }));
  if (!made) return;
  drafts.delete(ticket);
  if (view.ticket === ticket && box.value.trim() === text) box.value = "";
  await look();
}

/** The state right now, without waiting for the next answer of `changes`. */
const look = () => attempt(async () => learn(await get("state")));

// --- events ------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-do]");
  const doing = control && clicks[control.dataset.do];
  if (view.sure && control?.dataset.do !== "reset") view.sure = false;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || (doing && control.dataset.do !== "reset")) menu.open = false;
  }
  if (doing) doing({ ...control.dataset }, control);
  else if (event.target.closest("label, input, select, textarea")) return; // their change tells
  else if (!event.target.closest("button, a, summary")) {
    const linked = event.target.closest("[data-case]");
    pin(linked && linked.dataset.case !== view.pinned ? linked.dataset.case : null);
  }
  draw();
});

document.addEventListener("change", (event) => {
  const control = event.target.closest("[data-do]");
  const doing = control && changes[control.dataset.do];
  if (!doing) return;
  doing({ ...control.dataset }, control);
  draw();
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  submits[event.target.dataset.do]?.(event.target, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    leaveMode();
    pin(null);
    draw();
  } else if (event.key === "Enter" && event.target.id === "other-name") {
    event.preventDefault();
    event.target.blur(); // its change event chooses the person
    messageBox().focus();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.id === "say-text") {
    event.preventDefault();
    $("say").requestSubmit($("say-send"));
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "answer-text") {
    event.preventDefault();
    $("answer").requestSubmit($("answer-options").querySelector(".primary"));
  } else if (["ArrowLeft", "ArrowRight"].includes(event.key) && event.target.getAttribute("role") === "tab") {
    const names = customer.CHANNELS.map(([name]) => name);
    const next = names.at((names.indexOf(view.channel) + (event.key === "ArrowRight" ? 1 : -1)) % names.length);
    turn(next);
    draw();
    $(`tab-${next}`).focus();
  }
});

for (const [type, found] of [["pointerover", (event) => event.pointerType === "mouse"], ["focusin", () => true]]) {
  document.addEventListener(type, (event) => {
    if (!found(event)) return;
    const hover = event.target.closest?.("[data-case]")?.dataset.case || null;
    if (hover === view.hover) return;
    view.hover = hover;
    relight();
  });
}

for (const [where, type] of [[document, "scroll"], [window, "resize"], [document, "toggle"]]) {
  where.addEventListener(type, () => requestAnimationFrame(relight), true);
}

draw();
followWorld();
followBridge();
