// The customer's side: walls (posts with comments) and chats. Instagram has both.

import { all, avatar, bit, h, icon, local, time, words } from "./dom.js";
import { key } from "./links.js";

export const CHANNELS = [["facebook", "Facebook"], ["messenger", "Messenger"], ["instagram", "Instagram"],
  ["whatsapp", "WhatsApp"], ["threads", "Threads"], ["telegram", "Telegram"]];
const LABELS = Object.fromEntries(CHANNELS);
const WALLS = new Set(["facebook", "instagram", "threads"]);

const EXAMPLES = [
  ["en", "My order came broken and nobody answers the phone. I want a refund!", "A complaint"],
  ["pl", "Zamówienie przyszło uszkodzone i nikt nie odpisuje. Proszę o zwrot pieniędzy!", "A complaint in Polish"],
  ["en", "Best flat white in town, thank you!", "Praise: needs no ticket"],
];

// How a thing may be said; the first is what one means when one does not choose.
const KINDS = {
  facebook: [["comment", "Comment"], ["post", "Page post"], ["review", "Review"], ["mention", "Mention"]],
  messenger: [],
  instagram: [["comment", "Comment"], ["dm", "Direct message"], ["story", "Story reply"], ["live", "Live comment"], ["mention", "Mention"]],
  whatsapp: [["private", "Chat"], ["group", "Group"]],
  threads: [["comment", "Reply"], ["mention", "Mention"]],
  telegram: [["private", "Private chat"], ["group", "Group"], ["discussion", "Channel post"], ["business", "Business chat"]],
};
const PRIVATE = new Set(["dm", "story"]);

const PLACES = { private: "Private chat with the bot", group: "Group", discussion: "Channel discussion",
  business: "Business chat", channel: "Channel" };

/** How the reader means to speak on the shown channel. */
export const how = (view, channel = view.channel) => view.how[channel] || KINDS[channel][0]?.[0] || "";

/** Whether a chat is shown, with its newest words below. */
export const chatting = (view) => !WALLS.has(view.channel) || PRIVATE.has(how(view));

/** Which half of a channel an item of it stands in, where it has halves. */
export const half = (item) => item.channel === "instagram" && `instagram ${item.private ? "dm" : "comment"}`;

export function tabs(view) {
  return CHANNELS.map(([name, label]) => {
    const chosen = view.channel === name;
    return h("button", { class: "tab", role: "tab", type: "button", id: `tab-${name}`, "aria-selected": String(chosen),
      "aria-controls": "place", tabindex: chosen ? null : "-1", data: { key: name, do: "channel", channel: name } },
      icon(name), h("span", { class: "label" }, label), !chosen && view.news.has(name) && news());
  });
}

const news = () => h("span", { class: "dot" }, h("span", { class: "hide" }, "something new"));

export function place(view) {
  const drawn = view.channel === "telegram" ? telegram(view) : view.channel === "whatsapp" ? whatsapp(view)
    : chatting(view) ? inbox(view) : wall(view);
  return all(view.channel === "instagram" && halves(view), drawn, !spoke(view) && empty(view));
}

const spoke = (view) => view.links.items.some((one) => one.channel === view.channel && one.by === "customer");

/** Instagram's posts and its messages are two places. */
function halves(view) {
  return h("div", { class: "halves", role: "group", "aria-label": "Part of Instagram", data: { key: "halves" } },
    [["comment", "Posts"], ["dm", "Messages"]].map(([kind, label]) => {
      const chosen = (kind === "dm") === chatting(view);
      return h("button", { type: "button", "aria-pressed": String(chosen), data: { key: kind, do: "half", half: kind } },
        label, !chosen && view.news.has(`instagram ${kind}`) && news());
    }));
}

function empty(view) {
  return h("div", { class: "empty", data: { key: "empty" } },
    h("p", {}, h("strong", {}, "Type a complaint as ", bit(view.person)), " in the box below, or take one of these:"),
    examples(view));
}

function examples(view) {
  return h("ul", { class: "examples" }, EXAMPLES.map(([lang, text, label]) => h("li", {},
    h("button", { type: "button", class: "example", data: { do: "example", text, lang } },
      h("span", { class: "eyebrow" }, label), h("span", { lang }, text)))));
}

// --- posts and comments ------------------------------------------------------------------------

function wall(view) {
  const shown = view.world[view.channel] || {};
  const elsewhere = { author: { name: "Somewhere else on Facebook" } };
  return all(
    (shown.posts || []).map((post) => card(view, post)),
    (shown.reviews || []).map((one) => item(view, one, { tag: "article", extra:
      h("p", { class: "stars" }, one.recommends ? "Recommends Acme Coffee" : "Does not recommend Acme Coffee") })),
    (shown.mentions || []).map((one) => (one.comments ? card(view, one)
      : item(view, { ...elsewhere, ...one }, { tag: "article" }))));
}

