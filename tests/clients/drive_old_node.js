// Makes the calls that a test asks for with the old Node clients, which call back: nexmo 2.x and @vonage/server-sdk 2.x.
//
// Standard input: {"package", "credentials", "options", "calls": [{"call": "channel.send", "arguments": [...]}, ...]};
// an argument {"class": NAME, "arguments": [...]} is an instance of that class of the client.
// Standard output: one result for each call, {"gave"} or {"raised"}, as the client handed them to its callback.
"use strict";

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const asked = JSON.parse(readFileSync(0, "utf8"));
const here = createRequire(join(process.cwd(), "package.json"));
const Client = here(asked.package);
const folder = dirname(here.resolve(`${asked.package}/package.json`));

function built(value) {
  if (value === null || typeof value !== "object" || !value.class) return value;
  return new (here(join(folder, "lib", "Messages", value.class)))(...value.arguments);
}

function result(client, { call, arguments: given }) {
  const [part, verb] = call.split(".");
  return new Promise((resolve) => {
    client[part][verb](...given.map(built), (error, answer) => resolve(error ? { raised: error } : { gave: answer }));
  });
}

async function main() {
  // They write what went wrong to the console that carries our results.
  const silent = { log() {}, info() {}, warn() {}, error() {} };
  const client = new Client(asked.credentials, { ...asked.options, logger: silent });
  const results = [];
  for (const call of asked.calls) results.push(await result(client, call));
  process.stdout.write(JSON.stringify(results));
}

main();
