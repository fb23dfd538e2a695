// The release policy: what must be there before a run is released, as a JSON file that is under the user's own control
// (default: release-policy.json beside pipeline.ts). What a file leaves out is as in the built-in policy. Its digest is
// taken over the policy as it is applied, keys included, so it changes when a key file does.
import { visibleText } from "#base/escape.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { utf8 } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { entryAt, readNamedText } from "#base/files.ts";
import { parseMoment } from "#base/moment.ts";
import { rootId } from "#home/keyring.ts";
import { readPublicKey } from "#keys/key-file.ts";
import type { Identity } from "#sigstore/identity.ts";
import { parsePublicKey, writePublicKey, type PublicKey } from "#sigstore/index.ts";
import { parseTrustedRoot } from "#sigstore/trusted-root.ts";
import { VARIATIONS, type VariationName } from "#rebuild/variations.ts";
import { personId } from "#supply/person.ts";
import type { Severity } from "./deviation.ts";
import { digestOf } from "#base/digest.ts";
import { looksLike, nameProblem } from "./names.ts";
import { MEANINGS } from "./signatures.ts";
import { pipeliteError } from "./errors.ts";

export const POLICY_FILE = "release-policy.json";

/** A person whose signatures count, in one role. */
export interface PolicySigner {
  name: string;
  role: string;
  /** The id of the key, or `personId` of the identity. */
  keyId: string;
  /** PEM; or, of who signs as an identity, whom a certificate names, and what the trusted root is called that vouches for it. */
  key?: string;
  identity?: Identity;
  root?: string;
  /** ISO 8601: what is signed before `from`, at or after `until`, at or after `revoked` does not count. */
  from?: string;
  until?: string;
  revoked?: string;
}

/** Pairs of acts that no person may do both: to investigate and to close a deviation, to approve and to release. */
export type FourEyes = "closing" | "releasing";
const FOUR_EYES: readonly FourEyes[] = ["closing", "releasing"];

export interface RequiredSignature {
  meaning: string;
  /** Any role when absent. */
  role?: string;
}

export interface Policy {
  /** `fresh`: an audit made for the release; `stored`: the last one, if it is of the record as it is. */
  audit: "fresh" | "stored";
  /** Sandboxes that stages may have been built in. */
  sandboxes: readonly string[];
  deviations: {
    /** Severities that block. */
    blocking: readonly Severity[];
    /** The state from which a deviation that may be used as it is blocks no longer. */
    until: "dispositioned" | "closed";
  };
  /** Each by another person. */
  signatures: readonly RequiredSignature[];
  /** Who may sign, move deviations and release; `any` key when absent from the file. */
  signers: readonly PolicySigner[] | "any";
  /** Roles that may release; any role when absent. */
  releaseRoles?: readonly string[];
  fourEyes?: readonly FourEyes[];
  /** How often every output of the run must have been built again with the same bytes; not asked for when absent. */
  reproduced?: RequiredReproduction;
}

export interface RequiredReproduction {
  /** Builds that gave the same bytes; none may have given others. */
  atLeast: number;
  /** Each of them at least once. */
  engines: readonly string[];
  /** Different keys that signed statements of such builds: that of the home, and those named here. */
  homes: number;
  /** PEM; of other homes. */
  keys: readonly string[];
  /** Each of them varied in a build that gave the same bytes. */
  variations?: readonly VariationName[];
}

export interface AppliedPolicy {
  policy: Policy;
  /** `built-in`, or the file. */
  source: string;
  /** `sha256:<hex>` of the policy in canonical JSON. */
  digest: string;
}

export const BUILT_IN: Policy = {
  audit: "fresh",
  sandboxes: ["starter", "bubblewrap", "unshare", "nix"],
  deviations: { blocking: ["critical"], until: "closed" },
  signatures: [{ meaning: "review" }, { meaning: "approval" }],
  signers: "any",
};

/**
 * The policy of `file`, or of the pipeline, or the built-in one.
 * @throws PipeliteError POLICY_NOT_FOUND, POLICY_INVALID
 */
export function readPolicy(pipelineFile: string | undefined, file?: string): AppliedPolicy {
  const beside = pipelineFile && join(dirname(pipelineFile), POLICY_FILE);
  // A link that leads nowhere is a policy that is gone, and not none: without one the built-in policy would do.
  const found = file ?? (beside !== undefined && entryAt(beside) !== undefined ? beside : undefined);
  if (found === undefined) return applied(BUILT_IN, "built-in");
  if (!existsSync(found)) throw pipeliteError("POLICY_NOT_FOUND", { file: found });
  try {
    return applied(parsePolicy(readNamedText(found), dirname(found)), found);
  } catch (error) {
    const isSaid = error instanceof RangeError || error instanceof SyntaxError || isPipeliteError(error);
    // Of a file that nobody named, such as one with a key, the system's own words would not say whose it is.
    const isNamed = error instanceof Error && "path" in error && error.path === file;
    const isOfFile = systemErrorCode(error) !== undefined && !isNamed;
    if (!(error instanceof Error) || !(isSaid || isOfFile)) throw error;
    throw pipeliteError("POLICY_INVALID", { file: found, problem: error.message }, error);
  }
}

