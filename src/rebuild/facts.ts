// What decides which variations a stage can be shown: read from its derivation, and from the program that it starts.
import { closeSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { placeInRoot } from "#base/place-in-root.ts";
import { rootEntered } from "#environment/programs.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import type { Store } from "#store/store.ts";
import type { StageFacts } from "./variations.ts";

export interface FactSources {
  derivation: Derivation;
  store: Store;
  kind: SandboxKind;
  memory: StageFacts["memory"];
}

export function factsOf({ derivation, store, kind, memory }: FactSources): StageFacts {
  return {
    variables: new Set(derivation.env.keys()),
    ...enteredBy(derivation),
    isArranged: derivation.builder.endsWith(ARRANGE),
    linking: linkingOf(derivation, store),
    cores: availableParallelism(),
    memory,
    setsProcessIds: kind === "starter" || kind === "unshare",
  };
}

/** Makes a root. */
const ARRANGE = "-pipelite-arrange/bin/arrange";

function enteredBy(derivation: Derivation): Pick<StageFacts, "entered"> {
  const [root, entrance] = [rootEntered(derivation), derivation.builder].map(
    (path) => /^\/nix\/store\/[^/]+/.exec(path ?? "")?.[0],
  );
  return root === undefined || entrance === undefined
    ? {}
    : { entered: { root: parseStorePath(root), entrance: parseStorePath(entrance) } };
}

/** Starts a program without entering a root. */
const HOLD = "-pipelite-hold/bin/hold";

/** Of the program that a derivation starts; of a script, that of what reads it. */
function linkingOf(derivation: Derivation, store: Store): StageFacts["linking"] {
  if (process.arch !== "x64") return undefined;
  const { args } = derivation;
  const root = rootEntered(derivation);
  if (root === undefined && !derivation.builder.endsWith(HOLD))
    return linkingOfFile(physicalOf(derivation.builder, store));
  // PROGRAM ROOT CANDIDATE... "" ARGV0 ARG...
  const candidates = args.slice(1, args.indexOf("", 1));
  const inRoot = (path: string): string | undefined => {
    if (path.startsWith("/nix/store/")) return physicalOf(path, store);
    return root === undefined ? undefined : placeInRoot(physicalOf(root, store) ?? "", path);
  };
  for (const candidate of candidates) {
    const file = inRoot(candidate);
    const found = file === undefined ? undefined : linkingOfFile(file, inRoot);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where a path below the store is on disk; undefined for another. */
function physicalOf(path: string, store: Store): string | undefined {
  const base = /^\/nix\/store\/[^/]+/.exec(path)?.[0];
  return base === undefined ? undefined : join(store.physical(parseStorePath(base)), path.slice(base.length));
}

function linkingOfFile(
  file: string | undefined,
  locate: (path: string) => string | undefined = () => undefined,
): StageFacts["linking"] {
  const HEAD_BYTES = 4096;
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    const fd = openSync(file ?? "", "r");
    try {
      readSync(fd, head, 0, HEAD_BYTES, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  const interpreter = /^#! *(\S+)/.exec(head.toString("latin1"))?.[1];
  if (interpreter !== undefined) return linkingOfFile(locate(interpreter));
  if (head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const [start, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  const PT_INTERP = 3;
  const types = Array.from({ length: count }, (_, index) => start + index * size)
    .filter((at) => at + 4 <= HEAD_BYTES)
    .map((at) => head.readUInt32LE(at));
  return types.includes(PT_INTERP) ? "dynamic" : "static";
}
