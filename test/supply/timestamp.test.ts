// Provenance whose signatures are stamped by an authority: asked for by HTTP, read by Sigstore's own library, and demanded by a trust file.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertBundle, bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { provenance } from "#app/provenance.ts";
import { parseBundle, writeBundle, type Bundle } from "#sigstore/index.ts";
import { parseTrust, type Trust } from "#supply/trust.ts";
import { Attested } from "../rig/attested.ts";
import { sweep } from "../rig/peer.ts";
import {
  authorityEntry,
  startTimestampAuthority,
  timestampChain,
  type TimestampAuthority,
} from "../rig/timestamp-authority.ts";

// A run, and hashing what it was built from.
const skip = sweep();
const attested = new Attested();
const MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
let authority: TimestampAuthority;
let out: string;
let rootFile: string;
let bundle: Bundle;
before(async () => {
  if (skip !== false) return;
  await attested.start();
  authority = await startTimestampAuthority();
  out = join(attested.project.folder, "out");
  rootFile = join(attested.project.folder, "tsa.json");
  writeFileSync(rootFile, JSON.stringify(rootOf(authority)));
  await write();
  bundle = parseBundle(readFileSync(join(out, "one.sigstore.json"), "utf8"));
});
after(async () => {
  attested[Symbol.dispose]();
  if (skip === false) await authority[Symbol.asyncDispose]();
});

function rootOf({ url, chain }: Pick<TimestampAuthority, "url" | "chain">): object {
  const timestampAuthorities = [authorityEntry(url, [chain.signer, chain.root])];
  return { mediaType: MEDIA_TYPE, timestampAuthorities };
}

async function write(urls = [authority.url], file = rootFile): Promise<void> {
  await provenance({
    home: attested.project.door,
    which: { word: "latest" },
    stages: [],
    out,
    signer: { by: "key", key: undefined, timestamps: { urls, rootFile: file } },
    signal: new AbortController().signal,
  });
}

function trusting(change: object = {}): Trust {
  const written = JSON.parse(readFileSync(join(out, "trust.json"), "utf8")) as object;
  return parseTrust(JSON.stringify({ ...written, ...change }), "trust.json");
}

test(
  "the trust file that is written asks for the timestamps, and they hold; Sigstore's own library takes them, too",
  { skip },
  () => {
    assert.deepEqual(attested.problems(bundle, trusting()), []);
    assert.equal(trusting().timestamps, "required");
    const text = readFileSync(join(out, "one.sigstore.json"), "utf8");
    assert.equal(writeBundle(parseBundle(text)), text);
    const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(join(out, "trusted_root.json"), "utf8")));
    const verify = (json: string) => {
      const read = bundleFromJSON(JSON.parse(json));
      assertBundle(read);
      const key = { publicKey: attested.key.publicKey.key, validFor: () => true };
      const thresholds = { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 1 };
      new Verifier(
        toTrustMaterial(root, () => key),
        thresholds,
      ).verify(toSignedEntity(read));
    };
    verify(text);
    const { timestamps: _, ...bare } = bundle;
    assert.throws(() => verify(writeBundle(bare)));
  },
);

test(
  "what has no timestamp, another's, or one that nobody trusted made, is refused where one is asked for",
  { skip },
  async () => {
    const { timestamps: own = [], ...bare } = bundle;
    assert.match(attested.problems(bare, trusting()).join(), /fails timestamp: it has none/);
    assert.deepEqual(attested.problems(bare, trusting({ timestamps: undefined })), []);
    const other = parseBundle(readFileSync(join(out, "two.sigstore.json"), "utf8"));
    const swapped = { ...bundle, timestamps: other.timestamps ?? [] };
    assert.match(attested.problems(swapped, trusting()).join(), /fails timestamp: .*of other bytes/);
    // Also where none is asked for: what is there must hold.
    assert.match(attested.problems(swapped, trusting({ timestamps: undefined })).join(), /fails timestamp/);
    const both = { ...bundle, timestamps: [...own, ...(other.timestamps ?? [])] };
    assert.match(attested.problems(both, trusting()).join(), /fails timestamp: .*of other bytes/);
    const stranger = rootOf({ url: "https://other.test", chain: timestampChain() });
    assert.match(
      attested.problems(bundle, trusting({ trustedRoot: stranger })).join(),
      /no authority that is trusted/,
    );
    const twice = { ...bundle, timestamps: [...own, ...own] };
    assert.match(attested.problems(twice, trusting()).join(), /a timestamp stands twice/);
  },
);

