// A small archive of Debian packages in a folder, signed by a key of the test.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { hexDigestOf } from "#base/digest.ts";
import { clearSign, type SigningKey } from "./openpgp.ts";

export interface PackageOf {
  name: string;
  version?: string;
  /** Further fields: `Depends`, `Conflicts` ... */
  fields?: Readonly<Record<string, string>>;
  content?: Uint8Array;
}

export interface ArchiveOptions {
  folder: string;
  suite: string;
  key: SigningKey;
  packages: readonly PackageOf[];
  date?: Date;
  validUntil?: Date;
  codename?: string;
}

export function writeArchive(options: ArchiveOptions): void {
  const { folder, suite, key, packages, date = new Date("2026-01-02T03:04:05Z"), validUntil } = options;
  const put = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const stanzas = packages.map(({ name, version = "1.0", fields = {}, content = Buffer.from(name) }) => {
    const path = `pool/main/${name}_${version.replace(":", "%3a")}_amd64.deb`;
    put(path, content);
    const all = {
      Package: name,
      Version: version,
      Architecture: "amd64",
      Filename: path,
      Size: String(content.length),
      SHA256: hexDigestOf(content),
      ...fields,
    };
    return Object.entries(all)
      .map(([field, value]) => `${field}: ${value}\n`)
      .join("");
  });
  const index = gzipSync(stanzas.join("\n"));
  const path = "main/binary-amd64/Packages.gz";
  put(`dists/${suite}/${path}`, index);
  const lines = [
    "Origin: Test",
    `Suite: ${suite}`,
    `Codename: ${options.codename ?? suite}`,
    `Date: ${dateText(date)}`,
    ...(validUntil === undefined ? [] : [`Valid-Until: ${dateText(validUntil)}`]),
    "SHA256:",
    ` ${hexDigestOf(index)} ${index.length} ${path}`,
  ];
  put(`dists/${suite}/InRelease`, clearSign(lines.join("\n"), [key]));
}

function dateText(date: Date): string {
  return date.toUTCString().replace("GMT", "UTC");
}