function card(view, post) {
  const staff = post.by !== "customer";
  const count = (list) => list.reduce((sum, one) => sum + (one.removed ? 0 : 1) + count(one.replies || []), 0);
  const comments = post.comments || [];
  const what = view.channel === "threads" ? "reply" : "comment";
  const picture = local(post.image);
  return h("article", { class: "post", "aria-label": `Post by ${post.author?.name || "somebody"}`,
    data: { key: `post${post.id}`, case: view.links.ofItem(view.channel, String(post.id)), stop: staff ? null : "1", item: staff ? null : post.id } },
    h("header", {}, avatar(post.author?.name, staff && "cup"),
      h("div", {}, h("h3", {}, bit(post.author?.name)), h("p", { class: "meta" }, time(post.at), staff ? " · public" : view.channel === "facebook" ? " · visitor post" : ` · names ${view.world.brand}`))),
    h("div", { class: "shown" },
      post.removed ? h("p", { class: "gone" }, "This post was deleted.") : words(post.text),
      staff && view.channel !== "threads" ? h("div", { class: "picture" }, icon("cup"))
        : picture && h("img", { src: picture, alt: "Picture of the post", loading: "lazy" })),
    !staff && chips(view, view.channel, String(post.id)),
    h("div", { class: "meta count" }, comments.length ? plural(count(comments), what) : `No ${many(what)} yet`,
      !post.removed && commentable(view, post) && h("button", { type: "button", class: "quiet end", "aria-label": `Comment on: ${post.text}`,
        data: { do: "comment-on", post: post.id } }, target(view)?.id === post.id ? `You ${what} here` : `${what[0].toUpperCase()}${what.slice(1)} here`)),
    comments.length > 0 && h("ol", { class: "comments" }, comments.map((one) => h("li", { data: { key: one.id } },
      item(view, one, { post: post.id })))));
}

/** Instagram's mentions stand under media of others, and live ones are said otherwise. */
const commentable = (view, post) => view.channel !== "instagram" || (post.by === "staff" && !post.live);

/** The post a new comment goes under: the chosen one, else the brand's newest. */
export function target(view) {
  const posts = (view.world[view.channel]?.posts || []).filter((one) => !one.removed && commentable(view, one));
  return posts.find((one) => one.id === view.post) || posts.find((one) => one.by === "staff") || null;
}

const many = (word) => (word === "reply" ? "replies" : `${word}s`);
const plural = (n, word) => `${n} ${n === 1 ? word : many(word)}`;

function item(view, one, { tag = "div", post = null, extra = null } = {}) {
  const id = String(one.id);
  const ours = one.by === "bridge" || one.by === "staff";
  const name = one.author?.name || "Somebody";
  const mine = one.by === "customer" && name === view.person && !one.removed && post !== null;
  const data = { id };
  return h(tag, { class: `said${ours ? " ours" : ""}`, data: { key: `said${id}`, id } },
    avatar(name, ours && "cup"),
    h("div", { class: "body" },
      h("div", { class: "bubble", data: { case: view.links.ofItem(view.channel, id), stop: "1", item: id } },
        h("p", { class: "by" }, h("strong", {}, bit(name)), ours && h("span", { class: "badge" }, one.by === "bridge" ? "Brand, through the bridge" : "Brand, natively"),
          one.hidden && h("span", { class: "badge warn" }, "Hidden")),
        extra,
        one.removed ? h("p", { class: "gone" }, "This comment was deleted.") : words(one.text),
        one.image && picture(one.image)),
      h("div", { class: "under" }, time(one.at), one.edited && !one.removed && h("span", {}, "Edited"),
        one.likes > 0 && h("span", {}, plural(one.likes, "like")),
        one.private_reply && h("span", {}, view.channel === "facebook" ? "Answered in Messenger" : "Answered in Messages"),
        !one.removed && post !== null && h("button", { type: "button", class: "quiet", "aria-label": `Reply to ${name}`,
          data: { ...data, do: "reply", name } }, "Reply"),
        mine && view.channel === "facebook" && h("button", { type: "button", class: "quiet", "aria-label": `Edit: ${one.text}`, data: { ...data, do: "edit" } }, "Edit"),
        mine && h("button", { type: "button", class: "quiet", "aria-label": `Delete: ${one.text}`, data: { ...data, do: "remove" } }, "Delete"),
        chips(view, view.channel, id, one.by)),
      (one.replies || []).length > 0 && h("ol", { class: "comments" }, one.replies.map((reply) =>
        h("li", { data: { key: reply.id } }, item(view, reply, { post }))))));
}

function picture(url) {
  const path = local(url);
  return path && h("img", { src: path, alt: "Picture sent with the message", loading: "lazy" });
}

