// Verification of provenance, offline: the signature by a trusted key, the log's proof, the builder and the pipeline by what is
// trusted, and the subject against the bytes of the store. What could not be looked at is `untested`, and the whole is then
// no pass.
import { isPipeliteError } from "#base/errors.ts";
import { isObject, memberAt } from "#base/strict-json.ts";
import { parseBundle, type Bundle } from "#sigstore/bundle.ts";
import { statementBy, verifyBundle } from "#sigstore/sign.ts";
import type { Statement } from "#sigstore/statement.ts";
import { verifyLogged } from "#tlog/inclusion.ts";
import { verifyNote, type NoteVerifier } from "#tlog/note.ts";
import { dependencyFindings, sourceFindings, subjectFindings } from "./built-from.ts";
import { certifiedFindings } from "./certified.ts";
import { fails, holds, worstOf, type Finding } from "./finding.ts";
import { builderOfStatement, BUILD_TYPE, PROVENANCE_TYPE } from "./provenance.ts";
import { isSbomStatement, sbomSubjects } from "./sbom-statement.ts";
import { stampFindings } from "./stamp.ts";
import type { StoreBytes } from "./store-bytes.ts";
import type { Trust, TrustedKey } from "./trust.ts";

export interface VerifiedProvenance {
  /** `untested`: nothing fails, but not all that was asked could be looked at. */
  status: Finding["status"];
  keyId: string;
  findings: Finding[];
  statement?: Statement;
}

/**
 * One bundle, with what it was built from.
 * @throws PipeliteError BUNDLE_INVALID
 */
export function verifyProvenance(text: string, trust: Trust, bytes: StoreBytes): VerifiedProvenance {
  const { keyId, findings, statement } = verifyAttested(parseBundle(text), trust, bytes);
  const all = [...findings, ...(statement === undefined ? [] : sourceFindings([statement], trust))];
  return { status: worstOf(all), keyId, findings: all, ...(statement !== undefined && { statement }) };
}

/** The same without the sources: those are asked of all bundles of a run together. */
export function verifyAttested(
  bundle: Bundle,
  trust: Trust,
  bytes: StoreBytes,
): Omit<VerifiedProvenance, "status"> {
  const { keyId } = bundle;
  const { findings: signed, statement, builders } = verifySigner(bundle, trust);
  if (statement === undefined) return { keyId, findings: signed };
  // What it lists is looked at where the trust file asks for that.
  if (isSbomStatement(statement))
    return { keyId, findings: [...signed, ...sbomSubjects(statement, bytes)], statement };
  if (statement.predicateType !== PROVENANCE_TYPE) {
    const wrong = fails("type", `it is ${statement.predicateType}, not ${PROVENANCE_TYPE}`);
    return { keyId, findings: [...signed, wrong], statement };
  }
  const findings = [
    ...signed,
    ...buildFindings(statement, trust, builders),
    ...subjectFindings(statement, bytes),
    ...dependencyFindings(statement, trust, bytes),
  ];
  return { keyId, findings, statement };
}

/** Who signed a bundle, whatever it says. */
export function verifySigner(bundle: Bundle, trust: Trust): JudgedStatement {
  const { certificate } = bundle;
  return certificate === undefined ? byKey(bundle, trust) : byIdentity({ ...bundle, certificate }, trust);
}

export interface JudgedStatement {
  findings: Finding[];
  /** What is signed by somebody who is trusted. */
  statement?: Statement;
  /** The builders that they may speak for; any without it. */
  builders?: readonly string[] | undefined;
}

function byKey(bundle: Bundle, trust: Trust): JudgedStatement {
  const { keyId } = bundle;
  const trusted = trust.keys.find(({ key }) => key.keyId === keyId);
  let statement: Statement;
  try {
    statement = verifyBundle(
      bundle,
      trust.keys.map(({ key }) => key),
    );
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { findings: [fails("signature", error.message)] };
  }
  const { findings: logged, seenAt } = logFindings(bundle, trust, trusted);
  const stamped = stampFindings(bundle, trust);
  const findings = [
    holds("signature", `by the key ${keyId}`),
    keyFinding(statement, trusted, { seenAt, stampedAt: stamped.times }),
    ...stamped.findings,
    ...logged,
  ];
  return { findings, statement, builders: trusted?.builders };
}

/** Nothing that is signed counts before all that vouches for the certificate holds, and it names somebody who is trusted. */
function byIdentity(
  bundle: Bundle & { certificate: Uint8Array },
  { root, identities = [], witnesses }: Trust,
): JudgedStatement {
  if (root === undefined || identities.length === 0)
    return { findings: [fails("signature", "it is signed under a certificate, and no identity is trusted")] };
  const { findings, identity, key, note } = certifiedFindings(bundle, root);
  const trusted = identities.find(
    ({ issuer, subject }) => issuer === identity?.issuer && subject === identity.subject,
  );
  const all = [
    ...findings,
    ...(note === undefined
      ? []
      : witnesses.map((witness) => witnessFinding(witness, verifyNote(note, witness)))),
    ...(identity === undefined || trusted !== undefined
      ? []
      : [fails("identity", `${identity.subject}, by ${identity.issuer}, is not trusted`)]),
  ];
  if (worstOf(all) !== "holds") return { findings: all };
  try {
    const statement = statementBy(bundle, key);
    return {
      findings: [...all, holds("signature", "by the key of the certificate")],
      statement,
      builders: trusted?.builders,
    };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { findings: [...all, fails("signature", error.message)] };
  }
}

