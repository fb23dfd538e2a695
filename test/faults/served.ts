// Serves the home of the last words to uploads, and pushes into it what another home has: one process, whose faults are the server's.
// Its words: the other home, a file with the token, the folder to work in, and the path.
import { parseArgs } from "node:util";
import { serveHome } from "#app/cache.ts";
import { runHere } from "../cli/rig.ts";

const { values, positionals } = parseArgs({
  options: { store: { type: "string", default: "" } },
  allowPositionals: true,
});
const [source = "", tokenFile = "", cwd = "", path = ""] = positionals;
const server = await serveHome({
  home: values.store,
  host: "127.0.0.1",
  port: 0,
  compression: "zstd",
  keyFile: undefined,
  tokenFile,
  keptFreeBytes: 0,
});
const words = ["cache", "push", "--to", server.url, "--token-file", tokenFile, path, "--store", source];
const { code, stderr } = await runHere(words, { cwd, env: { ...process.env, NO_COLOR: "1" } });
process.stderr.write(stderr);
await server.stop();
process.exitCode = code;
