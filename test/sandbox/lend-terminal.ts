// Lends the terminal of this process to the program of a session. Arguments: a folder with its store, build folder and program.
import { join } from "node:path";
import type { StorePath } from "#nix/store-path.ts";
import { runSession } from "#sandbox/sandbox.ts";

const [folder = ""] = process.argv.slice(2);
const path = `/nix/store/${"1".repeat(32)}-borrow` as StorePath;
await runSession({
  builder: `${path}/borrow`,
  args: [],
  env: new Map(),
  inputs: [{ path, physical: join(folder, "program") }],
  storeDir: join(folder, "store"),
  buildDir: join(folder, "build"),
  signal: new AbortController().signal,
});
