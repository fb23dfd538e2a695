// Statements that people sign in a home: by a key that stays theirs, or as who has an identity token; with timestamps or without. And
// whether such a statement holds by what the home keeps. Who they are to be is what a release policy says.
import type { Home } from "#home/home.ts";
import { rootId } from "#home/keyring.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import type { Identity } from "#sigstore/identity.ts";
import type { SigningKey } from "#sigstore/key.ts";
import { signStatement, statementBy, verifyBundle } from "#sigstore/sign.ts";
import type { Statement } from "#sigstore/statement.ts";
import { certifiedFindings } from "./certified.ts";
import { pipeliteError } from "./errors.ts";
import { worstOf } from "./finding.ts";
import { identityInToken, signAs, type KeylessSigner } from "./keyless.ts";
import { stampFindings } from "./stamp.ts";

/** Somebody who signs. */
export interface Person {
  /** What a policy knows them by: the id of their key, or `personId`. */
  readonly id: string;
  /** Keeps in a home what verifies what they sign. */
  keep(home: Home): void;
  /** Signs what is made for the key that signs. */
  sign(make: (keyId: string) => Statement): Promise<Bundle>;
}

/** Who an identity is by the root that vouches for it: another root could name anybody so. @param root its `rootId` */
export function personId({ issuer, subject }: Identity, root: string): string {
  // In quotes, so that no subject can hold an issuer of its own.
  return `${JSON.stringify(subject)}, by ${JSON.stringify(issuer)}, by the root sha256:${root}`;
}

/** @param stamping gives timestamps of a signature, which hold by a trusted root (its JSON) */
export function personWith(
  key: SigningKey,
  stamping?: { stamp: (signature: Uint8Array) => Promise<Uint8Array[]>; rootFile: unknown },
): Person {
  return {
    id: key.publicKey.keyId,
    keep: ({ keyring }) => {
      keyring.keep(key.publicKey);
      if (stamping !== undefined) keyring.keepRoot(stamping.rootFile);
    },
    sign: async (make) => {
      const bundle = signStatement(make(key.publicKey.keyId), key);
      return stamping === undefined
        ? bundle
        : { ...bundle, timestamps: await stamping.stamp(bundle.signature) };
    },
  };
}

/** As who has a token: whom the authority names must be who the token says. @param rootFile JSON of the trusted root */
export function personAs(signer: KeylessSigner, rootFile: unknown): Person {
  const { issuer, subject } = identityInToken(signer.token);
  return {
    id: personId({ issuer, subject }, rootId(rootFile)),
    keep: ({ keyring }) => keyring.keepRoot(rootFile),
    sign: async (make) => {
      const { bundle, identity } = await signAs(make, signer);
      if (identity.issuer !== issuer || identity.subject !== subject)
        throw pipeliteError("SIGSTORE_FAILED", {
          url: signer.services.certificateAuthority,
          problem: `it certifies ${identity.subject}, by ${identity.issuer}, and the token is of ${subject}, by ${issuer}`,
        });
      return bundle;
    },
  };
}

export interface SignedByPerson {
  statement: Statement;
  /** As `Person.id`. */
  id: string;
  /** The earliest time that an authority stamped; ms since 1970. */
  stampedAt?: number;
}

/** Keys and roots of a home, read once. */
export type KnownKeys = Pick<Home["keyring"], "keys" | "roots">;

export function knownOf({ keyring: { keys, roots } }: Home): KnownKeys {
  return { keys, roots };
}

/**
 * A statement by somebody whose key, or whose root, this home keeps.
 * @throws PipeliteError BUNDLE_KEY_UNKNOWN, BUNDLE_SIGNATURE_WRONG, BUNDLE_UNVOUCHED, BUNDLE_INVALID, STATEMENT_INVALID
 */
export function signedByPerson({ keys, roots }: KnownKeys, bundle: Bundle): SignedByPerson {
  const { certificate, timestamps = [] } = bundle;
  if (certificate !== undefined) return byIdentity(roots, { ...bundle, certificate });
  const signed = { statement: verifyBundle(bundle, keys), id: bundle.keyId };
  if (timestamps.length === 0) return signed;
  const problems: string[] = [];
  for (const { root } of roots) {
    if (root.timestampAuthorities.length === 0) continue;
    const { findings, times } = stampFindings(bundle, { root, timestamps: "required" });
    if (worstOf(findings) === "holds")
      return { ...signed, stampedAt: times.reduce((a, b) => Math.min(a, b)) };
    problems.push(...findings.map(({ detail }) => detail));
  }
  throw unvouched("timestamp", problems);
}

function byIdentity(roots: KnownKeys["roots"], bundle: Bundle & { certificate: Uint8Array }): SignedByPerson {
  const problems: string[] = [];
  for (const { id, root } of roots) {
    const { findings, identity, key } = certifiedFindings(bundle, root);
    const open = findings.filter(({ status }) => status !== "holds");
    if (open.length > 0 || identity === undefined) {
      problems.push(...open.map(({ what, detail }) => `${what}: ${detail}`));
      continue;
    }
    const { times } = stampFindings(bundle, { root, timestamps: "required" });
    const stampedAt = times.reduce((a, b) => Math.min(a, b));
    return { statement: statementBy(bundle, key), id: personId(identity, id), stampedAt };
  }
  throw unvouched("certificate", problems);
}

function unvouched(what: string, problems: readonly string[]): Error {
  const problem = problems[0] ?? "this home keeps no trusted root";
  return pipeliteError("BUNDLE_UNVOUCHED", { what, problem });
}
