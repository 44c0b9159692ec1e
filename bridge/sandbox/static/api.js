// Talking to the sandbox. A failure is an Error whose message is a sentence for the reader.

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Error("The sandbox does not answer. Is it still running?");
  }
  let body = null;
  try {
    body = await answer.json();
  } catch {
    if (answer.ok) throw new Error("The sandbox answered something that is not JSON.");
  }
  if (!answer.ok) {
    throw new Error(sentence(body?.detail) || `The sandbox refused this (${answer.status}).`);
  }
  return body ?? {};
}

function sentence(text) {
  if (typeof text !== "string" || !text) return "";
  const whole = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

export const get = (path) => ask(`/_sandbox/${path}`);

export const post = (path, body) => ask(`/_sandbox/${path}`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});
