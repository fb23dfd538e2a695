// The formats that a shipment can be written in. A new one is a function from shipments to files in a folder, and a row here.
import { mkdtempSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { PackageKey } from "#keys/package-key.ts";
import type { SecretKey } from "#nix/signature.ts";
import type { Store } from "#store/index.ts";
import { isoSeconds } from "#package/oci-writer.ts";
import { RPM_TIME_MAX } from "#package/rpm.ts";
import { PACKAGE_NAME } from "./names.ts";
import { debianFiles, debianPathFiles } from "./debian-files.ts";
import { pipeliteError } from "./errors.ts";
import { forgetGone } from "./kept.ts";
import type { Codec } from "./payload.ts";
import { plansOf, refuseShared, type Additions } from "./plan.ts";
import { openrcScripts, systemdUnits, wholeProfile } from "./profile.ts";
import type { PackageFormat, PackagePlan, ShippedFile, Shipment, WrittenPackage } from "./shipment.ts";
import { writeDockerArchive, writeOciLayout, type WriteImages } from "./image/write-image.ts";
import { writePackage, WRITERS } from "./write.ts";
import { writeNixFiles } from "./write-nix.ts";

export interface FormatOptions {
  /** A folder for this call alone; what is written there is moved when all is. */
  folder: string;
  /** One package with the whole closure, instead of one a store path. */
  isSingle: boolean;
  codec: Codec | undefined;
  key: PackageKey | undefined;
  /** For images and caches. */
  store: Store;
  pathKey: SecretKey | undefined;
  images: Omit<WriteImages, "store" | "codec">;
}

/** @returns what it wrote into the folder */
export type WriteFormat = (
  shipments: readonly Shipment[],
  options: FormatOptions,
) => Promise<WrittenPackage[]>;

export const SHIPMENT_FORMATS = ["deb", "rpm", "apk", "oci", "docker", "nix"] as const;
export type ShipmentFormat = (typeof SHIPMENT_FORMATS)[number];

export const FORMAT_WRITERS: Readonly<Record<ShipmentFormat, WriteFormat>> = {
  deb: packagesOf("deb", {
    profile: (shipment) => wholeWith(shipment, [...systemdUnits(shipment.pack), ...debianFiles(shipment)]),
    path: debianPathFiles,
  }),
  rpm: packagesOf("rpm", {
    profile: (shipment) => wholeWith(shipment, systemdUnits(shipment.pack)),
    path: () => [],
  }),
  apk: packagesOf("apk", {
    profile: (shipment) => wholeWith(shipment, openrcScripts(shipment.pack)),
    path: () => [],
  }),
  oci: (shipments, options) => inTurn(shipments, async (each) => [await layoutOf(each, options)]),
  docker: (shipments, options) => {
    // What lies beside an image has no place in this form.
    const images = { ...options.images, attachmentsOf: async () => [] };
    const folder = mkdtempSync(join(options.folder, "docker-"));
    return inTurn(shipments, async (each) => {
      const layout = await layoutOf(each, { ...options, images, folder });
      return [await writeDockerArchive(layout, folder, options.folder, images.signal)];
    });
  },
  nix: (shipments, options) => {
    const { store, pathKey, images, folder } = options;
    return inTurn(shipments, (each) =>
      writeNixFiles(each, folder, { store, pathKey, signal: images.signal }),
    );
  },
};

function layoutOf(
  shipment: Shipment,
  { folder, store, codec, images }: FormatOptions,
): Promise<WrittenPackage> {
  return writeOciLayout(shipment, folder, { store, codec, ...images });
}

async function inTurn(
  shipments: readonly Shipment[],
  write: (shipment: Shipment) => Promise<WrittenPackage[]>,
): Promise<WrittenPackage[]> {
  const written: WrittenPackage[] = [];
  for (const shipment of shipments) written.push(...(await write(shipment)));
  return written;
}

function wholeWith({ profile, documents, pack }: Shipment, more: readonly ShippedFile[]): ShippedFile[] {
  return wholeProfile([...profile, ...documents, ...more], pack);
}

function packagesOf(format: PackageFormat, additions: Additions): WriteFormat {
  return async (shipments, { isSingle, store, images, ...options }) => {
    const plans = shipments.flatMap((shipment) => {
      checkNames(format, shipment);
      return plansOf(shipment, additions, isSingle);
    });
    refuseShared(plans);
    const each = [...new Map(plans.map((plan) => [plan.facts.name, plan])).values()];
    const { kept, signal } = images;
    const written = await severalAtATime(each, (plan) =>
      writePackage(format, plan, { ...options, kept, signal }),
    );
    forgetGone(store, kept);
    return written;
  };
}

function checkNames(format: PackageFormat, { pack, timeSeconds }: Shipment): void {
  const { name, version, place } = pack;
  if (!PACKAGE_NAME.test(name)) throw pipeliteError("PACK_NAME_UNSAYABLE", { place, format, name });
  if (WRITERS[format].version(version) === undefined)
    throw pipeliteError("PACK_VERSION_UNSAYABLE", { place, name, format, version });
  if (format === "rpm" && timeSeconds > RPM_TIME_MAX)
    throw pipeliteError("PACK_TIME_UNSAYABLE", { place, name, format, time: isoSeconds(timeSeconds) });
}

/** The compressors of Node work beside its own thread. */
async function severalAtATime(
  plans: readonly PackagePlan[],
  write: (plan: PackagePlan) => Promise<WrittenPackage>,
): Promise<WrittenPackage[]> {
  const written: WrittenPackage[] = [];
  const open = [...plans];
  const worker = async (): Promise<void> => {
    try {
      for (let plan = open.shift(); plan !== undefined; plan = open.shift()) written.push(await write(plan));
    } finally {
      open.length = 0;
    }
  };
  // Whoever is told of a failure removes the folder: nobody writes there any more then.
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return written.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}
