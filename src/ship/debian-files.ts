// What packages of Debian have besides: whose work it is, what changed, and what lintian is to pass over, with the reason.
import { gzipSync } from "node:zlib";
import { byteStringOf, utf8 } from "#base/bytes.ts";
import { gzipMember } from "#package/gzip.ts";
import { STORE_PACKAGE_SECONDS } from "./compose.ts";
import { packageNameOf, PATH_VERSION } from "./names.ts";
import type { ShippedFile, ShippedPath, Shipment } from "./shipment.ts";
import { addedFile } from "./tree.ts";

/** Of the profile. */
export function debianFiles({ pack, timeSeconds }: Shipment): ShippedFile[] {
  return filesOf(pack.name, pack.version, { pack, timeSeconds });
}

/** Of a store path: of no release, so with the time that all of them have. */
export function debianPathFiles({ path }: ShippedPath, { pack }: Shipment): ShippedFile[] {
  return filesOf(packageNameOf(path), PATH_VERSION, { pack, timeSeconds: STORE_PACKAGE_SECONDS });
}

/** Specification: Debian Policy 4.6, 12.5 and 12.7. */
function filesOf(
  name: string,
  version: string,
  { pack, timeSeconds }: Pick<Shipment, "pack" | "timeSeconds">,
): ShippedFile[] {
  const { licence, maintainer, homepage } = pack;
  const folder = `usr/share/doc/${name}`;
  const date = new Date(timeSeconds * 1000);
  const copyright = [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
    `Upstream-Name: ${pack.name}`,
    `Upstream-Contact: ${maintainer}`,
    ...(homepage === undefined ? [] : [`Source: ${homepage}`]),
    "",
    "Files: *",
    `Copyright: ${date.getUTCFullYear()} ${maintainer}`,
    `License: ${licence}`,
    "",
  ].join("\n");
  const when = date.toUTCString().replace("GMT", "+0000");
  const changelog = `${name} (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n -- ${maintainer}  ${when}\n`;
  const packed = gzipMember(gzipSync(utf8(changelog), { level: 9 }));
  return [
    addedFile(byteStringOf(`${folder}/copyright`), utf8(copyright)),
    addedFile(byteStringOf(`${folder}/changelog.gz`), packed),
    addedFile(byteStringOf(`usr/share/lintian/overrides/${name}`), utf8(overridesOf(name))),
  ];
}

/** Reason -> tags of lintian. What an author can mend, such as a program without a manual page, is not among them. */
const OVERRIDES: readonly (readonly [reason: string, tags: readonly string[]])[] = [
  [
    "A store is a folder of its own, and what is in it is read-only",
    [
      "non-standard-toplevel-dir",
      "file-in-unusual-dir",
      "non-standard-dir-perm",
      "non-standard-executable-perm",
      "non-standard-file-perm",
      "dir-or-file-in-opt",
    ],
  ],
  [
    "A closure has its own libraries, and finds them by their paths",
    [
      "statically-linked-binary",
      "custom-library-search-path",
      "embedded-library",
      "library-not-linked-against-libc",
      "shared-library-lacks-prerequisites",
      "missing-depends-line",
      "package-must-activate-ldconfig-trigger",
    ],
  ],
  [
    "Files of the store are as they were built: their hash is their name",
    [
      "unstripped-binary-or-object",
      "unstripped-static-library",
      "binary-from-other-architecture",
      "hardening-no-pie",
      "hardening-no-relro",
      "elf-error",
      "script-not-executable",
      "executable-not-elf-or-script",
      "incorrect-path-for-interpreter",
      "missing-dep-for-interpreter",
      "package-contains-documentation-outside-usr-share-doc",
      "extra-license-file",
      "duplicate-files",
      "national-encoding",
      "embedded-javascript-library",
      "privacy-breach-generic",
      "spelling-error-in-binary",
    ],
  ],
];

function overridesOf(name: string): string {
  return OVERRIDES.map(
    ([reason, tags]) => `# ${reason}\n${tags.map((tag) => `${name}: ${tag}\n`).join("")}`,
  ).join("");
}