function applied(policy: Policy, source: string): AppliedPolicy {
  return { policy, source, digest: digestOf(utf8(canonicalJson(policy))) };
}

const SEVERITIES: readonly Severity[] = ["critical", "major", "minor"];

/** @throws RangeError with the problem; errors of keys */
function parsePolicy(text: string, folder: string): Policy {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    throw new RangeError(`it is not JSON: ${messageOf(error)}`);
  }
  const policy = policyOf(value, folder);
  checkMeant(policy);
  return policy;
}

const SANDBOXES: readonly string[] = [...BUILT_IN.sandboxes, "none"];

/** What nothing could ever meet: a mistake, not a strict policy. */
function checkMeant({ sandboxes, releaseRoles, signers }: Policy): void {
  for (const each of sandboxes) oneOf(each, "sandboxes", SANDBOXES);
  if (releaseRoles?.length === 0) throw new RangeError("release.roles has no role, so nobody may release");
  for (const { name, from, until } of signers === "any" ? [] : signers)
    if (from !== undefined && until !== undefined && until <= from)
      throw new RangeError(`${name} signs from ${from} until ${until}, which is never`);
}

/** @throws RangeError with the problem; errors of keys */
function policyOf(value: unknown, folder: string): Policy {
  const top = fields(value, "the policy", [
    "schema",
    "audit",
    "sandboxes",
    "deviations",
    "signatures",
    "signers",
    "release",
    "fourEyes",
    "reproduced",
  ]);
  if (top["schema"] !== 1) throw new RangeError("its schema must be 1");
  const deviations = fields(top["deviations"] ?? {}, "deviations", ["blocking", "until"]);
  const release = fields(top["release"] ?? {}, "release", ["roles"]);
  const signers = top["signers"] === undefined ? "any" : parseSigners(top["signers"], folder);
  const roles = release["roles"] === undefined ? undefined : texts(release["roles"], "release.roles");
  const policy: Policy = {
    audit: oneOf(top["audit"] ?? BUILT_IN.audit, "audit", ["fresh", "stored"]),
    sandboxes: top["sandboxes"] === undefined ? BUILT_IN.sandboxes : texts(top["sandboxes"], "sandboxes"),
    deviations: {
      blocking: texts(deviations["blocking"] ?? BUILT_IN.deviations.blocking, "deviations.blocking").map(
        (each) => oneOf(each, "deviations.blocking", SEVERITIES),
      ),
      until: oneOf(deviations["until"] ?? BUILT_IN.deviations.until, "deviations.until", [
        "dispositioned",
        "closed",
      ]),
    },
    signatures: top["signatures"] === undefined ? BUILT_IN.signatures : parseSignatures(top["signatures"]),
    signers,
    ...(roles !== undefined && { releaseRoles: roles }),
    ...(top["fourEyes"] !== undefined && { fourEyes: parseFourEyes(top["fourEyes"]) }),
    ...(top["reproduced"] !== undefined && { reproduced: parseReproduced(top["reproduced"], folder) }),
  };
  checkRoles(policy);
  return policy;
}

function parseFourEyes(value: unknown): FourEyes[] {
  return texts(value, "fourEyes").map((each) => oneOf(each, "fourEyes", FOUR_EYES));
}

function parseReproduced(value: unknown, folder: string): RequiredReproduction {
  const { atLeast, engines, homes, keys, variations } = fields(value, "reproduced", [
    "atLeast",
    "engines",
    "homes",
    "keys",
    "variations",
  ]);
  return {
    atLeast: count(atLeast ?? 1, "reproduced.atLeast"),
    engines: texts(engines ?? [], "reproduced.engines").map((each) =>
      oneOf(each, "reproduced.engines", ["embedded", "nix"]),
    ),
    homes: count(homes ?? 1, "reproduced.homes"),
    keys: texts(keys ?? [], "reproduced.keys").map((key) => writePublicKey(publicKeyAt(key, folder))),
    ...(variations !== undefined && {
      variations: texts(variations, "reproduced.variations").map((each) =>
        oneOf(each, "reproduced.variations", VARIATIONS),
      ),
    }),
  };
}

function publicKeyAt(place: string, folder: string): PublicKey {
  return place.startsWith("-----BEGIN") ? parsePublicKey(place) : readPublicKey(resolve(folder, place));
}

function count(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`${what} is not a whole number of at least 1`);
  return value;
}

function parseSignatures(value: unknown): RequiredSignature[] {
  return list(value, "signatures").map((each) => {
    const { meaning, role } = fields(each, "a signature", ["meaning", "role"]);
    const known = oneOf(meaning, "a meaning", MEANINGS);
    return role === undefined ? { meaning: known } : { meaning: known, role: text(role, "a role") };
  });
}

