// The exports that the Lean kernel is measured with: each is written into a file, measured and removed.
import { copyFileSync, writeFileSync } from "node:fs";
import { SOUND } from "../test/lean/accept.ts";
import { monsterWalkExport } from "../test/lean/monster-walk.ts";
import { vectors } from "../test/lean/vectors.ts";
import { Joined, writeCopies } from "./lean-copies.ts";
import { parseLines } from "./lean-lines.ts";
import {
  writeAppLam,
  writeChurch,
  writeCounting,
  writeIdenticalNesting,
  writeShiftCascade,
  writeTheorems,
  writeUnrolling,
} from "./lean-shapes.ts";

export interface Workload {
  readonly name: string;
  /** How often each side checks it. */
  readonly repeats: number;
  readonly write: (path: string) => Promise<void> | void;
}

const MILLION = 1_000_000;

/** The Monster Walk's proof, large libraries, terms that share much, and what the user has of Lean's own exports. */
export const WORKLOADS: readonly Workload[] = [
  { name: "monster-walk", repeats: 5, write: async (path) => writeFileSync(path, await monsterWalk()) },
  ...[1, 5, 12].map((millions) => ({
    name: `library-${millions}M-lines`,
    repeats: 1,
    write: async (path: string): Promise<void> => writeLibrary(path, millions * MILLION),
  })),
  { name: "theorems-600,000", repeats: 1, write: (path) => writeTheorems(path, 600_000) },
  ...[1000, 2000, 4000].map((n) => ({
    name: `app-lam-${n}`,
    repeats: n === 1000 ? 3 : 1,
    write: (path: string): void => writeAppLam(path, n),
  })),
  ...[1000, 10_000].map((n) => ({
    name: `shift-cascade-${n}`,
    repeats: 3,
    write: (path: string): void => writeShiftCascade(path, n),
  })),
  { name: "church-2^16", repeats: 3, write: writeChurch },
  { name: "identical-nesting", repeats: 3, write: writeIdenticalNesting },
  { name: "unrolling-300", repeats: 3, write: (path) => writeUnrolling(path, 300) },
  { name: "counting", repeats: 3, write: writeCounting },
  ...Object.entries(vectors())
    .filter(([, { expected }]) => expected === "accepted")
    .map(([name, { path: from }]) => ({
      name,
      repeats: 3,
      write: (path: string): void => copyFileSync(from, path),
    })),
];

/** nanoda asserts that no recursor of an export is its own to the letter, so one binder has another name. */
async function monsterWalk(): Promise<string> {
  return (await monsterWalkExport()).replace('"str":"motive"', '"str":"motive_1"');
}

/** Sound exports with an axiom of their own, and those that nanoda does not read or takes for something else. */
const LEFT_OUT = new Set([
  "an allowed axiom",
  "an axiom that no theorem uses",
  "division by another definition is computed by that definition",
  "unsafe definitions that nothing uses",
  "indices of lines in any order",
]);

/** Many libraries over one core: the Monster Walk's and the tests' sound exports, each time under other names. */
async function writeLibrary(path: string, lines: number): Promise<void> {
  const walk = await monsterWalk();
  const sound = Object.entries(SOUND).filter(([name]) => !LEFT_OUT.has(name));
  const library = new Joined();
  for (const [i, text] of [walk, ...sound.map(([, make]) => make().text())].entries())
    library.add(parseLines(text), `_${i}`);
  writeCopies(path, walk.split("\n", 1)[0] ?? "", library.records, lines);
}
