// Reads an AsyncAPI document with the standard's own parser: node parse_asyncapi.mjs FILE
// Standard output: {"version", "channels", "operations", "diagnostics": [{"severity", "code", "path", "message"}]}.
import { readFileSync } from "node:fs";
import parser from "@asyncapi/parser";

const read = await new parser.Parser().parse(readFileSync(process.argv[2], "utf8"));
console.log(
  JSON.stringify({
    version: read.document?.version(),
    channels: read.document?.channels().all().map((each) => each.id()) ?? [],
    operations: read.document?.operations().all().map((each) => each.id()) ?? [],
    diagnostics: read.diagnostics.map(({ severity, code, path, message }) => ({ severity, code, path, message })),
  }),
);
