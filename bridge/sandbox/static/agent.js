// The agent's side: the tickets, one of them opened, and the box for the answer.

import { all, avatar, bit, h, icon, local, time, words } from "./dom.js";
import { desk, priority, tickets } from "./helpdesks.js";

export const opened = (view) => tickets(view.world).find((one) => String(one.id) === view.ticket);
export const writable = (ticket) => ticket && desk(ticket).writable(ticket);

export function list(view) {
  const shown = tickets(view.world);
  if (!shown.length) {
    return h("div", { class: "empty center", data: { key: "empty" } }, icon("agent"),
      h("p", {}, h("strong", {}, "No tickets yet")),
      h("p", {}, "Write a complaint on the customer's side: if a rule finds it serious, its ticket opens here and you can answer it."));
  }
  return h("ul", { class: "rows", "aria-label": "Tickets", data: { key: "rows" } }, shown.map((one) => row(view, one)));
}

function row(view, one) {
  const chosen = String(one.id) === view.ticket;
  return h("li", { data: { key: one.id } }, h("button", { type: "button", class: "ticket-row", "aria-current": chosen ? "true" : null,
    data: { do: "ticket", ticket: one.id, case: view.links.ofTicket(one.id), stop: "1" } },
    state(one),
    h("span", { class: "subject" }, words(one.subject, "bdi", "bit")),
    h("span", { class: "meta" }, `#${one.id}`, h("span", { class: `desk ${one.desk}` }, desk(one).name),
      one.requester && h("span", {}, bit(one.requester.name)), one.priority && h("span",
        { class: `priority ${priority(one).toLowerCase()}` }, priority(one).toLowerCase()), time(one.updated_at))));
}

const state = (one) => h("span", { class: `status ${desk(one).state(one)}` }, desk(one).label(one));

export function head(view) {
  const one = opened(view);
  if (!one) return null;
  const live = writable(one);
  const { priorities, solve, solved, statuses } = desk(one);
  return all(
    h("button", { type: "button", class: "quiet back", data: { do: "tickets", key: "back" } }, icon("back"), "All tickets"),
    h("div", { class: "title", data: { key: `title${one.id}` } },
      h("h3", {}, h("span", { class: "number" }, `#${one.id}`), " ", words(one.subject, "bdi", "bit")),
      h("button", { type: "button", class: "chip on", data: { do: "follow", to: "customer", case: view.links.ofTicket(one.id) } },
        "Where it was said", icon("link"))),
    h("div", { class: "fields", data: { key: `fields${one.id}` } },
      live ? h("label", {}, "Status", select("status", String(one.status), statuses(view.world), desk(one).label(one))) : state(one),
      live && h("label", {}, "Priority", select("priority", String(one.priority || ""), priorities, "None")),
      live && String(one.status) !== solved && h("button", { type: "button", class: "small", data: { do: "solve" } }, solve),
      menu(view, one)),
    facts(one));
}

/** A choice; *current* is added as *name* where it is none of them. */
function select(action, current, choices, name) {
  const known = choices.some(([value]) => value === current) ? choices : [[current, name], ...choices];
  return h("select", { data: { do: action, current } }, known.map(([value, text]) =>
    h("option", { value, selected: value === current }, text)));
}

function menu(view, one) {
  const others = tickets(view.world).filter((other) => other.desk === one.desk && other.id !== one.id && writable(other) && !other.merged_into);
  const { closes, spams } = desk(one);
  return h("details", { class: "menu", data: { key: "more" } }, h("summary", {}, "More"),
    h("div", { class: "sheet" },
      writable(one) && others.length > 0 && h("label", {}, "Merge into",
        h("select", { data: { do: "merge" } }, h("option", { value: "" }, "choose a ticket"),
          others.map((other) => h("option", { value: other.id }, `#${other.id} ${other.requester?.name || ""}`)))),
      closes(one) && h("button", { type: "button", data: { do: "close" } }, "Close for good"),
      spams && writable(one) && h("button", { type: "button", data: { do: "spam" } }, "Mark as spam"),
      desk(one).state(one) === "deleted" ? h("button", { type: "button", data: { do: "restore" } }, "Restore")
        : !one.archived && h("button", { type: "button", class: "danger", data: { do: "delete" } }, "Delete ticket")));
}

