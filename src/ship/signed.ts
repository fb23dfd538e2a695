// Who signed a statement about something that is shipped, and whether their word counts: by the keys that a home knows, or by those whom
// a trust file names and nobody else.
import type { Home } from "#home/home.ts";
import { parseBundle, verifyBundle, type Statement } from "#sigstore/index.ts";
import { builderPublicKey } from "#supply/attest.ts";
import { fails, untested, worstOf, type Finding } from "#supply/finding.ts";
import type { Trust } from "#supply/trust.ts";
import { verifySigner } from "#supply/verify.ts";

export interface Believed {
  home: Home;
  /** Whom to believe; undefined: the keys that this home knows. */
  trust: Trust | undefined;
}

export interface SignedStatement {
  statement: Statement;
  /** Who, for people. */
  by: string;
}

/**
 * @returns the finding where nobody who counts has signed it
 * @throws PipeliteError BUNDLE_INVALID and its like where it is no bundle, or its signature is none
 */
export function signedStatement(text: string, { home, trust }: Believed): SignedStatement | Finding {
  const what = "signed statement";
  const bundle = parseBundle(text);
  const { keyId } = bundle;
  const isCertified = bundle.certificate !== undefined;
  if (trust === undefined) {
    const builder = builderPublicKey(home);
    const keys = [...home.keyring.keys, ...(builder === undefined ? [] : [builder])];
    if (isCertified || !keys.some((key) => key.keyId === keyId)) {
      const who = isCertified ? "a certificate" : `the key ${keyId}`;
      return untested(what, `by ${who}, and whom to believe is said by --trust`);
    }
    return { statement: verifyBundle(bundle, keys), by: `by the key ${keyId}, which this home knows` };
  }
  const { findings, statement, builders } = verifySigner(bundle, trust);
  const open = findings.find(({ status }) => status === worstOf(findings) && status !== "holds");
  if (open !== undefined) return { ...open, what: `${what} ${open.what}` };
  if (statement === undefined) return untested(what, "nothing is said");
  // Who may speak for some builders only does so for one of those that are trusted.
  if (builders?.some((each) => trust.builders.includes(each)) === false)
    return fails(what, "its signer may not speak for a builder that is trusted");
  const who = isCertified ? "the identity of its certificate" : `the key ${keyId}`;
  return { statement, by: `by ${who}, whom the trust file names` };
}
