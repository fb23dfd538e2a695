// The variations by name: what each shows a stage otherwise than always. And what can be held still instead, to find out why
// a stage differs that nothing was varied for. What can't be varied is said with its reason, and is untested.
import type { StorePath } from "#nix/store-path.ts";
import { FRESH_FOLDER } from "#sandbox/entrances.ts";
import type { Clock, SandboxView } from "#sandbox/sandbox.ts";

export const VARIATIONS = [
  "time",
  "time-zone",
  "locale",
  "environment",
  "home",
  "umask",
  "user",
  "host-name",
  "process-ids",
  "cores",
  "build-path",
  "file-order",
  "kernel",
  "addresses",
] as const;
export type VariationName = (typeof VARIATIONS)[number];

export const STILL = ["clock", "randomness", "one-core"] as const;
export type StillName = (typeof STILL)[number];

/** What one build is shown. */
export interface Change {
  seen?: Omit<SandboxView, "personality" | "isRandomZero">;
  env?: Readonly<Record<string, string>>;
  /** Processors that it gets. */
  cpus?: number;
  clock?: Clock;
  /** Random devices give zeros. */
  isRandomFixed?: boolean;
  /** Inputs, build folder and output in a file system in memory, where folders list their files in another order. */
  isReordered?: boolean;
  /** Flags of personality(2) that are set beside, or not set of, those of every stage. */
  kernel?: { on?: number; off?: number };
}

/** What decides whether something can be varied here. */
export interface StageFacts {
  /** Variables that the derivation sets: they stay as they are. */
  variables: ReadonlySet<string>;
  /** It runs in the root of an environment, through a program that takes it there. */
  entered?: { entrance: StorePath; root: StorePath };
  /** It makes such a root, as the root user of a namespace of its own. */
  isArranged: boolean;
  /** How its program is started; `undefined`: nobody knows. */
  linking: "dynamic" | "static" | undefined;
  /** Processors that it usually gets. */
  cores: number;
  /** A folder in memory where its inputs have room. */
  memory: { folder: string } | { reason: string };
  /** Whether the sandbox can set them. */
  setsProcessIds: boolean;
}

const DAY_SECONDS = 86_400;
export const SHIFT_SECONDS = 400 * DAY_SECONDS + 7 * 3600 + 13 * 60;
/** 2001-09-09T01:46:40Z */
export const STILL_SECONDS = 1_000_000_000;
export const VARIED = {
  user: { uid: 4321, gid: 1234, name: "somebody" },
  hostName: "elsewhere",
  buildFolder: "/other-place",
  home: "/home-elsewhere",
  umask: 0o077,
  lastProcess: 5000,
  locale: "tr_TR.UTF-8",
  zone: "Asia/Kathmandu",
} as const;
const ADDRESS_NO_RANDOMIZE = 0x40000;
const UNAME26 = 0x20000;

/** Hash seeds; and OpenSSL without the counter and the random numbers of the processor (OPENSSL_ia32cap(3)). */
const SEEDS = {
  PYTHONHASHSEED: "0",
  PERL_HASH_SEED: "0",
  PERL_PERTURB_KEYS: "0",
  OPENSSL_ia32cap: "~0x4000000000000010:~0x40000",
};

export interface Variation {
  /** What a stage sees, and what it always sees instead. */
  words: string;
  change: Change;
  /** Why it can't be varied for this stage. */
  why?: ((facts: StageFacts) => string | undefined) | undefined;
}

const setBy = (name: string) => `the stage sets ${name} itself`;
const unlessSet =
  (...names: string[]) =>
  ({ variables }: StageFacts): string | undefined => {
    const name = names.find((each) => variables.has(each));
    return name === undefined ? undefined : setBy(name);
  };
/** What goes into a root writes down which user it is outside: one that is arranged is always root inside. */
const notArranged = ({ isArranged }: StageFacts): string | undefined =>
  isArranged ? "what makes an environment is always the root user of a namespace of its own" : undefined;
const byPreload = ({ linking, variables }: StageFacts): string | undefined => {
  if (variables.has("LD_PRELOAD")) return setBy("LD_PRELOAD");
  if (linking === "dynamic") return undefined;
  const program = linking === "static" ? "is linked statically" : "could not be read";
  return `its program ${program}, and only a dynamic one can be shown another time`;
};

