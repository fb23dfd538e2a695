// Parsers of what others say about a run or a home: notes and tiles of logs, trust files, bills of materials, tables and results.
import { createPrivateKey } from "node:crypto";
import { parseNeeds, parseResult } from "#export/workflow/results.ts";
import { MATRIX_SCHEMA, parseTable } from "#home/matrix-table.ts";
import { parseRetained } from "#home/retention.ts";
import { REBUILD_TYPE, readStatement } from "#rebuild/statement.ts";
import { readBom } from "#sbom/read.ts";
import { parseStatement } from "#sigstore/index.ts";
import { parseTrust } from "#supply/trust.ts";
import { parseCheckpoint, writeCheckpoint } from "#tlog/checkpoint.ts";
import { parseNote, parseVerifier, noteSignerOf, signNote, verifyNote, writeNote } from "#tlog/note.ts";
import { writeVerifier } from "#tlog/note.ts";
import { documents, isRange, isSyntax, ofText, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const TIME = "2026-11-21T03:51:00.000Z";
// Keys that are the same each time, so that the same seed gives the same inputs: of Ed25519 with a seed of zeros, and of P-256.
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32)]),
  format: "der",
  type: "pkcs8",
});
const PUBLIC_KEY =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExt3FIPgDuPafDV6WNx3HqBCKnorGDrXWj/IIyq8+6RzpXXvZpjSPOqdGwFzQ87CQgQChhehczaWlSjtdKiodQQ==";
const signer = noteSignerOf("log.example", "log", privateKey);
const checkpoint = writeCheckpoint({ origin: "log.example", size: 7, root: Buffer.alloc(32) });
const note = writeNote({ text: checkpoint, signatures: [signNote(checkpoint, signer)] });

const RESULT = {
  schema: 1,
  job: "check",
  status: "passed",
  reason: "built",
  system: "x86_64-linux",
  artefacts: { digest: DIGEST, files: 1, sums: { a: "0".repeat(64) }, measured: [] },
};

const COMPONENT = {
  "bom-ref": "a",
  name: "a",
  version: "1",
  hashes: [{ alg: "SHA-256", content: "0" }],
  licenses: [{ expression: "MIT" }],
  properties: [{ name: "nix:nar_size", value: "7" }],
};
const CYCLONEDX = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  metadata: { component: COMPONENT, authors: [{ name: "x" }], timestamp: TIME },
  components: [{ ...COMPONENT, components: [{ ...COMPONENT, "bom-ref": "b" }] }],
  dependencies: [{ ref: "a", dependsOn: ["b"] }],
};
const SPDX2 = {
  spdxVersion: "SPDX-2.3",
  creationInfo: { creators: ["Tool: x"], created: TIME },
  packages: [{ SPDXID: "SPDXRef-a", name: "a", checksums: [{ algorithm: "SHA256", checksumValue: "0" }] }],
  relationships: [
    { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-a" },
  ],
};
const SPDX3 = {
  "@graph": [
    { type: "CreationInfo", "@id": "_:c", created: TIME, createdBy: ["p"] },
    {
      type: "software_Package",
      spdxId: "a",
      name: "a",
      verifiedUsing: [{ algorithm: "sha256", hashValue: "0" }],
    },
    { type: "software_Sbom", rootElement: ["a"] },
    { type: "Relationship", relationshipType: "dependsOn", from: "a", to: ["b"] },
  ],
};

export const proofTargets: readonly Target[] = [
  {
    name: "log-note",
    parse: ofText((text) => {
      const parsed = parseNote(text);
      verifyNote(parsed, signer);
      parseCheckpoint(parsed.text);
    }),
    corpus: texts(note),
  },
  {
    name: "log-note-key",
    parse: ofText((text) => parseVerifier(text)),
    corpus: texts(writeVerifier(signer)),
  },
  {
    name: "trust",
    parse: ofText((text) => parseTrust(text, "trust.json")),
    corpus: documents({
      version: 1,
      keys: [
        {
          key: `-----BEGIN PUBLIC KEY-----\n${PUBLIC_KEY}\n-----END PUBLIC KEY-----\n`,
          from: TIME,
          revoked: TIME,
        },
      ],
      builders: ["x"],
      pipelines: ["walk"],
      logs: [writeVerifier(signer)],
      witnesses: [],
      sources: { [`/nix/store/${"0".repeat(32)}-x`]: [DIGEST] },
      dependencies: "here",
      sbom: "runtime",
    }),
  },
  { name: "bill-of-materials", parse: ofText(readBom), corpus: documents(CYCLONEDX, SPDX2, SPDX3) },
  {
    name: "rebuild-statement",
    parse: (input) => void readStatement(parseStatement(input)),
    isRefusal: isRange,
    corpus: documents({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "a", digest: { narHash: "0".repeat(64) } }],
      predicateType: REBUILD_TYPE,
      predicate: {
        runId: "r",
        stage: "a",
        derivation: { name: "a", digest: { sha256: "0" } },
        rebuiltOn: TIME,
        machine: { id: "m", system: "x86_64-linux", kernel: "6.1", cores: 2 },
        builds: [{ engine: "embedded", sandbox: "namespaces", varied: [], narHash: DIGEST }],
      },
    }),
  },
  {
    name: "job-results",
    parse: (input) => {
      parseNeeds(input, "needs.json");
      parseResult(input);
    },
    isRefusal: (error) => isRange(error) || isSyntax(error),
    corpus: documents(RESULT, { check: { result: "success", outputs: { result: JSON.stringify(RESULT) } } }),
  },
  {
    name: "matrix-table",
    parse: (input) => void parseTable(input, "table.json"),
    corpus: documents({
      schema: MATRIX_SCHEMA,
      matrixId: "m",
      pipelineFile: "/p/pipeline.ts",
      startedAt: TIME,
      finishedAt: TIME,
      axes: [{ name: "n", values: ["1"] }],
      status: "passed",
      rows: [
        { params: { n: "1" }, status: "passed", runId: "r", checks: { c: { status: "passed", value: 1 } } },
      ],
    }),
  },
  {
    name: "retention",
    parse: ofText(parseRetained),
    corpus: documents({
      form: 1,
      removedAt: TIME,
      rule: { logsOlderThanMs: 1 },
      logs: [{ file: `00/${"0".repeat(30)}-a.drv`, digest: DIGEST, sizeBytes: 1 }],
      notes: [{ file: "memo/a/b.json", sizeBytes: 1 }],
    }),
  },
];
