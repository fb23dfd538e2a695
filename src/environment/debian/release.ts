// InRelease: what a suite says of itself, signed. All trust in packages starts here.
import { hexDigestOf } from "#base/digest.ts";
import { readClearSigned, readOpenPgpKey, signersOf, type OpenPgpPublicKey } from "#package/openpgp.ts";
import { parseStanza, repeatedField } from "#package/deb822.ts";
import { isPipeliteError } from "#base/errors.ts";
import { pipeliteError } from "#environment/errors.ts";
import { DEBIAN_KEYS } from "./keys.ts";

export interface DebianRelease {
  codename: string;
  suite: string;
  date: Date;
  /** Path below the folder of the suite -> SHA-256 and size. */
  files: Map<string, { sha256: string; size: number }>;
  signedBy: string[];
  /** SHA-256 of InRelease. */
  digest: string;
}

/** A key that may sign, until it is in force no more. */
export interface Trusted {
  key: OpenPgpPublicKey;
  expires: Date | undefined;
}

export interface Expected {
  archive: string;
  /** As it was asked for, by codename. */
  suite: string;
  keys: readonly Trusted[];
  now: Date;
  /** The date is that of a moment long ago, on purpose. */
  isSnapshot: boolean;
}

let debianKeys: readonly Trusted[] | undefined;

export function trustedKeys(): readonly Trusted[] {
  return (debianKeys ??= DEBIAN_KEYS.map(({ fingerprint, body, expires }) => {
    const PUBLIC_KEY = 6;
    const key = readOpenPgpKey({ tag: PUBLIC_KEY, body: Buffer.from(body, "base64") });
    if (key?.fingerprint !== fingerprint) throw new Error(`the key ${fingerprint} is not what it says`);
    return { key, expires: new Date(expires) };
  }));
}

/** A clock may be this much behind that of who signs. */
const FUTURE_MAX_MS = 10_000;

/** @throws PipeliteError RELEASE_UNSIGNED, RELEASE_UNTRUSTED, RELEASE_EXPIRED, RELEASE_INVALID */
export function readRelease(bytes: Uint8Array, expected: Expected): DebianRelease {
  const { archive, suite, keys, now, isSnapshot } = expected;
  const signed = clearSigned(bytes, expected);
  const stanza = Buffer.from(signed.text, "latin1").toString("utf8");
  const fields = parseStanza(stanza);
  const text = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined)
      throw pipeliteError("RELEASE_INVALID", { archive, suite, problem: `it has no ${name}` });
    return value;
  };
  const invalid = (problem: string) => pipeliteError("RELEASE_INVALID", { archive, suite, problem });
  const repeated = repeatedField(stanza);
  if (repeated !== undefined) throw invalid(`it has ${repeated} twice`);
  const date = dateOf(text("date"), expected);
  // A rebuild of what was locked long ago asks nothing here; locking a snapshot asks what held at its moment.
  const moment = isSnapshot ? date : now;
  const inForce = keys
    .filter(({ expires }) => expires === undefined || expires > moment)
    .map(({ key }) => key);
  const signers = signersOf(signed, inForce, moment.getTime() / 1000);
  if (signers.length === 0) throw pipeliteError("RELEASE_UNTRUSTED", { archive, suite });
  if (date.getTime() > now.getTime() + FUTURE_MAX_MS)
    throw invalid(`its date, ${date.toISOString()}, is yet to come`);
  const until = fields.get("valid-until");
  if (until !== undefined && !isSnapshot && dateOf(until, expected) < now)
    throw pipeliteError("RELEASE_EXPIRED", { archive, suite, until });
  const [codename, own] = [text("codename"), text("suite")];
  if (![codename, own].includes(suite)) throw invalid(`it is that of ${codename}`);
  const odd = [codename, own].find((name) => !/^[\w.+~/-]+$/.test(name));
  if (odd !== undefined) throw invalid(`'${odd}' is no name of a suite`);
  return {
    codename,
    suite: own,
    date,
    files: filesOf(text("sha256")),
    signedBy: [...new Set(signers.map(({ fingerprint }) => fingerprint))].toSorted(),
    digest: hexDigestOf(bytes),
  };
}

function clearSigned(bytes: Uint8Array, { archive, suite }: Expected) {
  try {
    return readClearSigned(bytes);
  } catch (error) {
    if (!isPipeliteError(error, "OPENPGP_INVALID")) throw error;
    throw pipeliteError(
      "RELEASE_UNSIGNED",
      { archive, suite, problem: String(error.details["problem"]) },
      error,
    );
  }
}

function dateOf(text: string, { archive, suite }: Expected): Date {
  const date = new Date(text.replace(/ UTC$/, " GMT"));
  const [, day = "", rest] =
    /^\w{3}, +(\d{1,2}) (\w{3} \d{4} \d{2}:\d{2}:\d{2} )(?:UTC|GMT)$/.exec(text) ?? [];
  // Of the 31st of February another day would be made.
  if (date.toUTCString().slice(5) !== `${day.padStart(2, "0")} ${rest}GMT`)
    throw pipeliteError("RELEASE_INVALID", { archive, suite, problem: `'${text}' is not a date` });
  return date;
}

function filesOf(lines: string): DebianRelease["files"] {
  const files: DebianRelease["files"] = new Map();
  for (const line of lines.split("\n")) {
    const [, sha256, size, path] = /^\s*([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line) ?? [];
    if (sha256 !== undefined && path !== undefined) files.set(path, { sha256, size: Number(size) });
  }
  return files;
}
