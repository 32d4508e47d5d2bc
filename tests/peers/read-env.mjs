// Reads every FOLDER/N.env as four Node readers do, and prints { reader: { N: { KEY: value } } }.
import { readFileSync, readdirSync, mkdtempSync, writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { parseEnv } from "node:util";

const require = createRequire(join(process.env.PEERS, "node", "package.json"));
const dotenv = require("dotenv");
const expand = require("dotenv-expand");
const next = require("@next/env");

const [folder] = process.argv.slice(2);
const read = { dotenv: {}, "dotenv-expand": {}, "@next/env": {}, "node --env-file": {} };
const quiet = { info() {}, error() {} };
const started = { ...process.env };

function reset() {
  for (const key of Object.keys(process.env)) if (!(key in started)) delete process.env[key];
  Object.assign(process.env, started);
}

for (const file of readdirSync(folder)) {
  const name = file.replace(/\.env$/, "");
  const text = readFileSync(join(folder, file), "utf8");
  read.dotenv[name] = dotenv.parse(text);
  read["dotenv-expand"][name] = expand.expand({ parsed: dotenv.parse(text), processEnv: {} }).parsed;
  read["node --env-file"][name] = parseEnv(text);
  const project = mkdtempSync(join(tmpdir(), "env-"));
  writeFileSync(join(project, ".env"), text);
  reset();
  next.loadEnvConfig(project, false, quiet, true);
  read["@next/env"][name] = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !(key in started) && key !== "__NEXT_PROCESSED_ENV"),
  );
  reset();
  rmSync(project, { recursive: true });
}
process.stdout.write(JSON.stringify(read));
