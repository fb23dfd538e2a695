// Exports that Lean itself made, or that other checkers ship as examples. They are not ours to keep here: who has some
// names their folder in PIPELITE_LEAN_VECTORS. In it, `NAME.ndjson` must be accepted; `NAME.rejected-REASON.ndjson` and
// `NAME.malformed-REASON.ndjson` must be refused for that reason.
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface Vector {
  readonly path: string;
  /** `accepted`, or the status and reason of the refusal. */
  readonly expected: string;
}

const folder = process.env["PIPELITE_LEAN_VECTORS"];

/** The `skip` of a test that is nothing without them. */
export const NO_VECTORS: string | false =
  folder === undefined ? "not run: PIPELITE_LEAN_VECTORS names no folder of exports made by Lean" : false;

export function vectors(): Readonly<Record<string, Vector>> {
  if (folder === undefined) return {};
  const files = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
  return Object.fromEntries(
    files.map((name) => {
      const refused = /\.(rejected|malformed)-([a-z-]+)\.ndjson$/.exec(name);
      const expected = refused === null ? "accepted" : `${refused[1]}: ${refused[2]}`;
      return [name, { path: join(folder, name), expected }];
    }),
  );
}