function facts(one) {
  return h("p", { class: "tags", data: { key: `facts${one.id}` } },
    h("span", { class: `badge desk ${one.desk}` }, desk(one).name),
    one.merged_into && h("span", { class: "badge warn" }, `Merged into #${one.merged_into}`),
    one.followup_of && h("span", { class: "badge" }, `Follow-up of #${one.followup_of}`),
    one.type && h("span", { class: "badge" }, one.type),
    (one.tags || []).map((tag) => h("span", { class: "badge tagged" }, tag)));
}

export function thread(view) {
  const one = opened(view);
  if (!one) return null;
  return h("ol", { class: "thread", "aria-label": `Ticket ${one.id}`, data: { key: `thread${one.id}` } },
    (one.comments || []).map((comment) => entry(view, one, comment)));
}

function entry(view, ticket, one) {
  const who = one.author?.name || "Somebody";
  return h("li", { class: `entry ${one.public ? "public" : "private"} ${one.by || ""}`, data: { key: one.id, case: view.links.ofTicket(ticket.id) } },
    avatar(who, one.by === "bridge" && "bridge"),
    h("div", { class: "body" },
      h("p", { class: "by" }, h("strong", {}, bit(who)),
        h("span", { class: "badge" }, one.by === "bridge" ? "bridge" : one.by === "agent" ? "agent" : "customer"),
        !one.public && h("span", { class: "badge note" }, icon("lock"), "Private note"), time(one.at),
        one.edited && h("span", {}, "edited"), ...powers(ticket, one)),
      words(one.text),
      (one.attachments || []).map((file) => {
        const path = local(file.url);
        return path ? h("a", { class: "file", href: path, target: "_blank", rel: "noopener" }, file.name || "file")
          : h("p", { class: "file" }, file.name || "file");
      })));
}

/** What an agent can still do with what an agent said. */
function powers(ticket, one) {
  if (one.by !== "agent" || one.kind === "description" || !writable(ticket)) return [];
  const button = (action, name, text) => h("button", { type: "button", class: "quiet end", "aria-label": name,
    data: { do: action, comment: one.id } }, text);
  return [desk(ticket).hides && one.public && button("make-private", "Make this answer a private note", "Make private"),
    desk(ticket).removes && button("remove-said", `Take this ${one.public ? "answer" : "note"} away`, "Take away")];
}

export function answerKind(view) {
  return h("fieldset", { class: "kinds", data: { key: "kinds" } }, h("legend", { class: "hide" }, "Who reads it"),
    [["public", "Public reply"], ["note", "Private note"]].map(([value, text]) => h("label", { class: "kind", data: { key: value } },
      h("input", { type: "radio", name: "answer-kind", value, checked: value === view.answer, data: { do: "answer-kind" } }),
      value === "note" && icon("lock"), text)));
}

export function answerOptions(view) {
  const one = opened(view);
  const agents = (one ? view.world[one.desk].agents || [] : []).map((each) => each.name);
  const note = view.answer === "note";
  return all(
    agents.length > 1 ? h("select", { class: "grow", id: "answer-agent", "aria-label": "Answer as", data: { key: "agent" } },
      agents.map((name) => h("option", { value: name }, `as ${name}`)))
      : h("p", { class: "meta grow", data: { key: "agent" } }, note ? "Only the team reads it." : "The customer reads it."),
    !note && one && h("button", { type: "submit", name: "then", value: desk(one).solved, class: "small", data: { key: "solve" } },
      `Send and ${desk(one).solve.toLowerCase()}`),
    h("button", { type: "submit", class: "primary", data: { key: "send" } }, note ? "Add note" : "Send"));
}
