// Verification of a package of a distribution: what it says of itself, the store, the runs of this home, and the signature beside it.
import { statSync } from "node:fs";
import { readNamedText } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import { pipeliteError } from "#ship/errors.ts";
import { formatOfPackage, type PackageNote } from "#ship/opened.ts";
import { packageFindings } from "#ship/package-findings.ts";
import { openStore } from "#store/index.ts";
import { worstOf, type Finding } from "#supply/finding.ts";
import { parseTrust } from "#supply/trust.ts";
import { runOfNote } from "./pack-again.ts";

export interface VerifyPackage {
  home: Home;
  file: string;
  /** Names whom to believe; undefined: the keys that this home knows. */
  trustFile: string | undefined;
}

export interface VerifiedPackage {
  package: string;
  /** `sha256:HEX` of the file. */
  digest: string;
  status: Finding["status"];
  checks: Finding[];
}

/** Whether a word of the command line means a package. */
export function isPackageFile(word: string): boolean {
  return formatOfPackage(word) !== undefined;
}

/** @throws PipeliteError PACKAGE_INVALID, PACKAGE_TOO_LARGE, PACKAGE_STORE_WRONG, PACK_NOTE_MISSING, TRUST_INVALID */
export async function verifyPackage({ home, file, trustFile }: VerifyPackage): Promise<VerifiedPackage> {
  const format = formatOfPackage(file);
  if (format === undefined)
    throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "its name is that of no package" });
  // Before the store: whoever mistyped a name is not to make one first.
  statSync(file);
  const trust = trustFile === undefined ? undefined : parseTrust(readNamedText(trustFile), trustFile);
  using store = openStore(home.folder, { readOnly: true });
  const runOf = (note: PackageNote) => runOfNote(home, note);
  const { sha256, findings } = await packageFindings(file, format, { home, store, trust, runOf });
  return { package: file, digest: `sha256:${sha256}`, status: worstOf(findings), checks: findings };
}
