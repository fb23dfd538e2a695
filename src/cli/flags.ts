// The flags that every command takes, and the readers of values that more than one command takes.
import type { FlagParametersForType, TypedPositionalParameter } from "@stricli/core";
import type { Context, GlobalFlags } from "./context.ts";

export const globalFlags: FlagParametersForType<GlobalFlags, Context> = {
  json: { kind: "boolean", brief: "Print JSON for programs", default: false },
  store: {
    kind: "parsed",
    parse: String,
    brief: "Home of the store (default: $PIPELITE_HOME)",
    placeholder: "DIR",
    optional: true,
  },
  color: {
    kind: "enum",
    values: ["auto", "always", "never"],
    brief: "Use colour",
    placeholder: "WHEN",
    default: "auto",
  },
  quiet: { kind: "boolean", brief: "Say nothing but what failed", default: false },
  verbose: { kind: "boolean", brief: "Say more: cached stages, every log line", default: false },
};

export const globalAliases = { q: "quiet", v: "verbose" } as const;

/** A positional argument that is taken as it is. */
export function textArgument(
  placeholder: string,
  brief: string,
  candidates?: Candidates,
): TypedPositionalParameter<string, Context> {
  return { parse: String, placeholder, brief, ...proposals(candidates) };
}

export function optionalTextArgument(
  placeholder: string,
  brief: string,
  candidates?: Candidates,
): TypedPositionalParameter<string | undefined, Context> {
  return { parse: String, placeholder, brief, optional: true, ...proposals(candidates) };
}

/** What the shell may complete an argument with. */
export type Candidates = "run" | "stage" | "store-path";

function proposals(candidates: Candidates | undefined): {
  proposeCompletions?: (this: Context, partial: string) => Promise<string[]>;
} {
  if (candidates === undefined) return {};
  return {
    async proposeCompletions(partial) {
      const { proposeCandidates } = await import("./candidates.ts");
      return proposeCandidates(this, candidates, partial);
    },
  };
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new RangeError("it must be a whole number of at least 1");
  }
  return count;
}

const UNIT_MS: Record<string, number> = { "": 1000, s: 1000, m: 60_000, h: 3_600_000 };

/** `90`, `90s`, `15m`, `2h` -> milliseconds. */
export function parseSpan(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text);
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ms > 0)) throw new RangeError("it must be a time such as 90s, 15m or 2h");
  return ms;
}

/** `name=value` -> its two parts; the value may be empty and may hold `=`. */
export function parseAssignment(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new RangeError("it must be NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}
