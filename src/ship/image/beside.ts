// What lies beside an image: signatures that hold or not, by keys that are known or not, and bills of materials that list what is in
// the image or do not. What nobody can judge is untested.
import { isPipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";
import { readBom } from "#sbom/read.ts";
import { signedStatement } from "#ship/signed.ts";
import { BUNDLE_TYPE, IMAGE_PREDICATE, pathClaim } from "#ship/statement.ts";
import type { Statement } from "#sigstore/index.ts";
import { fails, holds, untested, worstOf, type Finding } from "#supply/finding.ts";
import { PROVENANCE_TYPE } from "#supply/provenance.ts";
import type { StoreBytes } from "#supply/store-bytes.ts";
import type { Trust } from "#supply/trust.ts";
import { verifyProvenance } from "#supply/verify.ts";
import type { ImageSource, ReadReferrer } from "./layout.ts";

export interface AttachmentContext {
  home: Home;
  /** Whom to believe of provenance; undefined: the keys that this home knows. */
  trust: Trust | undefined;
  bytes: StoreBytes;
  /** Path -> SHA-256 of its NAR in hex, as the layers have it: of the image that it is about, or of all where that is an index. */
  paths: ReadonlyMap<StorePath, string>;
  /** Gets the names of paths whose provenance holds. */
  vouched: Set<string>;
  /** Gets SHA-256 of images whose signature holds. */
  signed: Set<string>;
}

const TEXT_MAX = 64 * 2 ** 20;
const BILLS = ["application/spdx+json", "application/vnd.cyclonedx+json"];

/** @throws PipeliteError LAYOUT_INVALID where its bytes are not those that it is named by */
export async function besideFinding(
  source: ImageSource,
  { referrer }: ReadReferrer,
  beside: AttachmentContext,
): Promise<Finding> {
  const { artifactType, layers, subject } = referrer;
  const [content, other] = layers;
  const isBundle = artifactType === BUNDLE_TYPE;
  const what = isBundle ? "signed statement" : artifactType;
  if (content === undefined || other !== undefined) return untested(what, "it is no single document");
  if (content.size > TEXT_MAX) return untested(what, `it has ${content.size} bytes`);
  const text = Buffer.concat(await Array.fromAsync(source.blob(content))).toString();
  try {
    if (isBundle) return bundleFinding(text, subject.sha256, beside);
    if (BILLS.includes(artifactType)) return billFinding(artifactType, text, beside);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return fails(what, error.message);
  }
  return untested(what, "what it says is not known here");
}

function bundleFinding(text: string, image: string, beside: AttachmentContext): Finding {
  const { trust, bytes } = beside;
  const signed = signedStatement(text, beside);
  if ("status" in signed) return signed;
  const { statement, by } = signed;
  if (statement.predicateType === IMAGE_PREDICATE)
    return signatureFinding(statement, image, { ...beside, by });
  if (statement.predicateType !== PROVENANCE_TYPE)
    return untested("signed statement", `${statement.predicateType} is not known here`);
  const findings = trust === undefined ? [] : verifyProvenance(text, trust, bytes).findings;
  const open = findings.find(({ status }) => status === worstOf(findings) && status !== "holds");
  if (open !== undefined) return { ...open, what: `provenance ${open.what}` };
  return provenanceFinding(statement, beside, by);
}

function signatureFinding(
  statement: Statement,
  image: string,
  { paths, signed, by }: Pick<AttachmentContext, "paths" | "signed"> & { by: string },
): Finding {
  const problem = imageProblem(statement, image, paths);
  if (problem !== undefined) return fails("signature", problem);
  signed.add(image);
  return holds("signature", `of this image, ${by}`);
}

function provenanceFinding(
  { subject }: Statement,
  { paths, vouched }: Pick<AttachmentContext, "paths" | "vouched">,
  by: string,
): Finding {
  const hashes = new Map([...paths].map(([path, hash]) => [storePathBase(path), hash]));
  for (const { name, digest } of subject) {
    const hash = hashes.get(name);
    if (hash === undefined) return fails("provenance", `it is of ${name}, which is not in the image`);
    if (hash !== digest["sha256"]) return fails("provenance", `it is of other bytes of ${name}`);
  }
  for (const { name } of subject) vouched.add(name);
  return holds("provenance", `of ${subject.map(({ name }) => name).join(", ")}, ${by}`);
}

function imageProblem(
  { subject, predicate }: Statement,
  image: string,
  paths: ReadonlyMap<StorePath, string>,
): string | undefined {
  if (subject.length !== 1 || subject[0]?.digest["sha256"] !== image) return "it is of another image";
  const named = Array.isArray(predicate["paths"]) ? (predicate["paths"] as unknown[]) : [];
  const said = new Set(named.map((each) => JSON.stringify(each)));
  const found = [...paths].map(([path, narHash]) => JSON.stringify(pathClaim(path, narHash)));
  return said.size === found.length && found.every((each) => said.has(each))
    ? undefined
    : "it names other paths than are in the image";
}

/** A bill is of a whole run, and may list more than is in one image. */
function billFinding(what: string, text: string, { paths }: AttachmentContext): Finding {
  const listed = new Map(readBom(text).components.map(({ path = "", hash }) => [path, hash]));
  for (const [path, narHash] of paths) {
    if (!listed.has(path)) return fails(what, `${path} is in the image and not listed`);
    if (listed.get(path) !== narHash) return fails(what, `${path} is listed with another hash`);
  }
  return holds(what, `it lists all ${paths.size} paths of the image, with their hashes`);
}