const TABLE: Record<VariationName | StillName, Variation> = {
  time: {
    words: "the clock 400 days ahead, for dynamic programs",
    change: { clock: { shift: SHIFT_SECONDS } },
    why: byPreload,
  },
  "time-zone": {
    words: `TZ=${VARIED.zone}, which is not set`,
    change: { env: { TZ: VARIED.zone } },
    why: unlessSet("TZ"),
  },
  locale: {
    words: `LANG and LC_ALL ${VARIED.locale}, which are not set`,
    change: { env: { LANG: VARIED.locale, LC_ALL: VARIED.locale } },
    why: unlessSet("LANG", "LC_ALL"),
  },
  environment: {
    words: "one variable more",
    change: { env: { PIPELITE_REBUILD: "varied" } },
  },
  home: {
    words: `HOME=${VARIED.home} for /homeless-shelter`,
    change: { env: { HOME: VARIED.home } },
    why: unlessSet("HOME"),
  },
  umask: { words: "umask 077 for 022", change: { seen: { umask: VARIED.umask } } },
  user: {
    words: `user ${VARIED.user.uid}:${VARIED.user.gid} (${VARIED.user.name}) for 1000:100 (nixbld)`,
    change: { seen: { user: VARIED.user } },
    why: notArranged,
  },
  "host-name": {
    words: `host name ${VARIED.hostName} for localhost`,
    change: { seen: { hostName: VARIED.hostName } },
  },
  "process-ids": {
    words: `numbers of processes from ${VARIED.lastProcess + 1} on for 2`,
    change: { seen: { lastProcess: VARIED.lastProcess } },
    why: ({ setsProcessIds }) => (setsProcessIds ? undefined : "this kind of sandbox can't set them"),
  },
  cores: {
    words: "one processor for all",
    change: { cpus: 1 },
    why: ({ cores }) => (cores > 1 ? undefined : "it has only one processor as it is"),
  },
  "build-path": {
    words: `${VARIED.buildFolder} for /build, in an environment ${FRESH_FOLDER}${VARIED.buildFolder} beside it`,
    change: { seen: { buildFolder: VARIED.buildFolder } },
  },
  "file-order": {
    words: "folders that list their files in another order: inputs and work in a file system in memory",
    change: { isReordered: true },
    why: ({ memory }) => ("reason" in memory ? memory.reason : undefined),
  },
  kernel: {
    words: "a kernel that calls itself 2.6",
    change: { kernel: { on: UNAME26 } },
    // Debian's libc6.preinst ends with 1 on a kernel older than 3.2.
    why: ({ isArranged }) =>
      isArranged ? "the library of C of a distribution refuses to be set up on so old a kernel" : undefined,
  },
  addresses: {
    words: "addresses at random for the same ones",
    change: { kernel: { off: ADDRESS_NO_RANDOMIZE } },
  },
  clock: {
    words: "a clock that stands still, for dynamic programs",
    change: { clock: { at: STILL_SECONDS } },
    why: byPreload,
  },
  randomness: {
    words: "random bytes that are always the same, and hash seeds that are 0",
    change: { isRandomFixed: true, env: SEEDS },
  },
  "one-core": {
    words: "one processor",
    change: { cpus: 1 },
    why: ({ cores }) => (cores > 1 ? undefined : "it has only one processor as it is"),
  },
};

export function wordsOf(name: VariationName | StillName): string {
  return TABLE[name].words;
}

export function changeOf(name: VariationName | StillName): Change {
  return TABLE[name].change;
}

export interface Untested {
  name: string;
  reason: string;
}

/** Which of the names can be varied, or held still, for a stage. */
export function sortVariations<N extends VariationName | StillName>(
  names: readonly N[],
  facts: StageFacts,
): { can: N[]; untested: Untested[] } {
  const reasons = names.map((name) => [name, TABLE[name].why?.(facts)] as const);
  return {
    can: reasons.flatMap(([name, reason]) => (reason === undefined ? [name] : [])),
    untested: reasons.flatMap(([name, reason]) => (reason === undefined ? [] : [{ name, reason }])),
  };
}

/** What no build here can vary: it is always untested. */
export const NEVER: readonly Untested[] = [
  { name: "network", reason: "a stage has none" },
  {
    name: "machine",
    reason: "another machine has to build it: `pipelite rebuild --add` takes its statement",
  },
];

/** Several at a time. */
export function merge(changes: readonly Change[]): Change {
  return changes.reduce<Change>(
    (all, { seen, env, kernel, ...rest }) => ({
      ...all,
      ...rest,
      seen: { ...all.seen, ...seen },
      env: { ...all.env, ...env },
      kernel: {
        on: (all.kernel?.on ?? 0) | (kernel?.on ?? 0),
        off: (all.kernel?.off ?? 0) | (kernel?.off ?? 0),
      },
    }),
    {},
  );
}

/** Flags of personality(2) for a build; undefined where they are those of every stage. */
export function personalityOf({ kernel: { on = 0, off = 0 } = {} }: Change): number | undefined {
  const flags = (ADDRESS_NO_RANDOMIZE | on) & ~off;
  return flags === ADDRESS_NO_RANDOMIZE ? undefined : flags;
}
