// A run of two stages that is attested, and what a verifier finds of its bundles and of what was made of them.
import assert from "node:assert/strict";
import { TransparencyLog } from "#home/log.ts";
import { writeBundle, verifyBundle, type Bundle, type SigningKey, type Statement } from "#sigstore/index.ts";
import { isPipeliteError } from "#base/errors.ts";
import { openStore, type Store } from "#store/store.ts";
import { attest, builderKey } from "#supply/attest.ts";
import type { Finding } from "#supply/finding.ts";
import { builderOfStatement, provenanceOf } from "#supply/provenance.ts";
import { StoreBytes } from "#supply/store-bytes.ts";
import type { Trust } from "#supply/trust.ts";
import { verifyProvenance } from "#supply/verify.ts";
import type { NoteVerifier } from "#tlog/note.ts";
import { Project } from "./project.ts";

/** Members of a predicate, as a test changes them. */
export type Members = Record<string, Record<string, Record<string, unknown>>>;

export class Attested implements Disposable {
  readonly project = new Project({
    "pipeline.ts": `
import { pipeline, source, stage } from "pipelite";
const one = stage(() => import("./one.ts"), { readings: source("readings.csv") });
export default pipeline({ one, two: stage(() => import("./two.ts"), { one }) });
`,
    "readings.csv": "1\n2\n",
    "one.ts": 'export default async ({ readings }) => ({ "a.json": (await readings.text()).length });\n',
    "two.ts": 'export default async ({ one }) => ({ "b.json": await one.json("a.json") });\n',
  });
  runId = "";
  bundles: Bundle[] = [];
  readonly #seen: { store: Store; bytes: StoreBytes }[] = [];

  get key(): SigningKey {
    return builderKey(this.project.door);
  }

  get log(): NoteVerifier {
    const { verifier } = new TransparencyLog(this.project.door);
    assert.ok(verifier);
    return verifier;
  }

  async start(): Promise<void> {
    this.runId = (await this.project.run()).runId;
    const statements = provenanceOf(this.project.door, this.runId, []).map(({ statement }) => statement);
    this.bundles = await attest(this.project.door, statements, this.key);
  }

  bundle(index: number): Bundle {
    const bundle = this.bundles[index];
    assert.ok(bundle);
    return bundle;
  }

  statement(index: number): Statement {
    return structuredClone<Statement>(verifyBundle(this.bundle(index), [this.key.publicKey]));
  }

  trust(change: Partial<Trust> = {}): Trust {
    return {
      keys: [{ key: this.key.publicKey }],
      builders: [builderOfStatement(this.statement(0)).id],
      pipelines: undefined,
      logs: [this.log],
      witnesses: [],
      sources: {},
      dependencies: "here",
      ...change,
    };
  }

  /** What does not hold of a bundle; `again` hashes what is in the store once more. */
  problems(bundle: Bundle | string, trust: Trust, again = false): string[] {
    if (again || this.#seen.length === 0) {
      const store = openStore(this.project.home, { readOnly: true });
      this.#seen.push({ store, bytes: new StoreBytes(store) });
    }
    const { bytes } = this.#seen.at(-1) ?? {};
    assert.ok(bytes);
    let found: { status: Finding["status"]; findings: Finding[] };
    try {
      found = verifyProvenance(typeof bundle === "string" ? bundle : writeBundle(bundle), trust, bytes);
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      assert.equal(error.exitCode, 3);
      return [`${error.code}: ${error.message}`];
    }
    const failing = found.findings.filter(({ status }) => status !== "holds");
    assert.equal(found.status === "holds", failing.length === 0);
    return failing.map(({ status, what, detail }) => `${status} ${what}: ${detail}`);
  }

  [Symbol.dispose](): void {
    for (const { store } of this.#seen) store.close();
    this.project[Symbol.dispose]();
  }
}
