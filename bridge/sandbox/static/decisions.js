// The bridge: one sentence per decision, newest first, each opens to its receipt.

import { all, bit, clock, h, icon, time, words } from "./dom.js";

const PLACES = { facebook: "Facebook", messenger: "Messenger", instagram: "Instagram", whatsapp: "WhatsApp", threads: "Threads",
  telegram: "Telegram", zendesk: "Zendesk", freshdesk: "Freshdesk" };
const KINDS = { dm: "message", other: "", report: "" };
const STATES = { done: "Done", ignored: "Ignored", parked: "Waiting", dead: "Failed", in_progress: "Working" };
const name = (table, word) => table[word] || (word ? word[0].toUpperCase() + word.slice(1).replaceAll("_", " ") : "");

/** Whether a decision is only the bridge recognising its own hand: true, and dull to read. */
const echo = (one) => (one.kind === "note" && one.state === "done") || (one.kind === "report" && one.state === "ignored")
  || (one.state === "ignored" && !one.rule && /\bown\b|says nothing/.test(one.reason || ""));

export function list(view) {
  const shown = view.echoes ? view.decisions : view.decisions.filter((one) => !echo(one));
  if (!shown.length) return empty(view);
  return h("ol", { class: "decisions", data: { key: "list" } }, shown.map((one) => card(view, one)));
}

/** What a decision was about words of a customer or an agent, so that it may take the light. */
export const telling = (one) => !echo(one);

export function more(view) {
  const dull = view.decisions.filter(echo).length;
  return dull > 0 && h("button", { type: "button", class: "quiet end", "aria-pressed": String(view.echoes),
    title: "Events the bridge recognised as its own or as nothing new", data: { do: "echoes", key: "echoes" } },
    view.echoes ? "Hide echoes" : `Show ${dull} echo${dull === 1 ? "" : "es"}`);
}

function empty(view) {
  return h("div", { class: "empty center", data: { key: "empty" } }, icon("bridge"),
    h("p", {}, h("strong", {}, view.reachable === false ? "Nobody is deciding yet" : "Nothing to decide yet")),
    h("p", {}, view.reachable === false
      ? "What customers write waits at the platforms until the bridge is there."
      : "Each thing a customer or an agent does becomes one sentence here: what the bridge did, and which rule said so."));
}

function card(view, one) {
  const state = STATES[one.state] ? one.state : "done";
  const escalated = state === "done" && one.ticket;
  const where = [name(PLACES, one.channel || one.connection), KINDS[one.kind] ?? one.kind].filter(Boolean).join(" ");
  return h("li", { class: `decision ${state}${escalated ? " escalated" : ""}`,
    data: { key: one.id ?? one.seq, case: view.links.ofDecision(one), stop: "1" } },
    h("p", { class: "meta" }, h("span", { class: "state" }, name(STATES, state)),
      view.links.who(one) && h("span", {}, bit(view.links.who(one))), where && h("span", {}, where), time(one.at)),
    words(one.sentence || "The bridge gave no sentence for this.", "p", "sentence"),
    one.text && words(one.text, "blockquote", "quote"),
    one.ticket && h("button", { type: "button", class: "chip on", data: { do: "follow", to: "agent", case: view.links.ofDecision(one),
      ticket: one.ticket } }, `Ticket #${one.ticket}`, icon("link")),
    receipt(one));
}

function receipt(one) {
  const tried = one.tried || [];
  const actions = one.actions || [];
  return h("details", { class: "receipt" }, h("summary", {}, "Why"),
    tried.length > 0 && rules(one, tried),
    actions.length > 0 && all(h("h4", {}, "What was done"), h("ol", { class: "actions" }, actions.map((act) =>
      h("li", {}, act.at ? h("time", { datetime: act.at, title: act.at }, clock(act.at)) : h("span", {}),
        h("span", {}, bit(act.what), act.result !== undefined && act.result !== null && all(" ", words(plain(act.result), "span", "result"))))))),
    h("dl", { class: "ids" },
      one.rule && all(h("dt", {}, "Rule"), h("dd", {}, bit(one.rule))),
      one.connection && all(h("dt", {}, "Connection"), h("dd", {}, bit(one.connection))),
      one.id !== undefined && all(h("dt", {}, "Event"), h("dd", {}, h("code", {}, `bridge why ${one.id}`)))));
}

/** What matched, and behind one more click what did not and why. */
function rules(one, tried) {
  const missed = tried.filter((rule) => !rule.matched);
  return all(h("h4", {}, `Rules tried: ${tried.length}, in this order until one matched`),
    missed.length > 0 && h("details", {}, h("summary", {}, `${missed.length} did not match`),
      h("ol", { class: "rules" }, missed.map((rule) => miss(rule, one.text)))),
    h("ol", { class: "rules" }, tried.filter((rule) => rule.matched).map((rule) =>
      h("li", { class: "hit" }, h("span", { class: "tick", "aria-hidden": "true" }, "✓"),
        h("span", {}, h("strong", {}, bit(rule.rule)), " matched")))));
}

function miss(rule, text) {
  const { condition, value } = rule.failed || {};
  const same = typeof value === "string" && value && String(text || "").startsWith(value.slice(0, 100));
  return h("li", { class: "miss" }, h("span", { class: "tick", "aria-hidden": "true" }, "–"),
    h("span", {}, h("strong", {}, bit(rule.rule)), !rule.failed ? " did not match" : all(
      h("span", { class: "needs" }, "needs ", words(plain(condition), "bdi", "bit")),
      value !== undefined && h("span", { class: "needs" }, "saw ", same ? "the words above" : words(plain(value), "bdi", "bit")))));
}

/** Any JSON value as one readable line. */
const plain = (value) => (value === null || value === "" ? "nothing" : typeof value === "string" ? value : JSON.stringify(value));

export function health(view) {
  const [state, text] = view.reachable === null ? ["wait", "Looking for the bridge…"]
    : view.reachable ? ["up", "Bridge connected"] : ["down", "Bridge away"];
  return h("p", { class: `pill ${state}`, data: { key: "pill" } }, text);
}

export function away(view) {
  return view.reachable === false ? h("p", { class: "banner", data: { key: "away" } },
    h("strong", {}, "The bridge does not answer. "),
    "You can go on writing: the platforms keep sending until it is back. Start it with ",
    h("code", {}, "bridge demo"), ", or see how to connect one in docs/sandbox.md.") : null;
}