/** The visible link from words to what the bridge made of them. */
function chips(view, channel, id, by = "customer") {
  const own = by === "customer" ? view.links.about(channel, id) : [];
  if (!own.length) return null;
  const best = own.find((one) => one.ticket) || own[0];
  const label = best.ticket ? `Ticket #${best.ticket}`
    : { ignored: "No ticket", in_progress: "Deciding…", parked: "Waiting", dead: "Failed" }[best.state] || "Decided";
  return h("button", { type: "button", class: `chip ${best.ticket ? "on" : best.state || ""}`, title: best.sentence || null,
    data: { do: "follow", to: "bridge", case: view.links.ofDecision(best) } }, label, icon("link"));
}

// --- chats -------------------------------------------------------------------------------------

const WINDOWS = { open: "The brand may answer for 24 hours.", human: "Only a person may answer now (7 days).",
  closed: "The answer window is closed." };

function chatHead(view, name, about, ...controls) {
  return h("div", { class: "chat-head", data: { key: "chat-head" } }, avatar(name, "cup"),
    h("div", {}, h("h3", {}, bit(name || "Acme Coffee")), h("p", { class: "meta" }, about)), controls);
}

/** Messenger, or Instagram's messages. */
function inbox(view) {
  const chat = (view.world[view.channel]?.chats || []).find((one) => one.person?.name === view.person);
  const about = !chat ? "Usually answers within minutes" : chat.blocked ? "You blocked this page." : WINDOWS[chat.window] || "";
  return all(chatHead(view, view.world.brand, about, chat && block(view, chat)), talk(view, view.channel, chat));
}

function whatsapp(view) {
  const group = how(view) === "group";
  const chats = view.world.whatsapp?.chats || [];
  const chat = chats.find((one) => (group ? one.type === "group" : one.person?.name === view.person));
  const person = (view.world.people || []).find((one) => one.name === view.person);
  const hidden = Boolean(person) && !person.phone;
  const about = group ? "Group" : !chat ? "Business account" : chat.blocked ? "You blocked this business." : WINDOWS[chat.window] || "";
  return all(
    chatHead(view, group ? chat?.title : view.world.brand, about,
      !group && h("button", { type: "button", class: "quiet end", title: "With a username the brand does not see the number",
        data: { do: "identity", shown: String(hidden) } }, hidden ? "Show number" : "Hide number"),
      !group && chat && block(view, chat, "")),
    talk(view, "whatsapp", chat));
}

export function telegramChat(view) {
  const chats = (view.world.telegram?.chats || []).filter((one) => one.type === how(view));
  return chats.find((one) => one.person?.name === view.person) || chats.find((one) => !one.person) || null;
}

function telegram(view) {
  const chat = telegramChat(view);
  const bot = view.world.telegram?.bot || {};
  const about = chat?.blocked ? "You blocked this bot." : `${PLACES[how(view)]}${bot.username ? ` · @${bot.username}` : ""}`;
  return all(
    chatHead(view, chat?.title && chat.type !== "private" ? chat.title : bot.name, about, chat?.person && block(view, chat)),
    talk(view, "telegram", chat));
}

function block(view, chat, place = "end") {
  return h("button", { type: "button", class: `quiet ${place}`, data: { do: "block", blocked: String(!chat.blocked) } },
    chat.blocked ? "Unblock" : "Block");
}

function talk(view, channel, chat) {
  const messages = chat?.messages || [];
  if (!messages.length) return null;
  return h("ol", { class: "talk", "aria-label": "Messages", data: { key: `talk${channel}${chat.id ?? chat.person?.id}` } },
    messages.map((one) => message(view, channel, chat, one)));
}

function message(view, channel, chat, one) {
  const place = key(chat, one);
  const name = one.author?.name || "";
  const mine = one.by === "customer" && name === view.person;
  if (one.by === "system") return h("li", { class: "aside", data: { key: one.id } }, words(one.text));
  const data = { id: one.id, chat: chat.id ?? chat.person?.id };
  if (one.status === "failed") {
    return h("li", { class: "aside", data: { key: one.id } }, `A message of the brand did not arrive (${one.code}).`);
  }
  const removable = channel !== "telegram" || chat.type === "business";
  return h("li", { class: mine ? "mine" : "theirs", data: { key: one.id } },
    !mine && one.by === "customer" && h("p", { class: "by" }, bit(name)),
    h("div", { class: "bubble", data: { case: view.links.ofItem(channel, place), stop: "1", item: place } },
      one.private_reply_to && h("p", { class: "badge" }, "Private reply to your comment"),
      one.removed ? h("p", { class: "gone" }, "This message was deleted.") : one.text && words(one.text),
      (one.attachments || []).map((file) => file.type === "file"
        ? h("a", { href: local(file.url), download: true }, file.name || "file")
        : picture(file.url) || h("p", { class: "gone" }, file.name || file.type))),
    h("div", { class: "under" }, time(one.at), one.edited && !one.removed && h("span", {}, "Edited"),
      one.by === "bridge" && h("span", {}, one.tag === "HUMAN_AGENT" ? "through the bridge, from a person" : "through the bridge"),
      one.by === "staff" && h("span", {}, "staff, natively"),
      one.template && h("span", {}, "from a template"), one.status && one.by !== "customer" && h("span", {}, one.status),
      mine && !one.removed && one.text && h("button", { type: "button", class: "quiet", "aria-label": `Edit: ${one.text}`, data: { ...data, do: "edit" } }, "Edit"),
      mine && !one.removed && removable && h("button", { type: "button", class: "quiet", "aria-label": `Delete: ${one.text || "message"}`,
        data: { ...data, do: "remove" } }, "Delete"),
      chips(view, channel, place, one.by)));
}

