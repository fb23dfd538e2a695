// What packages say of themselves, well-formed and not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { debianLicence } from "#sbom/licence.ts";
import {
  apkPackages,
  debianPackages,
  distributionOf,
  imageFacts,
  npmFacts,
  parseObjectName,
  wheelFacts,
} from "#sbom/metadata.ts";

test("package.json: today's form and those of before", () => {
  assert.deepEqual(
    npmFacts(
      {
        name: "@img/colour",
        version: "1.0.0",
        license: "MIT",
        author: "Anna Ng <anna@example.org> (https://example.org/)",
        repository: { type: "git", url: "git+https://example.org/colour.git" },
      },
      "x",
    ),
    {
      name: "@img/colour",
      version: "1.0.0",
      purl: "pkg:npm/%40img/colour@1.0.0",
      licence: { expression: "MIT", refs: {} },
      supplier: { name: "Anna Ng", email: "anna@example.org", url: "https://example.org/" },
      vcs: "git+https://example.org/colour.git",
    },
  );
  const old = npmFacts({ name: "a", version: "1", licenses: [{ type: "MIT" }, { type: "Apache-2.0" }] }, "a");
  assert.equal(old.licence?.expression, "Apache-2.0 OR MIT");
  assert.equal(npmFacts({ license: { type: "ISC", url: "x" } }, "a").licence?.expression, "ISC");
});

test("package.json of a stranger, or none: the folder names it, and nothing is made up", () => {
  for (const nothing of [
    undefined,
    null,
    "text",
    7,
    [],
    {},
    { name: 7, version: {}, license: [], author: true },
  ])
    assert.deepEqual(npmFacts(nothing, "left-pad"), { name: "left-pad", purl: "pkg:npm/left-pad" });
  const { name, purl, supplier, vcs } = npmFacts(
    {
      name: "a\u0000b\u202ec/?#@",
      author: { name: "N", email: "not an address", url: "javascript:alert(1)" },
      repository: "https://example.org/ <script>",
    },
    "x",
  );
  assert.deepEqual([name, purl], ["a b c/?#@", "pkg:npm/a%20b%20c%2F%3F%23%40"]);
  assert.deepEqual([supplier, vcs], [{ name: "N" }, undefined]);
});

const STATUS = `Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9+deb12u10
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: Not A Name
Status: install ok installed
`;

test("dpkg's database: what is installed, of the distribution that the root says", () => {
  const debian = distributionOf('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n');
  assert.deepEqual(debian, { id: "debian", version: "12" });
  const libc = {
    name: "libc6",
    version: "2.36-9+deb12u10",
    architecture: "amd64",
    supplier: { name: "GNU Libc Maintainers", email: "debian-glibc@lists.debian.org" },
  };
  assert.deepEqual(debianPackages(STATUS, debian), [
    { ...libc, purl: "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12" },
  ]);
  assert.deepEqual(debianPackages(STATUS, undefined), [libc]);
  assert.equal(distributionOf('ID="../x"'), undefined);
});

test("copyright files of Debian: the licences of all files, in SPDX's words where they have the same meaning", () => {
  const file = (...lines: string[]) =>
    ["Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/", "", ...lines].join("\n");
  const of = (licence: string) => file("Files: *", "Copyright: x", `License: ${licence}`, " text of it");
  const cases: [string, string | undefined][] = [
    [of("Expat"), "MIT"],
    [of("GPL-2+"), "GPL-2.0-or-later"],
    [of("LGPL-2.1"), "LGPL-2.1-only"],
    [of("GPL-3.0+ or MIT"), "GPL-3.0-or-later OR MIT"],
    [of("public-domain"), "LicenseRef-public-domain"],
    [
      file("Files: a", "License: Expat", "", "Files: b", "License: GPL-2", "", "License: Expat", " text"),
      "GPL-2.0-only AND MIT",
    ],
    [of("GPL-2+ with OpenSSL exception"), "LicenseRef-GPL-2-with-OpenSSL-exception-a0de130f"],
    ["This package was debianized by ...\nLicense: MIT\n", undefined],
    [file("Files: *", "Copyright: x"), undefined],
    ["", undefined],
  ];
  for (const [text, expression] of cases) assert.equal(debianLicence(text)?.expression, expression, text);
  const many = Array.from({ length: 1000 }, (_, index) => `Files: ${index}\nLicense: own-${index}\n`).join(
    "\n",
  );
  assert.equal(debianLicence(file(many)), undefined);
});

test("apk's database", () => {
  const text = "C:Q1x\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nm:Anna <anna@example.org>\n\nP:bad name\nV:1\n\n";
  assert.deepEqual(apkPackages(text, { id: "alpine", version: "3.20.0" }), [
    {
      name: "musl",
      version: "1.2.5-r0",
      purl: "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.0",
      licence: { expression: "MIT", refs: {} },
      supplier: { name: "Anna", email: "anna@example.org" },
    },
  ]);
});

test("METADATA of wheels: the newer field before the older, and these before classifiers", () => {
  const of = (...lines: string[]) =>
    wheelFacts(
      ["Metadata-Version: 2.4", "Name: Foo.Bar", "Version: 1", ...lines, "", "License: no"].join("\n"),
    );
  assert.deepEqual(
    of("License-Expression: BSD-3-Clause", "License: BSD", "Author-email: Anna Ng <anna@example.org>"),
    {
      name: "Foo.Bar",
      version: "1",
      purl: "pkg:pypi/foo-bar@1",
      licence: { expression: "BSD-3-Clause", refs: {} },
      supplier: { name: "Anna Ng", email: "anna@example.org" },
    },
  );
  assert.equal(of("License: MIT")?.licence?.expression, "MIT");
  const classified = of("License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License");
  assert.deepEqual(Object.values(classified?.licence?.refs ?? {}), ["MIT License"]);
  assert.equal(of()?.licence, undefined);
  // What would be tried in every division does not end.
  assert.equal(wheelFacts(`Name: x\nAuthor-email: a${" ".repeat(1e6)}b\n`)?.name, "x");
  for (const nothing of ["", "Version: 1", "Name:\n"]) assert.equal(wheelFacts(nothing), undefined);
});

test("labels of an image", () => {
  const labels = {
    "org.opencontainers.image.title": "tools",
    "org.opencontainers.image.version": "1.4",
    "org.opencontainers.image.vendor": "Example Ltd",
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
  assert.deepEqual(imageFacts({ rootfs: {}, config: { Labels: labels } }), {
    name: "tools",
    version: "1.4",
    licence: { expression: "Apache-2.0", refs: {} },
    supplier: { name: "Example Ltd", isOrganisation: true },
  });
  for (const nothing of [
    null,
    {},
    { rootfs: {}, config: {} },
    { rootfs: {}, config: { Labels: [] } },
    { config: { Labels: labels } },
  ])
    assert.equal(imageFacts(nothing), undefined);
});

test("names of store paths, as Nix reads them", () => {
  assert.deepEqual(parseObjectName("node-26.10.0"), { name: "node", version: "26.10.0" });
  assert.deepEqual(parseObjectName("foo-bar"), { name: "foo-bar" });
  assert.deepEqual(parseObjectName("a-1b-c"), { name: "a", version: "1b-c" });
});
