// A command that faults are put into, and what must be so afterwards.
import { join } from "node:path";
import type { Work } from "./work.ts";

export interface Scenario {
  name: string;
  what: string;
  /** Makes what the command finds; what it gives is its input. */
  prepare: (work: Work) => Promise<Buffer | string | void>;
  words: (work: Work) => string[];
  /** What takes the words instead of the command line. */
  program?: string;
  /** What is run afterwards, where the same words can't be used again. */
  again?: (work: Work) => string[];
  /** What must be so of what is left, whatever went wrong. */
  left?: (work: Work) => Promise<void>;
  /** What must be so when the command has been run again, and nothing went wrong. */
  afterwards: (work: Work) => Promise<void>;
  /** The same, of what takes long: not at each place. */
  deeply?: (work: Work) => Promise<void>;
  /** The folder whose calls go wrong; `now` has all others. */
  below: "home" | "cache" | "now";
  /** It removes what nobody keeps. */
  removes?: true;
  /** When CI tries it: of those that take turns one, by the seed; one that takes minutes is left to tools/store-faults.ts. */
  inCi?: "in turn" | "never";
  /** It finds a store in which something is wrong. */
  findsDamage?: true;
}

/** Each run that the journal has is sound. */
export async function runsMustVerify(work: Work): Promise<void> {
  const runs = JSON.parse(await work.pipelite(["runs", "--json"])) as { runId: string; status: string }[];
  if (runs.length === 0) throw new Error("the run of before is gone");
  for (const { runId, status } of runs) if (status === "passed") await work.pipelite(["verify", runId]);
}

/** As `--key` and its file go on. */
export function by({ folder }: Work, name: string): string[] {
  return ["--as", name, "--key", keyFile(folder, name)];
}

/** A key of a person. */
export async function newKey(work: Work, name: string): Promise<void> {
  await work.pipelite(["key", "new", keyFile(work.folder, name)]);
}

function keyFile(folder: string, name: string): string {
  return join(folder, `${name}.key`);
}
