// Signatures of bills of materials: what makes them is not loaded for bills that nobody signs.
import { join } from "node:path";
import { writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BomFormat } from "#sbom/bom.ts";
import { writeBundle, type Statement } from "#sigstore/index.ts";
import { openStore } from "#store/store.ts";
import { sbomStatement } from "#supply/sbom-statement.ts";
import { attestBy, type AttestationSigner } from "./attest.ts";

/** A document in a folder, whose bundle gets its name beside it. */
interface Bill {
  format: BomFormat;
  text: string;
  file?: string;
  bundle?: string;
}

/** Signs each document: as a bundle beside it, whose name it gets. @throws what `attestBy` throws */
export async function signBills(
  home: Home,
  { out, documents, results }: { out: string; documents: readonly Bill[]; results: readonly StorePath[] },
  signer: AttestationSigner,
  signal: AbortSignal,
): Promise<void> {
  const statements = statementsOf(home, documents, results);
  const { bundles } = await attestBy(home, statements, signer, signal);
  for (const [index, document] of documents.entries()) {
    const bundle = bundles[index];
    if (bundle === undefined) throw new Error("each statement has a bundle");
    document.bundle = document.file?.replace(/json$/, "sigstore.json") ?? "";
    writeFileAtomically(join(out, document.bundle), writeBundle(bundle));
  }
}

function statementsOf(home: Home, documents: readonly Bill[], results: readonly StorePath[]): Statement[] {
  using store = openStore(home.folder, { readOnly: true });
  return documents.map((document) => sbomStatement(document, results, store));
}
