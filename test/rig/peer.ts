// Peers are real tools (nix, bwrap, sox ...) that our results are held against. A missing peer is a reported skip on a
// user's machine and a failure where PIPELITE_REQUIRE_PEERS=1 (CI installs them all). `npm test`, the first lane, needs Node and
// npm only: what needs a peer, and what takes long, is reported there as left to the second, `npm run test:peers`.
import { spawnSync } from "node:child_process";

const isFirstLane = process.env["PIPELITE_LANE"] === "first";

/**
 * The `skip` of a test that needs these commands: `test("...", { skip: peer("nix-store") }, ...)`.
 * @returns false when all are on the PATH (or must be), else the reason for the skip.
 */
export function peer(...commands: string[]): false | string {
  if (isFirstLane) return `left to npm run test:peers: needs ${commands.join(", ")}`;
  const missing = commands.filter((command) => !isOnPath(command));
  if (missing.length === 0 || process.env["PIPELITE_REQUIRE_PEERS"] === "1") return false;
  return `not run: ${missing.join(", ")} not found`;
}

/**
 * As `peer`, for a command that CI cannot install: missing, it is a reported skip there too.
 * @param reason why CI goes without it
 */
export function optionalPeer(command: string, reason: string): false | string {
  return isOnPath(command) ? false : `not run: ${command} not found (${reason})`;
}

/** The `skip` of a test that tries very many inputs, or works for long. */
export function sweep(): false | string {
  return isFirstLane ? "left to npm run test:peers: it takes long" : false;
}

/** How many of so many inputs a test tries: the first lane takes a tenth, and the second all of them. */
export function inputs(count: number): number {
  return isFirstLane ? Math.ceil(count / 10) : count;
}

function isOnPath(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v "$1"`, "sh", command]).status === 0;
}
