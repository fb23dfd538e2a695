// What lies beside an image: bills of materials, provenance of the outputs that are in it, and, where it is asked for, a signed
// statement about the image itself.
import type { Home } from "#home/home.ts";
import { bytesDocument } from "#package/oci-writer.ts";
import { storePathBase } from "#nix/store-path.ts";
import type { Attachment, MadeImage } from "#ship/image/image.ts";
import { BUNDLE_TYPE, IMAGE_PREDICATE, pathClaim } from "#ship/statement.ts";
import type { Shipment } from "#ship/shipment.ts";
import { parseStatement, writeBundle, type Bundle, type Statement } from "#sigstore/index.ts";
import { attest, builderKey } from "#supply/attest.ts";
import { attestationsFolder, attestRun, readBundles } from "#supply/attestations.ts";
import { sbom } from "./sbom.ts";

export interface Attaching {
  home: Home;
  runId: string;
  isAttested: boolean;
}

/** Makes what lies beside each image of a run. */
export function attachmentsFor({ home, runId, isAttested }: Attaching) {
  return async (shipment: Shipment, image: MadeImage): Promise<Attachment[]> => {
    const bills = await billsOf(home, runId, shipment.timeSeconds);
    if (isAttested) await attestRun(home, runId);
    const bases = new Set(shipment.paths.map(({ path }) => storePathBase(path)));
    const provenance = readBundles(home.pathOf(attestationsFolder(runId))).flatMap(({ bundle }) => {
      const statement = bundle && statementIn(bundle);
      const isOfIt = statement?.subject.some(({ name }) => bases.has(name)) === true;
      return bundle !== undefined && statement !== undefined && isOfIt ? [bundled(bundle, statement)] : [];
    });
    const own = isAttested ? await signed(home, shipment, image) : [];
    return [...bills, ...provenance, ...own];
  };
}

async function billsOf(home: Home, runId: string, time: number): Promise<Attachment[]> {
  const which = { word: runId, pipelineFile: undefined };
  const { documents } = await sbom({
    home,
    which,
    closures: ["runtime"],
    formats: ["cyclonedx", "spdx"],
    time,
    supplier: undefined,
    out: undefined,
  });
  return documents.map(({ format, text }) => {
    const artifactType = format === "spdx" ? "application/spdx+json" : "application/vnd.cyclonedx+json";
    return { artifactType, content: bytesDocument(artifactType, Buffer.from(text)), annotations: {} };
  });
}

async function signed(home: Home, shipment: Shipment, { manifest }: MadeImage): Promise<Attachment[]> {
  const statement: Statement = {
    subject: [{ name: shipment.pack.name, digest: { sha256: manifest.digest.slice("sha256:".length) } }],
    predicateType: IMAGE_PREDICATE,
    predicate: {
      version: shipment.pack.version,
      paths: shipment.paths.map(({ path, narHash }) => pathClaim(path, narHash)),
    },
  };
  const bundles = await attest(home, [statement], builderKey(home));
  return bundles.map((bundle) => bundled(bundle, statement));
}

function bundled(bundle: Bundle, { predicateType }: Statement): Attachment {
  return {
    artifactType: BUNDLE_TYPE,
    content: bytesDocument(BUNDLE_TYPE, Buffer.from(writeBundle(bundle))),
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": predicateType,
    },
  };
}

/** What a bundle says; undefined of what is no statement. */
export function statementIn({ payload }: Bundle): Statement | undefined {
  try {
    return parseStatement(payload);
  } catch {
    return undefined;
  }
}
