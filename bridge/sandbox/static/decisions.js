// The bridge: one sentence per decision, newest first, each opens to its receipt.

import { all, bit, clock, h, icon, time, words } from "./dom.js";

const PLACES = { facebook: "Facebook", messenger: "Messenger", telegram: "Telegram", zendesk: "Zendesk" };
const STATES = { done: "Done", ignored: "Ignored", parked: "Waiting", dead: "Failed", in_progress: "Working" };
const name = (table, word) => table[word] || (word ? word[0].toUpperCase() + word.slice(1).replaceAll("_", " ") : "");

export function list(view) {
  if (!view.decisions.length) return empty(view);
  return h("ol", { class: "decisions", data: { key: "list" } }, view.decisions.map((one) => card(view, one)));
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
  const where = [name(PLACES, one.channel), one.kind && one.kind !== "other" ? one.kind : null].filter(Boolean).join(" ");
  return h("li", { class: `decision ${state}${escalated ? " escalated" : ""}`,
    data: { key: one.id ?? one.seq, case: view.links.ofDecision(one), stop: "1" } },
    h("p", { class: "meta" }, h("span", { class: "state" }, name(STATES, state)),
      one.who && h("span", {}, bit(one.who)), where && h("span", {}, where), time(one.at)),
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
    tried.length > 0 && all(h("h4", {}, "Rules tried"), h("ol", { class: "rules" }, tried.map(rule))),
    actions.length > 0 && all(h("h4", {}, "What was done"), h("ol", { class: "actions" }, actions.map((act) =>
      h("li", {}, act.at ? h("time", { datetime: act.at, title: act.at }, clock(act.at)) : h("span", {}),
        h("span", {}, bit(act.what), act.result !== undefined && act.result !== null && all(" ", words(plain(act.result), "span", "result"))))))),
    h("dl", { class: "ids" },
      one.rule && all(h("dt", {}, "Rule"), h("dd", {}, bit(one.rule))),
      one.connection && all(h("dt", {}, "Connection"), h("dd", {}, bit(one.connection))),
      one.id !== undefined && all(h("dt", {}, "Event"), h("dd", {}, h("code", {}, `bridge why ${one.id}`)))));
}

function rule(one) {
  return h("li", { class: one.matched ? "hit" : "miss" }, h("span", { class: "tick", "aria-hidden": "true" }, one.matched ? "✓" : "–"),
    h("span", {}, h("strong", {}, bit(one.rule)),
      one.matched ? " matched" : one.failed ? all(" needs ", h("code", {}, words(plain(one.failed.condition), "bdi", "bit")),
        one.failed.value === undefined ? null : all(", saw ", h("code", {}, words(plain(one.failed.value), "bdi", "bit")))) : " did not match"));
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
