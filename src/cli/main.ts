// The command `pipelite`. A run that was made before and has nothing to do is over before anything else is loaded.
// Compiled code is cached for the rest.
import { writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { codeCache } from "./home.ts";

/** The published package runs on the Node of the PATH, whatever that is: the least that has all it uses. */
const NODE_MIN = 26;

if (Number.parseInt(process.versions.node, 10) < NODE_MIN) {
  writeSync(
    2,
    `error: Cannot run on Node ${process.versions.node}: Pipelite needs Node ${NODE_MIN} or newer\n`,
  );
  writeSync(
    2,
    `hint: npm install node-linux-${process.arch}@${NODE_MIN} beside it, or put one on the PATH\n`,
  );
  process.exit(4);
}
enableCompileCache(codeCache(process.env));
void import("./start.ts").then(({ start }) => start(process.argv.slice(2)));
