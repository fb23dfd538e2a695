// The bill of materials that a trust file asks for: a document beside the bundles that lists all of the closure, held to the store, or
// one in a bundle that somebody signed who is trusted. What it says of packages stays its maker's word.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { readNamedText } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import type { ClosureKind } from "#sbom/bom.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { parseStatement } from "#sigstore/statement.ts";
import type { Store } from "#store/store.ts";
import { readBundles, type BundleFile } from "./attestations.ts";
import { fails, holds, untested, worstOf, type Finding } from "./finding.ts";
import { sbomFindings } from "./sbom-check.ts";
import { documentOf, isSbomStatement, sbomSubjects } from "./sbom-statement.ts";
import type { StoreBytes } from "./store-bytes.ts";
import type { Trust } from "./trust.ts";
import { verifySigner } from "./verify.ts";

/** As `pipelite sbom --out` calls them. */
const DOCUMENT = /\.(cdx|cdx16|spdx|spdx3)\.json$/;

export interface DemandedSbom {
  findings: Finding[];
  /** The document that holds. */
  files: Pick<BundleFile, "name" | "digest">[];
}

/**
 * One of the documents of a folder must list the closure; the others may be of the other one.
 * @param folder undefined where there is none that they would be in
 * @param roots what the closure is of; undefined where that is not known
 */
export function demandedSbom(
  folder: string | undefined,
  closure: ClosureKind,
  { bytes, roots, trust }: { bytes: StoreBytes; roots: readonly StorePath[] | undefined; trust: Trust },
): DemandedSbom {
  const { store } = bytes;
  const what = "SBOM";
  if (folder === undefined || roots === undefined) {
    const unknown = folder === undefined ? "no folder was given" : "the record of the run is not here";
    return {
      findings: [untested(what, `${unknown}: that it has the ${closure} closure is not shown`)],
      files: [],
    };
  }
  if (trust.sbomSignature !== undefined) return signedSbom(folder, closure, { bytes, roots, trust });
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => DOCUMENT.test(name)) : [];
  const open: Finding[] = [];
  for (const name of names.toSorted()) {
    const { digest, findings } = judge(join(folder, name), { store, roots });
    if (worstOf(findings) === "holds")
      return {
        findings: [holds(what, `${name} lists the ${closure} closure, as this store has it`)],
        files: [{ name, digest }],
      };
    const worst = findings.find(({ status }) => status === worstOf(findings));
    open.push({ ...(worst ?? fails(what, "")), what: `${what} ${name}` });
  }
  const none = fails(
    what,
    `there is no document of the ${closure} closure: \`pipelite sbom --out\` writes it`,
  );
  return { findings: open.length === 0 ? [none] : open, files: [] };
}

/** As the other, in a bundle: signed by somebody who is trusted, over results that are here with these bytes. */
function signedSbom(
  folder: string,
  closure: ClosureKind,
  { bytes, roots, trust }: { bytes: StoreBytes; roots: readonly StorePath[]; trust: Trust },
): DemandedSbom {
  const what = "SBOM";
  const { store } = bytes;
  const open: Finding[] = [];
  for (const { name, digest, bundle } of readBundles(folder)) {
    if (bundle === undefined || !isSbom(bundle)) continue;
    const { findings: signed, statement } = verifySigner(bundle, trust);
    const strange = statement?.subject.find(
      ({ name: base }) => !roots.some((path) => storePathBase(path) === base),
    );
    const findings = [
      ...signed,
      ...(statement === undefined ? [] : sbomSubjects(statement, bytes)),
      ...(strange === undefined ? [] : [fails("subject", `${strange.name} is none of the results`)]),
      ...(statement === undefined ? [] : sbomFindings(documentOf(statement), { store, roots })),
    ];
    if (worstOf(findings) === "holds")
      return {
        findings: [holds(what, `${name} is signed, and lists the ${closure} closure, as this store has it`)],
        files: [{ name, digest }],
      };
    const worst = findings.find(({ status }) => status === worstOf(findings));
    open.push({ ...(worst ?? fails(what, "")), what: `${what} ${name} ${worst?.what ?? ""}` });
  }
  const none = fails(
    what,
    `there is no signed document of the ${closure} closure: \`pipelite sbom --sign --out\` writes it`,
  );
  return { findings: open.length === 0 ? [none] : open, files: [] };
}

/** Whether it says that it is one: who says so is looked at afterwards. */
function isSbom({ payload }: Bundle): boolean {
  try {
    return isSbomStatement(parseStatement(payload));
  } catch (error) {
    if (isPipeliteError(error)) return false;
    throw error;
  }
}

function judge(
  file: string,
  of: { store: Store; roots: readonly StorePath[] },
): { digest: string; findings: Finding[] } {
  try {
    const text = readNamedText(file);
    return { digest: digestOf(text), findings: sbomFindings(text, of) };
  } catch (error) {
    if (!isPipeliteError(error) && systemErrorCode(error) === undefined) throw error;
    return { digest: "", findings: [fails("SBOM", messageOf(error))] };
  }
}
