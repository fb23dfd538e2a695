// The attestations of a run: bundles in a folder, made once and kept, and whether each output has one that holds. A file is taken for
// what its statement says, whatever it is called.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { readNamedText, writeFileAtomically } from "#base/files.ts";
import { memberAt, messageOf } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import { knownLogs } from "#home/former-logs.ts";
import { TransparencyLog } from "#home/log.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseHash } from "#nix/hash.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import { parseBundle, writeBundle, type Bundle } from "#sigstore/bundle.ts";
import { identityOf } from "#sigstore/identity.ts";
import { parseCertificate } from "#sigstore/certificate.ts";
import { publicKeyOf, type PublicKey, type SigningKey } from "#sigstore/key.ts";
import { statementBy, verifyBundle } from "#sigstore/sign.ts";
import { writeStatement, type Statement } from "#sigstore/statement.ts";
import { verifyLogged } from "#tlog/inclusion.ts";
import { attest, builderKey, type Vouching } from "./attest.ts";
import { fails, holds, worstOf, type Finding } from "./finding.ts";
import { goneOf, journalledOf, loggedElsewhere } from "./gone.ts";
import { inFolder } from "./new-folder.ts";
import { builderOfStatement, provenanceOf, PROVENANCE_TYPE } from "./provenance.ts";
import { isSbomStatement } from "./sbom-statement.ts";
import type { StoreBytes } from "./store-bytes.ts";
import type { Trust } from "./trust.ts";
import { verifyAttested, type VerifiedProvenance } from "./verify.ts";

const ENDING = ".sigstore.json";

/** A file in a folder of bundles. */
export interface BundleFile {
  name: string;
  /** `sha256:<hex>` of the file; empty where it can't be read. */
  digest: string;
  bundle: Bundle | undefined;
  /** Why it is no bundle. */
  problem: string;
}

/** What should have been attested: an output of a run, or a path. */
export interface WantedOutput {
  /** The stage, or the path's own name. */
  name: string;
  /** Name in the store. */
  base: string;
  /** SHA-256 of its NAR, in hex; what the store has counts where it is left out. */
  narHash?: string;
}

/** Where the bundles of a run are kept, relative to `<home>/pipelite`. */
export function attestationsFolder(runId: string): string {
  return `attestations/${runId}`;
}

/** Names of the runs that have such a folder. */
export function attestedRuns({ layout }: Home): string[] {
  return existsSync(layout.attestations) ? readdirSync(layout.attestations).toSorted() : [];
}

/** All bundles of a folder, by name; none where there is no such folder. */
export function readBundles(folder: string): BundleFile[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ENDING)) : [];
  return names.toSorted().map((name) => {
    let digest = "";
    try {
      const text = readNamedText(join(folder, name));
      digest = digestOf(text);
      return { name, digest, bundle: parseBundle(text), problem: "" };
    } catch (error) {
      // What is no file, or can't be read, is no bundle either.
      if (!isPipeliteError(error) && systemErrorCode(error) === undefined) throw error;
      return { name, digest, bundle: undefined, problem: messageOf(error) };
    }
  });
}

/** The outputs of a run that there can be provenance of. */
export function outputsOf({ record }: ReadRun): Required<WantedOutput>[] {
  return record.stages.flatMap(({ name, drvPath, outPath, narHash }) =>
    drvPath === undefined || outPath === undefined || narHash === undefined
      ? []
      : [
          {
            name,
            base: storePathBase(parseStorePath(outPath)),
            narHash: hex(parseHash(narHash).bytes),
          },
        ],
  );
}

/** Who attests: makes bundles of statements, and tells which of those that are there will do. */
export interface Attester {
  attest(statements: readonly Statement[]): Promise<Bundle[]>;
  /** Whether a bundle of the same statement is as good as one that would be made. */
  isGood(bundle: Bundle): boolean;
  /** Kept in the home, for those who verify there; whoever has no key of their own has none. */
  publicKey?: PublicKey;
}

