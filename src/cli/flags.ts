// The flags that every command takes, those that several take, and the readers of their values.
import { isDecimal } from "#base/numbers.ts";
import type { SecretSource } from "#secrets/sources.ts";
import { choice, toggle, usualChoice, usualValue, value, values, optionalArgument } from "./command.ts";

export const globalFlags = {
  json: toggle("Print JSON for programs"),
  store: value("DIR", "Home of the store (default: $PIPELITE_HOME)"),
  color: usualChoice("WHEN", ["auto", "always", "never"], "Use colour", "auto"),
  quiet: toggle("Say nothing but what failed", "q"),
  verbose: toggle("Say more: cached stages, every log line", "v"),
};

export const RUN_BRIEF = "Run id or its start (default: the latest run)";
export const runArgument = optionalArgument("RUN", RUN_BRIEF, "run");

export const paramFlag = values("NAME=VALUE", "Set a parameter of the pipeline", {
  alias: "p",
  parse: parseAssignment,
});

export const secretFlag = values(
  "NAME=SOURCE",
  "Where a secret comes from: env:VARIABLE, file:PATH or command:WORDS",
  {
    parse: parseSecret,
  },
);

export const paramsFlag = value("FILE", "Set parameters from a JSON file: one object of names and values");

export const matrixFlag = values(
  "NAME=VALUES",
  "Run for each of these values of a parameter: 1..205, 44100,48000; with several, for each combination",
  { parse: parseAxis },
);

export const engineFlag = usualChoice(
  "ENGINE",
  ["embedded", "nix"],
  "What builds: our own builder, or Nix",
  "embedded",
);

export const buildersFlag = value(
  "LIST",
  "Machines for the engine nix, as Nix's `builders`: lines between semicolons, or @FILE (/etc/nix/machines)",
);

export const sandboxFlag = choice(
  "KIND",
  ["starter", "bubblewrap", "unshare", "none"],
  "Insist on this sandbox instead of the best there is",
);

export const limitFlags = {
  limit: usualValue("N", "Show this many", { alias: "n", parse: parseCount, usual: "20" }),
  all: toggle("Show all", "a"),
};

export const databaseFlag = value("URL", "PostgreSQL for the history of runs (default: $PIPELITE_DATABASE)");

export const KEY_BRIEF =
  "Private key to sign with: a file, env:VARIABLE, or command:WORDS that signs what it is given";
/** What vouches for the signature of a person beside their key, or in the place of one. */
export const personFlags = {
  timestamp: values("URL", "Have each signature stamped by this authority (RFC 3161)", {
    parse: parseAddress,
  }),
  trustedRoot: value(
    "FILE",
    "Whom to believe of --timestamp and sigstore:, as Sigstore's trusted root: what they answer must hold by it",
  ),
  identityToken: value(
    "SOURCE",
    "Where the token is from with sigstore: - env:VARIABLE, file:PATH or command:WORDS (default: env:SIGSTORE_ID_TOKEN)",
    { parse: parseSource },
  ),
};
/** The same for what is entered into the log. */
const vouchingFlags = {
  ...personFlags,
  ask: values("URL", "Have this witness sign the checkpoint of the log (default: $PIPELITE_WITNESSES)", {
    parse: parseAddress,
  }),
  witness: values("KEY", "A witness whose signature counts, as NAME+HASH+KEY (default: $PIPELITE_WITNESSES)"),
};
export const passphraseFlag = value("FILE", "File with the passphrase of the key");
export const publicKeyFlag = value("FILE", "Public half of a --key that a command has");
/** Who attests, and who vouches for it: the same for every command that does. */
export const attestFlags = {
  key: value(
    "KEY",
    `${KEY_BRIEF}; sigstore:CONFIG signs as who has the identity token (default: the one of this home, made on first use)`,
  ),
  passphraseFile: passphraseFlag,
  publicKey: publicKeyFlag,
  ...vouchingFlags,
};
/** The same beside the key of a person who signs. */
export const releaseFlags = {
  attestKey: value(
    "KEY",
    "Who attests the outputs: a file, env:VARIABLE or sigstore:CONFIG (default: the key of this home, made on first use)",
  ),
  ...vouchingFlags,
};
export const SIGNER_BRIEF = "Printed name of the signer";

