// Whether a certificate leads to one that is trusted, at a time. Specification: RFC 5280, section 6, for chains that need no policies
// and no constraints on names: a certificate that has what is not understood here, and must be, leads nowhere.
import { isPipeliteError } from "#base/errors.ts";
import {
  authorityOf,
  EXTENSION,
  isIssuedBy,
  KEY_USAGE,
  mayUseKeyFor,
  purposesOf,
  type Certificate,
} from "./certificate.ts";
import { pipeliteError } from "./errors.ts";

export interface TrustAnchors {
  /** Trusted, whoever issued it. */
  root: Certificate;
  /** What may stand between; trusted only as far as it leads to the root. */
  between: readonly Certificate[];
}

const LENGTH_MAX = 8;
/** Signatures that are verified for one chain: certificates of the same name could all issue each other, in any order. */
const CHECKS_MAX = 100;
const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectNames,
  EXTENSION.basicConstraints,
  EXTENSION.policies,
  EXTENSION.extendedKeyUsage,
]);

/**
 * The certificates from this one to the root.
 * @param at ms since 1970: each must be valid then
 * @param purpose that the first must have, and those above it where they name any
 * @throws PipeliteError CHAIN_INVALID
 */
export function verifyChain(
  leaf: Certificate,
  { root, between }: TrustAnchors,
  { at, purpose }: { at: number; purpose: string },
): Certificate[] {
  const problems: string[] = [];
  let checks = 0;
  const isIssued = (certificate: Certificate, by: Certificate): boolean => {
    if (!by.subject.equals(certificate.issuer)) return false;
    checks += 1;
    if (checks > CHECKS_MAX)
      throw pipeliteError("CHAIN_INVALID", { problem: "too many could have issued it" });
    return isSignedByIssuer(certificate, by);
  };
  const visit = (path: readonly Certificate[]): Certificate[] | undefined => {
    const last = path.at(-1) ?? leaf;
    if (last.raw.equals(root.raw)) {
      const problem = problemOf(path, at, purpose);
      if (problem === undefined) return [...path];
      problems.push(problem);
      return undefined;
    }
    if (path.length === LENGTH_MAX) return undefined;
    for (const next of [root, ...between]) {
      if (path.some(({ raw }) => raw.equals(next.raw)) || !isIssued(last, next)) continue;
      const found = visit([...path, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = visit([leaf]);
  if (found !== undefined) return found;
  throw pipeliteError("CHAIN_INVALID", {
    problem: problems[0] ?? "it leads to no authority that is trusted",
  });
}

function isSignedByIssuer(certificate: Certificate, by: Certificate): boolean {
  try {
    return isIssuedBy(certificate, by);
  } catch (error) {
    if (isPipeliteError(error)) return false;
    throw error;
  }
}

function problemOf(path: readonly Certificate[], at: number, purpose: string): string | undefined {
  if (path.length < 2) return "it is its own authority";
  for (const [index, certificate] of path.entries()) {
    const whose = index === 0 ? "it" : `the certificate ${index} above it`;
    const { notBefore, notAfter, extensions } = certificate;
    if (at < notBefore || at > notAfter) {
      const times = [notBefore, notAfter].map((time) => new Date(time).toISOString());
      return `${whose} is valid from ${times.join(" to ")}, and not at ${new Date(at).toISOString()}`;
    }
    const unknown = [...extensions].find(([oid, { isCritical }]) => isCritical && !UNDERSTOOD.has(oid));
    if (unknown !== undefined) return `${whose} has the extension ${unknown[0]}, which is not understood`;
    if (extensions.has(EXTENSION.nameConstraints))
      return `${whose} constrains names, which is not understood`;
    const purposes = purposesOf(certificate);
    if (index === 0 ? purposes?.includes(purpose) !== true : purposes?.includes(purpose) === false)
      return `${whose} is not for the purpose ${purpose}`;
    const authority = authorityOf(certificate);
    if (index === 0) {
      if (authority !== undefined) return "it is an authority itself";
      if (!mayUseKeyFor(certificate, KEY_USAGE.digitalSignature)) return "its key may sign nothing";
    } else {
      if (authority === undefined || !mayUseKeyFor(certificate, KEY_USAGE.keyCertSign))
        return `${whose} may issue none`;
      if (index - 1 > authority.below) return `${whose} may have ${authority.below} below it`;
    }
  }
  return undefined;
}