/**
 * Times of a statement are its signer's own word: they can only narrow what a key may have signed. Whoever has stolen a key can
 * name any; what a witness saw before the theft, or an authority stamped, is older than it.
 */
function keyFinding(
  { predicate }: Statement,
  trusted: TrustedKey | undefined,
  { seenAt, stampedAt }: { seenAt: number | undefined; stampedAt: readonly number[] },
): Finding {
  const { from, until, revoked } = trusted ?? {};
  const known = [...stampedAt, ...(seenAt === undefined ? [] : [seenAt])];
  if (revoked !== undefined && !known.some((time) => time < Date.parse(revoked)))
    return fails("key", `it is revoked since ${revoked}, and no witness and no timestamp is from before`);
  if (from === undefined && until === undefined) return holds("key", "trusted without an end");
  const finished =
    memberAt(predicate, "runDetails", "metadata", "finishedOn") ?? memberAt(predicate, "finishedOn");
  const time = typeof finished === "string" ? Date.parse(finished) : Number.NaN;
  const times = [...(Number.isNaN(time) ? [] : [time]), ...stampedAt];
  const [first] = times;
  if (first === undefined) return fails("key", "it is trusted for a time, and the statement names none");
  for (const each of times) {
    if (from !== undefined && each < Date.parse(from)) return fails("key", `it is trusted from ${from} on`);
    if (until !== undefined && each > Date.parse(until)) return fails("key", `it is trusted until ${until}`);
  }
  return holds("key", `trusted at ${new Date(first).toISOString()}`);
}

interface Logged {
  findings: Finding[];
  /** When the first of the witnesses that were asked for saw it; ms. */
  seenAt?: number;
}

function logFindings(bundle: Bundle, { logs, witnesses }: Trust, trusted: TrustedKey | undefined): Logged {
  if (logs.length === 0 || trusted === undefined) return { findings: [] };
  const problems: string[] = [];
  for (const log of logs) {
    try {
      const { origin, size, note } = verifyLogged(bundle, trusted.key.key, log);
      const seen = witnesses.map((witness) => ({ witness, seconds: verifyNote(note, witness) }));
      const times = seen.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds * 1000]));
      return {
        findings: [
          holds("log", `entry ${bundle.log?.index ?? 0} of ${size} of ${origin}`),
          ...seen.map(({ witness, seconds }) => witnessFinding(witness, seconds)),
        ],
        ...(times.length > 0 && { seenAt: times.reduce((a, b) => Math.min(a, b)) }),
      };
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      problems.push(error.message);
    }
  }
  return { findings: [fails("log", problems.join("; "))] };
}

function witnessFinding({ name }: NoteVerifier, seconds: number | undefined): Finding {
  return seconds === undefined
    ? fails(`witness ${name}`, "it has not signed the checkpoint")
    : holds(`witness ${name}`, `signed at ${new Date(seconds * 1000).toISOString()}`);
}

function buildFindings(
  statement: Statement,
  { builders, pipelines }: Trust,
  ofSigner: readonly string[] | undefined,
): Finding[] {
  const definition = memberAt(statement.predicate, "buildDefinition");
  const type = memberAt(definition, "buildType");
  const { id: builder } = builderOfStatement(statement);
  const pipeline = memberAt(definition, "internalParameters", "pipeline");
  const parameters = memberAt(definition, "externalParameters");
  const unknown = isObject(parameters)
    ? Object.keys(parameters).filter((name) => name !== "derivation")
    : ["none"];
  const isOfSigner = ofSigner?.includes(builder) ?? true;
  return [
    type === BUILD_TYPE ? holds("type", BUILD_TYPE) : fails("type", `its build type is ${String(type)}`),
    unknown.length === 0
      ? holds("parameters", "the derivation alone")
      : fails("parameters", `what was asked for is not known: ${unknown.join(", ")}`),
    !builders.includes(builder)
      ? fails("builder", `${builder || "none"} is not trusted`)
      : isOfSigner
        ? holds("builder", builder)
        : fails("builder", `its signer may not speak for ${builder}`),
    ...(pipelines === undefined
      ? []
      : [
          typeof pipeline === "string" && pipelines.includes(pipeline)
            ? holds("pipeline", pipeline)
            : fails("pipeline", `${String(pipeline)} is not trusted`),
        ]),
  ];
}