// --- the box below -----------------------------------------------------------------------------

export function who(view) {
  const known = (view.world.people || []).map((one) => one.name);
  const shown = known.slice(0, 3);
  if (view.person && !shown.includes(view.person)) shown.push(view.person);
  if (view.editing || view.replying) {
    return h("p", { class: "mode", data: { key: "mode" } },
      view.editing ? "Changing what you wrote" : all("Replying to ", bit(view.replying.name), " as ", bit(view.person)),
      h("button", { type: "button", class: "quiet", data: { do: "cancel" } }, "Cancel"));
  }
  return h("fieldset", { class: "people", data: { key: "people" } }, h("legend", {}, "Write as"),
    shown.map((name) => h("label", { class: "person", data: { key: `p${name}` } },
      h("input", { type: "radio", name: "person", value: name, checked: name === view.person, data: { do: "person" } }),
      avatar(name), bit(name))),
    h("label", { class: "hide", for: "other-name" }, "Write as somebody else: name"),
    h("input", { id: "other-name", class: "name", placeholder: "Other…", maxlength: "40", autocomplete: "off",
      data: { do: "new-person", key: "other" } }));
}

export function ideas(view) {
  return spoke(view) && !view.editing && !view.replying
    ? h("details", { class: "menu up", data: { key: "ideas" } }, h("summary", {}, "Examples"),
      h("div", { class: "sheet" }, examples(view))) : null;
}

export function options(view) {
  if (view.editing) return null;
  const kinds = view.replying ? [] : KINDS[view.channel];
  const chosen = how(view);
  const photo = chatting(view) || (view.channel === "facebook" && chosen === "comment");
  return all(
    kinds.length > 0 && h("select", { "aria-label": "How it is said", data: { do: "kind", key: `kind-${view.channel}`, current: chosen } },
      kinds.map(([value, label]) => h("option", { value, selected: value === chosen }, label))),
    photo && h("label", { class: "check", data: { key: "photo" } }, h("input", { type: "checkbox", id: "say-image" }), "photo"));
}

export function labels(view) {
  if (view.editing) return ["Your changed words", "Save"];
  if (chatting(view)) return [`Your message on ${LABELS[view.channel]}`, "Send"];
  if (view.replying) return ["Your reply", "Reply"];
  const under = target(view)?.text || "";
  const short = under.length > 32 ? `${under.slice(0, 30).trimEnd()}…` : under;
  if (view.channel === "threads" && how(view) === "comment") return [`Your reply to “${short}”`, "Reply"];
  return { comment: [`Your comment under “${short}”`, "Comment"], post: ["Your post", "Post"], review: ["Your review", "Review"],
    mention: ["Your mention", "Mention"], live: ["Your comment while Acme Coffee is live", "Comment"] }[how(view)];
}

/** What is asked of the sandbox when *text* is sent: the action and its body. */
export function spoken(view, text) {
  const { channel, person, editing, replying } = view;
  const kind = how(view);
  if (editing) return editing.chat ? ["message/edit", { channel, ...editing, text }] : ["comment/edit", { id: editing.id, text }];
  if (chatting(view)) {
    if (kind === "story") return ["message", { channel, person, text, story_reply: true }];
    return ["message", { channel, person, text, ...(["telegram", "whatsapp"].includes(channel) ? { chat: kind } : {}) }];
  }
  if (replying) return ["comment", { channel, text, person, reply_to: replying.id }];
  if (kind === "review") return ["review", { text, person, recommends: false }];
  if (kind === "mention") return ["mention", { channel, text, person }];
  if (kind === "post") return ["post", { text, person }];
  if (kind === "live") return ["comment", { channel, text, person, live: true }];
  return ["comment", { channel, text, person, post: target(view)?.id }];
}
