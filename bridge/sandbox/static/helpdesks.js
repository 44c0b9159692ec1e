// What the helpdesks call their statuses and priorities, and what an agent can do in each.

const named = (...pairs) => pairs.map(([value, text]) => [String(value), text]);

export const HELPDESKS = {
  zendesk: {
    name: "Zendesk",
    statuses: () => named(["new", "New"], ["open", "Open"], ["pending", "Pending"], ["hold", "On hold"], ["solved", "Solved"]),
    priorities: named(["low", "Low"], ["normal", "Normal"], ["high", "High"], ["urgent", "Urgent"]),
    solved: "solved",
    solve: "Solve",
    state: (one) => one.status,
    label: (one) => ({ hold: "On hold" })[one.status] || capital(one.status),
    writable: (one) => !["closed", "deleted"].includes(one.status),
    closes: (one) => one.status === "solved", // and then for good
    hides: true, // a public answer can be made private
  },
  freshdesk: {
    name: "Freshdesk",
    statuses: (world) => named(...(world.freshdesk?.statuses || []).map((one) => [one.id, one.label])),
    priorities: named([1, "Low"], [2, "Medium"], [3, "High"], [4, "Urgent"]),
    solved: "4",
    solve: "Resolve",
    state: (one) => (one.deleted || one.spam ? "deleted" : { 2: "open", 4: "solved", 5: "closed" }[one.status] || "pending"),
    label: (one) => (one.deleted ? "Deleted" : one.spam ? "Spam" : one.archived ? "Archived" : one.status_label || String(one.status)),
    writable: (one) => !one.deleted && !one.spam && !one.archived, // a closed one opens again
    closes: () => false,
    spams: true,
    removes: true, // an answer or a note can be taken away
  },
};

const capital = (word) => (word ? word[0].toUpperCase() + word.slice(1) : "");

/** The tickets of all helpdesks, newest first; each says whose it is. */
export const tickets = (world) => Object.keys(HELPDESKS)
  .flatMap((desk) => (world[desk]?.tickets || []).map((one) => ({ ...one, desk })))
  .sort((a, b) => String(b.created_at).localeCompare(String(a.created_at)) || b.id - a.id);

/** The helpdesk of a ticket. */
export const desk = (one) => HELPDESKS[one.desk];

/** The name of a ticket's priority, "" for none. */
export const priority = (one) => Object.fromEntries(desk(one).priorities)[one.priority] || "";