/** By a key, and the log of the home. */
export function keyAttester(
  home: Home,
  key: SigningKey = builderKey(home),
  vouching: Vouching = {},
): Attester {
  return {
    attest: (statements) => attest(home, statements, key, vouching),
    isGood: isLoggedBy(home, key),
    publicKey: key.publicKey,
  };
}

/**
 * Attests each output of a run, and keeps the bundles. One that is there, by the same signer and of the same statement, stays; none
 * is ever written over, since a release may name it.
 * @param by default: the key of the home
 * @returns files of them, relative to `<home>/pipelite`, with their digests
 * @throws PipeliteError PROVENANCE_MISSING, RECORD_CHANGED, LOG_DAMAGED, LOG_REWRITTEN, BUILDER_KEY_OPEN, and those of `by`
 */
export async function attestRun(
  home: Home,
  runId: string,
  by: Attester = keyAttester(home),
): Promise<{ file: string; digest: string }[]> {
  const made = provenanceOf(home, runId, []);
  const folder = attestationsFolder(home.runs.read(runId).runId);
  const path = home.pathOf(folder);
  const there = readBundles(path);
  const known = made.map(({ statement }) => {
    const payload = Buffer.from(writeStatement(statement));
    return there.find(
      ({ bundle }) => bundle !== undefined && payload.equals(bundle.payload) && by.isGood(bundle),
    );
  });
  const missing = made.filter((_, index) => known[index] === undefined);
  const bundles = missing.length === 0 ? [] : await by.attest(missing.map(({ statement }) => statement));
  if (by.publicKey !== undefined) home.keyring.keep(by.publicKey);
  const written = inFolder(home, path, (place) => {
    const rows = missing.map(({ stage }, index) => {
      const bundle = bundles[index];
      if (bundle === undefined) throw new Error("each statement has a bundle");
      const name = freeName(place, stage);
      const text = writeBundle(bundle);
      // Its line is on the disk before this would be.
      writeFileAtomically(join(place, name), text, { flush: true });
      return [stage, { name, digest: digestOf(text) }] as const;
    });
    return new Map(rows);
  });
  const kept = made.map(({ stage }, index) => {
    const file = known[index] ?? written.get(stage);
    if (file === undefined) throw new Error("each output has a bundle");
    return { file: `${folder}/${file.name}`, digest: file.digest };
  });
  await journalKept(home, runId, kept);
  return kept;
}

/** A line for each bundle that has none, and a checkpoint that speaks for them: one that is taken away is missed. */
async function journalKept(
  home: Home,
  runId: string,
  kept: readonly { file: string; digest: string }[],
): Promise<void> {
  const subject = home.runs.read(runId).runId;
  const known = journalledOf(home, subject);
  const fresh = kept.filter(({ file, digest }) => known.get(file) !== digest);
  for (const { file, digest } of fresh) home.journal.append({ kind: "attestation", subject, file, digest });
  if (fresh.length > 0) await new TransparencyLog(home).publish();
}

/** Whether a bundle is by this key and in the log of this home. */
function isLoggedBy(home: Home, { publicKey }: SigningKey): (bundle: Bundle) => boolean {
  const { verifier } = new TransparencyLog(home);
  return (bundle) => {
    try {
      verifyBundle(bundle, [publicKey]);
      return verifier !== undefined && verifyLogged(bundle, publicKey.key, verifier).size > 0;
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      return false;
    }
  };
}

function freeName(folder: string, stage: string): string {
  for (let number = 1; ; number += 1) {
    const name = `${stage}${number === 1 ? "" : `.${number}`}${ENDING}`;
    if (!existsSync(join(folder, name))) return name;
  }
}

export interface VerifiedOutputs {
  findings: Finding[];
  /** Of the bundles that hold. */
  statements: Statement[];
  files: BundleFile[];
}

