// A small bill of materials with one of everything, and what its documents are; run by itself, this writes test/sbom/golden/ again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bom } from "#sbom/bom.ts";
import { writeCycloneDx } from "#sbom/cyclonedx.ts";
import { writeSpdx2 } from "#sbom/spdx2.ts";
import { writeSpdx3 } from "#sbom/spdx3.ts";

const path = (digit: string, name: string) => `/nix/store/${digit.repeat(32)}-${name}`;

export const SAMPLE: Bom = {
  pipeline: "song",
  closure: "runtime",
  id: "00000000-0000-8000-8000-000000000001",
  otherId: "00000000-0000-8000-8000-000000000002",
  version: "0123456789abcdef0123456789abcdef",
  time: "1970-01-01T00:00:01Z",
  isTimeKnown: false,
  tool: "0.2.0",
  supplier: { name: "Example Ltd", isOrganisation: true },
  roots: [path("a", "audio")],
  objects: [
    {
      path: path("a", "audio"),
      name: "audio",
      version: "a".repeat(32),
      purl: "pkg:nix/audio@1",
      type: "library",
      narHash: "a1".repeat(32),
      narSize: 120,
      references: [path("b", "tools")],
      supplier: { name: "Example Ltd", isOrganisation: true },
    },
    {
      path: path("b", "tools"),
      name: "tools",
      version: "b".repeat(32),
      type: "operating-system",
      narHash: "b1".repeat(32),
      narSize: 4096,
      references: [],
      contains: [
        {
          name: "sox",
          version: "14.4.2-1",
          architecture: "amd64",
          purl: "pkg:deb/debian/sox@14.4.2-1?arch=amd64",
          licence: {
            expression: "GPL-2.0-or-later AND LicenseRef-as-is",
            refs: { "LicenseRef-as-is": "as-is" },
          },
          supplier: { name: "Anna (Debian) Ng", email: "anna@example.org" },
        },
        {
          name: "node",
          version: "26.10.0",
          cpe: "cpe:2.3:a:nodejs:node.js:26.10.0:*:*:*:*:*:*:*",
          licence: { expression: "LicenseRef-mine", refs: { "LicenseRef-mine": "mine" } },
          vcs: "https://example.org/node.git",
        },
        { name: "nothing-known" },
      ],
    },
  ],
  params: { seconds: 20, name: "x" },
  stages: [
    {
      name: "audio",
      kind: "command",
      inputs: ["score", "tools"],
      derivation: `${"d".repeat(32)}-audio.drv`,
      output: { path: path("a", "audio"), narHash: "a1".repeat(32) },
    },
    { name: "ok", kind: "check", inputs: ["audio"] },
  ],
  materials: { score: { path: path("c", "score"), narHash: "c1".repeat(32) } },
};

export const WRITERS: Readonly<Record<string, (bom: Bom) => string>> = {
  "cyclonedx-1.7.json": (bom) => writeCycloneDx(bom, "1.7"),
  "cyclonedx-1.6.json": (bom) => writeCycloneDx(bom, "1.6"),
  "spdx-2.3.json": writeSpdx2,
  "spdx-3.0.1.json": writeSpdx3,
};

const fileOf = (name: string) => join(import.meta.dirname, "golden", name);

export function golden(name: string): string {
  return readFileSync(fileOf(name), "utf8");
}

if (import.meta.main)
  for (const [name, write] of Object.entries(WRITERS)) writeFileSync(fileOf(name), write(SAMPLE));
