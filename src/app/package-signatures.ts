// What lies beside packages of distributions: a signed statement about each file, and the provenance of the outputs that are in them. Not in
// them: a signature is another each time, and the package the same.
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { entryAt, makeFolder, writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import type { WrittenPackage } from "#ship/shipment.ts";
import { PACKAGE_PREDICATE, pathClaims, SIGNATURE_ENDING } from "#ship/statement.ts";
import { writeBundle, type Statement } from "#sigstore/index.ts";
import type { Store } from "#store/index.ts";
import { attest, builderKey } from "#supply/attest.ts";
import { attestationsFolder, attestRun, readBundles } from "#supply/attestations.ts";
import { statementIn } from "./image-attachments.ts";

/** Of bundles about outputs, beside packages. */
const PROVENANCE_FOLDER = "provenance";

interface SignPackages {
  home: Home;
  runId: string;
  store: Store;
  /** Where the packages are. */
  out: string;
}

/** @returns names of what was written, below the folder of the packages */
export async function signPackages(
  packages: readonly WrittenPackage[],
  { home, runId, store, out }: SignPackages,
): Promise<string[]> {
  // Folders are signed in their own way: a layout has its signature beside the image, a cache one with each path.
  const signed = packages.filter(({ file }) => entryAt(join(out, file))?.isFile() === true);
  if (signed.length === 0) return [];
  const key = builderKey(home);
  const bundles = await attest(
    home,
    signed.map((each) => statementAbout(each, store)),
    key,
  );
  home.keyring.keep(key.publicKey);
  await attestRun(home, runId);
  const bases = new Set(
    signed.flatMap(({ paths }) => paths.map((path) => storePathBase(parseStorePath(path)))),
  );
  const provenance = readBundles(home.pathOf(attestationsFolder(runId))).filter(({ bundle }) =>
    (bundle && statementIn(bundle))?.subject.some(({ name }) => bases.has(name)),
  );
  makeFolder(join(out, PROVENANCE_FOLDER));
  const written = [
    ...bundles.map((bundle, index) => [`${signed[index]?.file}${SIGNATURE_ENDING}`, bundle] as const),
    ...provenance.flatMap(({ name, bundle }) =>
      bundle === undefined ? [] : [[`${PROVENANCE_FOLDER}/${name}`, bundle] as const],
    ),
  ];
  for (const [name, bundle] of written) writeFileAtomically(join(out, name), writeBundle(bundle));
  return written.map(([name]) => name);
}

function statementAbout(
  { file, format, name, version, sha256, paths }: WrittenPackage,
  store: Store,
): Statement {
  const hashes = paths.map((path) => {
    const parsed = parseStorePath(path);
    const info = store.info(parsed);
    if (info === undefined) throw new Error(`${path} is not in the store any more`);
    return [parsed, hex(info.narHash)] as const;
  });
  return {
    subject: [{ name: file, digest: { sha256 } }],
    predicateType: PACKAGE_PREDICATE,
    predicate: { format, name, version, paths: pathClaims(new Map(hashes)) },
  };
}