const UNBUILT = "no bundle says that it was built here; one that is a source is trusted by `sources`";

/**
 * Every output by those whom the trust file names: one bundle of each must hold, and no bundle may be there that does not.
 * @param runDigest `sha256:<hex>` of the record of the run that they must be of; of any run without it
 */
export function verifyOutputs(
  files: readonly BundleFile[],
  outputs: readonly WantedOutput[],
  { trust, bytes, runDigest }: { trust: Trust; bytes: StoreBytes; runDigest?: string },
): VerifiedOutputs {
  const judged = files.map((file) => ({ file, ...judge(file, trust, bytes) }));
  const used: typeof judged = [];
  const ofOutputs = outputs.flatMap((output) => {
    const what = `provenance/${output.name}`;
    const own = judged
      .filter(({ statement }) => isOf(statement, output))
      .map((each) => ({
        ...each,
        findings: [...each.findings, ...ofRun(each.statement, output, runDigest)],
      }));
    const good = own.find(({ findings }) => worstOf(findings) === "holds");
    if (good?.statement !== undefined) {
      used.push(good);
      return [holds(what, `${builderOfStatement(good.statement).id} (${good.file.name})`)];
    }
    const [first] = own;
    if (first === undefined) return [fails(what, UNBUILT)];
    return first.findings
      .filter(({ status }) => status !== "holds")
      .map((each) => ({
        ...each,
        what: `${what} ${each.what}`,
        detail: `${each.detail} (${first.file.name})`,
      }));
  });
  const spoiled = judged.flatMap(({ file: { name }, findings, statement }) =>
    statement === undefined
      ? findings
          .filter(({ status }) => status !== "holds")
          .map((each) => ({ ...each, what: `bundle ${name}` }))
      : [],
  );
  return {
    findings: [
      ...(outputs.length === 0 ? [fails("provenance", "there is no output")] : ofOutputs),
      ...spoiled,
    ],
    statements: used.flatMap(({ statement }) => (statement === undefined ? [] : [statement])),
    files: used.map(({ file }) => file),
  };
}

/** Each bundle of a folder by itself. */
export function verifyBundles(
  files: readonly BundleFile[],
  { trust, bytes }: { trust: Trust; bytes: StoreBytes },
): VerifiedOutputs {
  const judged = files.map((file) => ({ file, ...judge(file, trust, bytes) }));
  const good = judged.filter(({ findings }) => worstOf(findings) === "holds");
  const findings = judged.flatMap(({ file: { name }, findings: all, statement }) => {
    const open = all.filter(({ status }) => status !== "holds");
    const over =
      statement === undefined
        ? ""
        : `${statement.subject[0]?.name ?? ""}, ${builderOfStatement(statement).id || statement.predicateType}`;
    return open.length === 0
      ? [holds(`bundle ${name}`, over)]
      : open.map((each) => ({ ...each, what: `bundle ${name} ${each.what}` }));
  });
  return {
    findings: files.length === 0 ? [fails("bundles", `there is no file *${ENDING}`)] : findings,
    // A bill of materials says nothing of who built what.
    statements: good.flatMap(({ statement }) =>
      statement === undefined || isSbomStatement(statement) ? [] : [statement],
    ),
    files: good.map(({ file }) => file),
  };
}

function judge(
  { bundle, problem }: BundleFile,
  trust: Trust,
  bytes: StoreBytes,
): Partial<VerifiedProvenance> & Pick<VerifiedProvenance, "findings"> {
  return bundle === undefined
    ? { findings: [fails("bundle", problem)] }
    : verifyAttested(bundle, trust, bytes);
}

function isOf(statement: Statement | undefined, { base }: WantedOutput): boolean {
  return statement?.predicateType === PROVENANCE_TYPE && statement.subject.some(({ name }) => name === base);
}