export const cacheFlag = values(
  "CACHE",
  "Take what it has from this binary cache: a folder or a URL (default: $PIPELITE_CACHES)",
);
export const trustedKeyFlag = values(
  "KEY",
  "Public key whose word on paths counts, NAME:BASE64 or a file of it (default: $PIPELITE_TRUSTED_KEYS)",
);
export const pathKeyFlag = value(
  "FILE",
  "Secret key that signs, in Nix's form: `key new --paths NAME` makes one",
);
export const tokenFlag = value("FILE", "File with the token that the server wants");

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new RangeError("it must be a whole number of at least 1");
  }
  return count;
}

/** A finite decimal number, as a file of measured values may have it. */
export function parseNumber(text: string): number {
  const number = Number(text);
  if (!isDecimal(text.trim()) || !Number.isFinite(number)) throw new RangeError("it must be a number");
  return number + 0;
}

/** As a stage may say it. */
export function parseProcessors(text: string): number {
  const number = parseNumber(text);
  if (number < 0.01) throw new RangeError("it must be a number from 0.01");
  return number;
}

/** `TOKEN=file:/run/token`: never the value itself, which others could see in the list of processes. */
export function parseSecret(text: string): readonly [name: string, source: SecretSource] {
  const [, name = "", rest = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  const source = sourceIn(rest);
  if (source !== undefined) return [name, source];
  throw new RangeError("it must be NAME=env:VARIABLE, NAME=file:PATH or NAME=command:WORDS");
}

/** `env:VARIABLE`, `file:PATH` or `command:WORDS`. */
export function parseSource(text: string): SecretSource {
  const source = sourceIn(text);
  if (source !== undefined) return source;
  throw new RangeError("it must be env:VARIABLE, file:PATH or command:WORDS");
}

function sourceIn(text: string): SecretSource | undefined {
  const [, from, rest = ""] = /^(env|file|command):(.+)$/s.exec(text) ?? [];
  if (from === "env") return { from: "environment", variable: rest };
  if (from === "file") return { from, path: rest };
  return from === "command" ? { from, command: rest } : undefined;
}

const UNIT_MS: Record<string, number> = { "": 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90`, `90s`, `15m`, `2h`, `30d` -> milliseconds. */
export function parseSpan(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ms > 0)) throw new RangeError("it must be a time such as 90s, 15m, 2h or 30d, and above 0");
  return ms;
}

const UNIT_BYTES: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `512M`, `1.5G` -> bytes, in powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT])(?:iB)?$/.exec(text);
  const bytes = Math.floor(Number(match?.[1]) * (UNIT_BYTES[match?.[2] ?? ""] ?? Number.NaN));
  if (!(bytes >= 0)) throw new RangeError("it must be a size such as 512M, 20G or 2T");
  return bytes;
}

/** `name=value` -> its two parts; the value may be empty and may hold `=`. */
export function parseAssignment(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new RangeError("it must be NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}

const VALUES_MAX = 100_000;

/** `seed=1..3,9` -> its name and its values, each as text. */
export function parseAxis(text: string): { name: string; values: string[] } {
  const [name, list] = parseAssignment(text);
  const texts = list.split(",").flatMap(valuesIn);
  if (texts.includes("")) throw new RangeError("a value is missing");
  const seen = new Set<string>();
  for (const value of texts) {
    if (seen.has(value)) throw new RangeError(`it has the value ${value} twice`);
    seen.add(value);
  }
  return { name, values: texts };
}

function valuesIn(text: string): string[] {
  const [, first, last] = /^(-?\d+)\.\.(-?\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) {
    if (/^[^./]*\.\.[^./]*$/.test(text)) throw new RangeError(`'${text}' is no range: a range is 1..205`);
    return [text];
  }
  const [from, to] = [Number(first), Number(last)];
  if (to < from) throw new RangeError(`the range ${text} ends before it begins`);
  if (!(to - from < VALUES_MAX)) throw new RangeError(`the range ${text} is longer than ${VALUES_MAX}`);
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

/** The address of a server. */
export function parseAddress(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new RangeError("it must be an address such as https://example.org");
}