test("a trust file that asks for timestamps names who may give them", { skip }, () => {
  const refused = { code: "TRUST_INVALID" };
  assert.throws(() => trusting({ trustedRoot: undefined }), refused);
  assert.throws(() => trusting({ trustedRoot: { mediaType: MEDIA_TYPE } }), refused);
  assert.throws(() => trusting({ trustedRoot: { ...rootOf(authority), more: 1 } }), refused);
  assert.throws(() => trusting({ trustedRoot: { ...rootOf(authority), mediaType: "text/plain" } }), refused);
  const [entry] = [authorityEntry(authority.url, [authority.chain.root], {})];
  const without = { mediaType: MEDIA_TYPE, timestampAuthorities: [entry] };
  assert.throws(() => trusting({ trustedRoot: without }), { ...refused, message: /start is missing/ });
  assert.throws(() => trusting({ timestamps: "some" }), refused);
});

test("a timestamp tells when a key signed: before it was revoked, or after its time", { skip }, async () => {
  const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  const keys = (more: object) => trusting().keys.map((each) => ({ ...each, ...more }));
  const { timestamps: _, ...bare } = bundle;
  const of = (more: object): Trust => ({ ...trusting(), keys: keys(more) });
  assert.deepEqual(attested.problems(bundle, of({ revoked: day(1) })), []);
  assert.match(attested.problems(bundle, of({ revoked: day(-1) })).join(), /key: it is revoked/);
  assert.match(attested.problems(bare, of({ revoked: day(1) })).join(), /key: it is revoked/);
  assert.deepEqual(attested.problems(bundle, of({ from: day(-1), until: day(1) })), []);
  // Whoever has the key later can date a statement back, and no authority would.
  authority.at = Date.now() + 1_800_000;
  await write();
  const late = parseBundle(readFileSync(join(out, "one.sigstore.json"), "utf8"));
  assert.deepEqual(attested.problems(late, of({ until: day(1) })), []);
  assert.match(attested.problems(late, of({ until: day(1 / 96) })).join(), /key: it is trusted until/);
  delete authority.at;
});

test(
  "an authority that answers anything but a timestamp that holds ends it, and nothing is entered into the log",
  { skip },
  async () => {
    const { journal } = attested.project.door;
    const size = readFileSync(journal.file).length;
    const fails = async (message: RegExp, urls?: string[], file?: string): Promise<void> => {
      await assert.rejects(write(urls, file), { code: "TIMESTAMP_FAILED", exitCode: 1, message });
      assert.equal(readFileSync(journal.file).length, size);
    };
    delete authority.at;
    authority.lie = { status: 500, body: Buffer.from("no time\n") };
    await fails(/it answered 500: no time/);
    authority.lie = { status: 200, body: Buffer.from("no DER") };
    await fails(/Cannot accept the timestamp/);
    authority.lie = { status: 200, body: Buffer.alloc(1_000_000) };
    await fails(/no end/);
    const [old = Buffer.alloc(0)] = bundle.timestamps ?? [];
    authority.lie = { status: 200, body: Buffer.from(old) };
    await fails(/of other bytes|to another question/);
    delete authority.lie;
    authority.wrong = { status: 2, isBare: true };
    await fails(/status 2/);
    authority.wrong = {};
    await fails(/./, ["http://127.0.0.1:1/"]);
    const other = join(attested.project.folder, "other.json");
    writeFileSync(other, JSON.stringify(rootOf({ url: authority.url, chain: timestampChain() })));
    await fails(/no authority that is trusted/, undefined, other);
    for (const [content, problem] of [
      ["{", /JSON/],
      ["[]", /not an object/],
    ] as const) {
      writeFileSync(other, content);
      await assert.rejects(write(undefined, other), {
        code: "TRUSTED_ROOT_INVALID",
        exitCode: 2,
        message: problem,
      });
    }
    await write([authority.url, authority.url]);
    assert.equal(parseBundle(readFileSync(join(out, "one.sigstore.json"), "utf8")).timestamps?.length, 2);
  },
);