/** That it is of the bytes and of the run that are meant: what an older run signed is true, and of another run. */
function ofRun(statement: Statement | undefined, { narHash }: WantedOutput, runDigest?: string): Finding[] {
  const hash = statement?.subject[0]?.digest["sha256"] ?? "";
  const run = runOf(statement);
  return [
    ...(narHash === undefined || hash === narHash
      ? []
      : [fails("output", `it is of bytes with the hash ${hash}, and the record has ${narHash}`)]),
    ...(runDigest === undefined || run === runDigest
      ? []
      : [fails("run", `it is of the run with the record ${run ?? "that it does not name"}`)]),
  ];
}

/** `sha256:<hex>` of the record of the run that a statement is of. */
export function runOf(statement: Statement | undefined): string | undefined {
  const byproducts = memberAt(statement?.predicate, "runDetails", "byproducts");
  const record = Array.isArray(byproducts)
    ? byproducts.find((each) => memberAt(each, "name") === "run.json")
    : undefined;
  const digest = memberAt(record, "digest", "sha256");
  return typeof digest === "string" ? `sha256:${digest}` : undefined;
}

function certifiedHere(
  what: string,
  bundle: Bundle & { certificate: Uint8Array },
): { finding: Finding; statement: Statement } {
  const certificate = parseCertificate(bundle.certificate);
  const { subject, issuer } = identityOf(certificate);
  const statement = statementBy(bundle, publicKeyOf(certificate.key, "the certificate"));
  const detail = `under a certificate that names ${subject}, by ${issuer}: whether it is theirs only a trust file tells`;
  return { finding: holds(what, detail), statement };
}

/**
 * The attestations that a home keeps of a run, by keys that it knows and in its own log: whose they are is asked of a trust file. Each
 * output must have one, and none that the journal has may be gone; nothing where none was ever made.
 */
export function ownAttestations(home: Home, run: ReadRun): Finding[] {
  const files = readBundles(home.pathOf(attestationsFolder(run.runId)));
  const gone = goneOf(home, run);
  if (files.length === 0) return gone.length > 0 ? gone : loggedElsewhere(home, run);
  const logs = knownLogs(home);
  const { keys } = home.keyring;
  const journalled = journalledOf(home, run.runId);
  const judged = files.map(
    ({ name, digest, bundle, problem }): { finding: Finding; statement?: Statement } => {
      const what = `attestation ${name}`;
      if (bundle === undefined) return { finding: fails(what, problem) };
      try {
        const { certificate } = bundle;
        if (certificate !== undefined) {
          // Whose certificate that is can't be told here: that this home kept such a bundle can.
          if (journalled.get(`${attestationsFolder(run.runId)}/${name}`) !== digest)
            return {
              finding: fails(what, "it is signed under a certificate, and this home did not keep it"),
            };
          return certifiedHere(what, { ...bundle, certificate });
        }
        const statement = verifyBundle(bundle, keys);
        const key = keys.find(({ keyId }) => keyId === bundle.keyId);
        const verifier =
          logs.find(({ id }) => bundle.log !== undefined && id.equals(bundle.log.logId)) ?? logs[0];
        if (verifier === undefined || key === undefined)
          return { finding: fails(what, "this home has no log") };
        const { origin } = verifyLogged(bundle, key.key, verifier);
        return {
          finding: holds(what, `by the key ${bundle.keyId}, entry ${bundle.log?.index ?? 0} of ${origin}`),
          statement,
        };
      } catch (error) {
        if (!isPipeliteError(error)) throw error;
        return { finding: fails(what, messageOf(error)) };
      }
    },
  );
  const missing = outputsOf(run).flatMap((output) => {
    const own = judged.filter(({ statement }) => isOf(statement, output));
    const isThere = own.some(({ statement }) => ofRun(statement, output, run.digest).length === 0);
    return isThere ? [] : [fails(`attestation of ${output.name}`, "no bundle is of this output of this run")];
  });
  return [...judged.map(({ finding }) => finding), ...gone, ...missing];
}
