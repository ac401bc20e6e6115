// Makes the calls that a test asks for with @vonage/server-sdk 3.x, from the folder it is installed in.
//
// Standard input: {"package", "apiHost", "auth", "calls": [{"call": "send", "message": {"class": NAME, ...}}, ...]}.
// Standard output: one result for each call, {"gave"} or {"raised", "status", "problem"}.
"use strict";

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const asked = JSON.parse(readFileSync(0, "utf8"));
const here = createRequire(join(process.cwd(), "package.json"));
// The packages that this version of the client brought, not those of a neighbour.
const within = createRequire(here.resolve(asked.package));
const { Vonage } = within(asked.package);
const messages = within("@vonage/messages");
const { verifySignature } = within("@vonage/jwt");

// Turns {"class": NAME, member: value, ...} into an instance of that class, also deep inside.
function built(value) {
  if (Array.isArray(value)) return value.map(built);
  if (value === null || typeof value !== "object") return value;
  const { class: name, ...rest } = value;
  const members = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, built(each)]));
  return name === undefined ? members : new messages[name](members);
}

const CALLS = {
  send: (client, { message, failover }) =>
    client.messages.send(failover ? { ...built(message), failover: built(failover) } : built(message)),
  update: (client, { uuid, status, typing }) =>
    client.messages.updateMessage(uuid, status, typing ? { typingIndicator: typing } : undefined),
  verify: (_client, { token, secret }) => verifySignature(token, secret),
  classes: () => Object.keys(messages).filter((name) => typeof messages[name] === "function"),
};

async function result(client, call) {
  try {
    return { gave: await CALLS[call.call](client, call) };
  } catch (error) {
    const answer = error.response;
    if (!answer) return { raised: error.name, status: null, problem: String(error.message) };
    return { raised: error.name, status: answer.status, problem: await answer.clone().json().catch(() => null) };
  }
}

async function main() {
  const client = asked.auth && new Vonage(asked.auth, { apiHost: asked.apiHost });
  const results = [];
  for (const call of asked.calls) results.push(await result(client, call));
  process.stdout.write(JSON.stringify(results));
}

main();
