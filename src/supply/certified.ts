// Bundles that are signed without a key of one's own: by one that was made for a single signature, under a certificate that names who
// had it. All of what vouches for that must hold at the time of the signature, which somebody else stamps.
import { isPipeliteError } from "#base/errors.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { parseCertificate, PURPOSE, type Certificate } from "#sigstore/certificate.ts";
import { verifyChain } from "#sigstore/chain.ts";
import { identityOf, type Identity } from "#sigstore/identity.ts";
import { publicKeyOf, type PublicKey } from "#sigstore/key.ts";
import { verifyScts } from "#sigstore/sct.ts";
import { isInPeriod, type TrustedRoot } from "#sigstore/trusted-root.ts";
import { verifyLogged } from "#tlog/inclusion.ts";
import type { Note } from "#tlog/note.ts";
import { verifierOfLog } from "#tlog/trusted-log.ts";
import { fails, holds, type Finding } from "./finding.ts";
import { stampFindings } from "./stamp.ts";

export interface Certified {
  findings: Finding[];
  /** Whom the certificate names, and the key that it is of; what they signed is another matter. */
  identity?: Identity;
  key: PublicKey;
  /** The checkpoint of the log. */
  note?: Note;
}

/** Timestamps, the chain at each of them, the promise of a log of certificates, and the log of signatures: each must hold. */
export function certifiedFindings(
  bundle: Bundle & { certificate: Uint8Array },
  root: TrustedRoot,
): Certified {
  const certificate = parseCertificate(bundle.certificate);
  const key = publicKeyOf(certificate.key, "the certificate");
  const { findings: stamped, times } = stampFindings(bundle, { root, timestamps: "required" });
  const findings =
    root.timestampAuthorities.length === 0 ? [fails("timestamp", "no authority is trusted")] : stamped;
  const chains = times.map((at) => chainAt(certificate, root, at));
  findings.push(...chains.flatMap(({ finding }) => (finding === undefined ? [] : [finding])));
  const issuers = chains.flatMap(({ issuer }) => (issuer === undefined ? [] : [issuer]));
  const [issuer] = issuers;
  if (issuer !== undefined && issuers.length === times.length) {
    const until = new Date(certificate.notAfter).toISOString();
    findings.push(
      holds("certificate", `valid until ${until}, by an authority of the trusted root`),
      attempt("certificate log", () => verifyScts(certificate, issuer, root.certificateLogs).join(", ")),
    );
  }
  let identity: Identity | undefined;
  let note: Note | undefined;
  const named = attempt("subject", () => {
    identity = identityOf(certificate);
    return `${identity.subject}, by ${identity.issuer}`;
  });
  const logged = attempt("log", () => {
    const found = verifyInLog(bundle, certificate, root, times);
    ({ note } = found);
    return found.detail;
  });
  return {
    findings: [...findings, named, logged],
    key,
    ...(identity !== undefined && { identity }),
    ...(note !== undefined && { note }),
  };
}

interface ChainAt {
  issuer?: Certificate;
  finding?: Finding;
}

function chainAt(certificate: Certificate, { certificateAuthorities }: TrustedRoot, at: number): ChainAt {
  const usable = certificateAuthorities.filter(({ validFor }) => isInPeriod(validFor, at));
  const problems: string[] = [];
  for (const { certificates } of usable) {
    const root = certificates.at(-1);
    if (root === undefined) continue;
    try {
      const between = certificates.slice(0, -1);
      const [, issuer] = verifyChain(certificate, { root, between }, { at, purpose: PURPOSE.codeSigning });
      if (issuer !== undefined) return { issuer };
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      problems.push(error.message);
    }
  }
  const none = `no authority for certificates is trusted at ${new Date(at).toISOString()}`;
  return { finding: fails("certificate", problems.length === 0 ? none : [...new Set(problems)].join("; ")) };
}

function verifyInLog(
  bundle: Bundle,
  { key }: Certificate,
  { logs }: TrustedRoot,
  times: readonly number[],
): { detail: string; note: Note } {
  for (const trusted of logs) {
    if (bundle.log === undefined || !trusted.id.equals(bundle.log.logId)) continue;
    const verifier = verifierOfLog(trusted);
    const { origin, size, note } = verifyLogged(bundle, key, verifier);
    const late = times.find((time) => !isInPeriod(trusted.validFor, time));
    if (late !== undefined)
      throw new RangeError(`it is of a log that is not trusted at ${new Date(late).toISOString()}`);
    return { detail: `entry ${bundle.log.index} of ${size} of ${origin}`, note };
  }
  throw new RangeError(
    bundle.log === undefined ? "it has no entry of a log" : "its entry is of a log that is not trusted",
  );
}

function attempt(what: string, action: () => string): Finding {
  try {
    return holds(what, action());
  } catch (error) {
    if (!isPipeliteError(error) && !(error instanceof RangeError)) throw error;
    return fails(what, error.message);
  }
}