function parseSigners(value: unknown, folder: string): PolicySigner[] {
  const signers = list(value, "signers").map((each): PolicySigner => {
    const { name, role, key, identity, trustedRoot, root, ...times } = fields(each, "a signer", [
      "name",
      "role",
      "key",
      "identity",
      "trustedRoot",
      "root",
      ...TIMES,
    ]);
    const [who, what] = [text(name, "a name"), text(role, "a role")];
    const problem = nameProblem(who);
    if (problem !== undefined) throw new RangeError(`'${visibleText(who)}' is not a name: ${problem}`);
    return {
      name: who,
      role: what,
      ...(identity === undefined
        ? signerByKey(text(key, "a key"), folder)
        : signerByIdentity({ key, identity, trustedRoot, root }, folder)),
      ...parseTimes(times),
    };
  });
  for (const [index, { name, keyId }] of signers.entries()) {
    const other = signers.slice(0, index).find((each) => looksLike(each.name, name) || each.keyId === keyId);
    if (other !== undefined) throw new RangeError(`${other.name} and ${name} have one name or one key`);
  }
  return signers;
}

function signerByKey(key: string, folder: string): Pick<PolicySigner, "keyId" | "key"> {
  const publicKey = publicKeyAt(key, folder);
  return { keyId: publicKey.keyId, key: writePublicKey(publicKey) };
}

/** `trustedRoot` is a file, `root` what it is called: who else vouches for the same name is somebody else. */
function signerByIdentity(
  given: Record<"key" | "identity" | "trustedRoot" | "root", unknown>,
  folder: string,
): Pick<PolicySigner, "keyId" | "identity" | "root"> {
  const { issuer, subject } = fields(given.identity, "an identity", ["issuer", "subject"]);
  const identity = { issuer: text(issuer, "an issuer"), subject: text(subject, "a subject") };
  if (given.key !== undefined) throw new RangeError(`${identity.subject} has a key and an identity`);
  const root =
    given.trustedRoot === undefined
      ? text(given.root, "trustedRoot")
      : rootAt(resolve(folder, text(given.trustedRoot, "trustedRoot")));
  if (!/^[0-9a-f]{64}$/.test(root)) throw new RangeError("root is not the SHA-256 of a trusted root, in hex");
  return { keyId: personId(identity, root), identity, root };
}

/** @throws PipeliteError TRUSTED_ROOT_INVALID; SyntaxError of what is no JSON */
function rootAt(file: string): string {
  const root = parseStrictJson(readNamedText(file));
  parseTrustedRoot(root);
  return rootId(root);
}

const TIMES = ["from", "until", "revoked"] as const;

function parseTimes(times: Record<string, unknown>): Pick<PolicySigner, (typeof TIMES)[number]> {
  const given = TIMES.filter((name) => times[name] !== undefined).map((name) => {
    const at = parseMoment(text(times[name], name));
    if (Number.isNaN(at))
      throw new RangeError(`${name} is not a date, or a time with its zone, as ISO 8601 has them`);
    return [name, new Date(at).toISOString()];
  });
  return Object.fromEntries(given) as Pick<PolicySigner, (typeof TIMES)[number]>;
}

/**
 * The policy that a release states, as it was applied.
 * @throws RangeError with the problem
 */
export function parseAppliedPolicy(content: unknown): AppliedPolicy {
  const { signers, releaseRoles, ...rest } = fields(content, "the policy", [
    "audit",
    "sandboxes",
    "deviations",
    "signatures",
    "signers",
    "releaseRoles",
    "fourEyes",
    "reproduced",
  ]);
  const asFile = {
    schema: 1,
    ...rest,
    ...(signers !== "any" && { signers: list(signers, "signers").map(withoutKeyId) }),
    ...(releaseRoles !== undefined && { release: { roles: releaseRoles } }),
  };
  return applied(policyOf(asFile, "."), "the release");
}

function withoutKeyId(value: unknown): object {
  const { keyId: _, ...rest } = fields(value, "a signer", [
    "name",
    "role",
    "key",
    "identity",
    "root",
    "keyId",
    ...TIMES,
  ]);
  if (rest["identity"] === undefined && !text(rest["key"], "a key").startsWith("-----BEGIN"))
    throw new RangeError("a key is no PEM");
  return rest;
}

/** A role that nobody has could never be filled: a mistake, not a strict policy. */
function checkRoles({ signatures, signers, releaseRoles = [] }: Policy): void {
  const wanted = [...signatures.flatMap(({ role }) => role ?? []), ...releaseRoles];
  const missing = wanted.find((role) => signers === "any" || !signers.some((each) => each.role === role));
  if (missing !== undefined) throw new RangeError(`no signer has the role '${missing}'`);
}

function fields(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (!isObject(value)) throw new RangeError(`${what} is not an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new RangeError(`${what} has an unknown member '${unknown}'`);
  return value;
}

function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new RangeError(`${what} is not a list`);
  return value;
}

function texts(value: unknown, what: string): string[] {
  return list(value, what).map((each) => text(each, what));
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string" || value.trim() === "") throw new RangeError(`${what} is not text`);
  return value;
}

function oneOf<T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new RangeError(`${what} must be one of ${allowed.join(", ")}`);
  return found;
}
