// Every way to change a bundle, what it says, whom a verifier trusts, or what the store has, that a verifier must refuse. Of each
// the place that is named is held, too: a case that is refused for another reason tests nothing.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";
import { generateKey } from "#keys/key-file.ts";
import { signStatement, writeBundle, type Bundle, type Statement } from "#sigstore/index.ts";
import { attest } from "#supply/attest.ts";
import type { Trust } from "#supply/trust.ts";
import { parseNote, signNote, noteSignerOf, writeNote, type NoteSigner } from "#tlog/note.ts";
import { Attested, type Members } from "../rig/attested.ts";

const attested = new Attested();
after(() => attested[Symbol.dispose]());

interface Parsed {
  mediaType: unknown;
  verificationMaterial: {
    [name: string]: unknown;
    publicKey: Record<string, unknown>;
    tlogEntries: (Record<string, unknown> & { inclusionProof: Record<string, unknown> })[];
  };
  dsseEnvelope: Record<string, unknown> & { signatures: Record<string, unknown>[] };
}

/** The bundle of the first stage as JSON, with a change. */
function edited(change: (of: Parsed, other: Parsed) => void): string {
  const [of, other] = [0, 1].map((at) => JSON.parse(writeBundle(attested.bundle(at))) as Parsed);
  assert.ok(of && other);
  change(of, other);
  return JSON.stringify(of);
}

function entryOf({
  verificationMaterial: { tlogEntries },
}: Parsed): Parsed["verificationMaterial"]["tlogEntries"][0] {
  const [entry] = tlogEntries;
  assert.ok(entry);
  return entry;
}

function replaced(from: string, to: string): string {
  const text = writeBundle(attested.bundle(0));
  assert.ok(text.includes(from), from);
  return text.replace(from, to);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function flippedText(text: unknown, at: number): string {
  return Buffer.from(flipped(Buffer.from(String(text), "base64"), at)).toString("base64");
}

const checkpointOf = (of: Parsed) => entryOf(of).inclusionProof["checkpoint"] as { envelope: string };

/** The checkpoint of a bundle with signatures of others in place of the log's, or beside it. */
function resigned(bundle: Bundle, signers: readonly NoteSigner[], seconds = 0, keep = false): Bundle {
  const { log } = bundle;
  assert.ok(log);
  const { text, signatures } = parseNote(log.checkpoint);
  const others = signers.map((signer) => signNote(text, signer, seconds));
  return {
    ...bundle,
    log: { ...log, checkpoint: writeNote({ text, signatures: [...(keep ? signatures : []), ...others] }) },
  };
}

const INVALID = /^BUNDLE_INVALID/;

const CHANGED_BUNDLES: Record<string, [change: () => string | Bundle, found: RegExp]> = {
  "it is empty": [() => "", INVALID],
  "it is cut off": [() => writeBundle(attested.bundle(0)).slice(0, -20), INVALID],
  "something follows it": [() => `${writeBundle(attested.bundle(0))}{}`, INVALID],
  "a name stands twice": [() => replaced('"mediaType"', '"mediaType": "x", "mediaType"'), INVALID],
  "a signature stands twice": [() => replaced('"sig":', '"sig": "AA==", "sig":'), INVALID],
  "a name stands twice, once escaped": [
    () => replaced('"payload":', '"p\\u0061yload": "e30=", "payload":'),
    INVALID,
  ],
  "a member that nobody knows": [() => edited((of) => void (of.dsseEnvelope["more"] = 1)), INVALID],
  "another media type": [() => edited((of) => void (of.mediaType = "application/json")), INVALID],
  "a certificate in place of the key": [
    () =>
      edited((of) => {
        const { publicKey: _, ...rest } = of.verificationMaterial;
        of.verificationMaterial = { ...rest, certificate: { rawBytes: "AA==" } } as never;
      }),
    INVALID,
  ],
  "no key": [() => edited((of) => void (of.verificationMaterial.publicKey = {})), INVALID],
  "the key of bundle and envelope differ": [
    () => edited((of) => void (of.verificationMaterial.publicKey["hint"] = "SHA256:x")),
    INVALID,
  ],
  "no signature": [() => edited((of) => void (of.dsseEnvelope.signatures = [])), INVALID],
  "two signatures": [
    () => edited((of, other) => void of.dsseEnvelope.signatures.push(...other.dsseEnvelope.signatures)),
    INVALID,
  ],
  "a payload that is no base64": [() => edited((of) => void (of.dsseEnvelope["payload"] = "*")), INVALID],
  "no payload": [() => edited((of) => void delete of.dsseEnvelope["payload"]), INVALID],
  "entry and proof name different places": [
    () => edited((of) => void (entryOf(of)["logIndex"] = "0")),
    INVALID,
  ],
  "a place in the log that is no number": [
    () =>
      edited((of) => {
        entryOf(of)["logIndex"] = "1e1";
        entryOf(of).inclusionProof["logIndex"] = "1e1";
      }),
    INVALID,
  ],
  "no proof": [
    () => edited((of) => void delete (entryOf(of) as Record<string, unknown>)["inclusionProof"]),
    INVALID,
  ],
  "no checkpoint": [() => edited((of) => void delete entryOf(of).inclusionProof["checkpoint"]), INVALID],
  "log entries that are no list": [
    () => edited((of) => void (of.verificationMaterial.tlogEntries = {} as never)),
    INVALID,
  ],
  "a bit of the payload": [
    () => edited((of) => void (of.dsseEnvelope["payload"] = flippedText(of.dsseEnvelope["payload"], 30))),
    /signature: .*not by the key/,
  ],
  "the payload of another": [
    () => edited((of, other) => void (of.dsseEnvelope["payload"] = other.dsseEnvelope["payload"])),
    /signature: .*not by the key/,
  ],
  "another type of payload": [
    () => edited((of) => void (of.dsseEnvelope["payloadType"] = "text/plain")),
    /signature: .*not by the key/,
  ],
  "a bit of the signature": [
    () => ({ ...attested.bundle(0), signature: flipped(attested.bundle(0).signature, 20) }),
    /signature: .*not by the key/,
  ],
  "the signature of another bundle": [
    () => ({ ...attested.bundle(0), signature: attested.bundle(1).signature }),
    /signature: .*not by the key/,
  ],
  "a signature of nothing": [
    () => ({ ...attested.bundle(0), signature: Buffer.from("3006020100020100", "hex") }),
    /signature: .*not by the key/,
  ],
  "another's signature under the trusted name": [
    () => ({
      ...signStatement(attested.statement(0), generateKey()),
      keyId: attested.key.publicKey.keyId,
    }),
    /signature: .*not by the key/,
  ],
  "another's signature in its own name": [
    () => signStatement(attested.statement(0), generateKey()),
    /signature: .*none of the given keys/,
  ],
  "it is in no log": [
    () => {
      const { log: _, ...bare } = attested.bundle(0);
      return bare;
    },
    /log: .*no entry of a log/,
  ],
  "two entries of logs": [
    () =>
      edited(
        (of, other) =>
          void of.verificationMaterial.tlogEntries.push(...other.verificationMaterial.tlogEntries),
      ),
    /log: .*no entry of a log/,
  ],
  "an entry of another kind": [
    () => edited((of) => void (entryOf(of)["kindVersion"] = { kind: "dsse", version: "0.0.2" })),
    /log: .*no entry of a log/,
  ],
  "the entry of another bundle": [
    () => edited((of, other) => void (of.verificationMaterial.tlogEntries = [entryOf(other)])),
    /log: .*entry is of another bundle/,
  ],
  "a bit of the entry": [
    () =>
      edited(
        (of) => void (entryOf(of)["canonicalizedBody"] = flippedText(entryOf(of)["canonicalizedBody"], 90)),
      ),
    /log: .*entry is of another bundle/,
  ],
  "the id of another log": [
    () => edited((of) => void (entryOf(of)["logId"] = { keyId: "AAAAAA==" })),
    /log: .*of another log/,
  ],
  "a bit of the root": [
    () =>
      edited((of) => {
        entryOf(of).inclusionProof["rootHash"] = flippedText(entryOf(of).inclusionProof["rootHash"], 3);
      }),
    /log: .*different trees/,
  ],
  "another size": [
    () => edited((of) => void (entryOf(of).inclusionProof["treeSize"] = "4")),
    /log: .*different trees/,
  ],
  "a bit of the proof": [
    () =>
      edited((of) => {
        const [first, ...rest] = entryOf(of).inclusionProof["hashes"] as string[];
        entryOf(of).inclusionProof["hashes"] = [flippedText(first, 3), ...rest];
      }),
    /log: .*does not lead to the root/,
  ],
  "a proof that is cut off": [
    () => edited((of) => void (entryOf(of).inclusionProof["hashes"] = [])),
    /log: .*does not lead to the root/,
  ],
  "a proof with one hash more": [
    () =>
      edited((of) => {
        const hashes = entryOf(of).inclusionProof["hashes"] as string[];
        entryOf(of).inclusionProof["hashes"] = [...hashes, hashes[0]];
      }),
    /log: .*does not lead to the root/,
  ],
  "another place in the log": [
    () =>
      edited((of) => {
        entryOf(of)["logIndex"] = "0";
        entryOf(of).inclusionProof["logIndex"] = "0";
      }),
    /log: .*does not lead to the root/,
  ],
  "a checkpoint that says another size": [
    () =>
      edited((of) => void (checkpointOf(of).envelope = checkpointOf(of).envelope.replace("\n3\n", "\n4\n"))),
    /log: .*not signed by the log's key/,
  ],
  "a checkpoint without a signature": [
    () =>
      edited(
        (of) => void (checkpointOf(of).envelope = `${checkpointOf(of).envelope.split("\n\n")[0] ?? ""}\n\n`),
      ),
    /log: /,
  ],
  "a checkpoint that a log of the same name signed": [
    () =>
      resigned(attested.bundle(0), [
        noteSignerOf(attested.log.name, "log", generateKeyPairSync("ed25519").privateKey),
      ]),
    /log: .*not signed by the log's key/,
  ],
  "a checkpoint that a witness signed in place of the log": [
    () => resigned(attested.bundle(0), [witness], 1_700_000_000),
    /log: .*not signed by the log's key/,
  ],
};

const witness = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);

/** What a builder that lies signs and logs. */
const LIES: Record<string, [change: (of: Members, statement: Statement) => Statement | void, found: RegExp]> =
  {
    "another predicate": [
      (_, of) => ({ ...of, predicateType: "https://slsa.dev/provenance/v0.2" }),
      /type: it is https/,
    ],
    "another type of build": [
      (of) => void ((of["buildDefinition"] ?? {})["buildType"] = {}),
      /type: its build type/,
    ],
    "a sandbox that is weaker": [
      (of) =>
        void ((of["runDetails"]?.["builder"] ?? {})["id"] = "https://pipelite.dev/builder/embedded-none/v1"),
      /builder: .*embedded-none.* is not trusted/,
    ],
    "a builder that is nearly the trusted one": [
      (of) => {
        const builder = of["runDetails"]?.["builder"] ?? {};
        builder["id"] = `${String(builder["id"])}/`;
      },
      /builder: .* is not trusted/,
    ],
    "a list of builders": [
      (of) => {
        const builder = of["runDetails"]?.["builder"] ?? {};
        builder["id"] = [builder["id"]];
      },
      /builder: none is not trusted/,
    ],
    "no builder": [(of) => void delete of["runDetails"]?.["builder"], /builder: none is not trusted/],
    "no details of the run": [(of) => void delete of["runDetails"], /builder: none is not trusted/],
    "parameters that nobody knows": [
      (of) => void ((of["buildDefinition"]?.["externalParameters"] ?? {})["ref"] = "main"),
      /parameters: what was asked for is not known: ref/,
    ],
    "no parameters": [
      (of) => void delete of["buildDefinition"]?.["externalParameters"],
      /parameters: .*none/,
    ],
    "no dependencies": [
      (of) => void delete of["buildDefinition"]?.["resolvedDependencies"],
      /dependencies: it names none/,
    ],
    "an empty list of dependencies": [
      (of) => void ((of["buildDefinition"] ?? {})["resolvedDependencies"] = [] as never),
      /derivation: .* is not the derivation among its dependencies/,
    ],
    "the derivation alone": [
      (of) => changeDependencies(of, (all) => all.filter(({ name }) => name.endsWith(".drv"))),
      /derivation: its build could read .*, which is not named/,
    ],
    "a dependency is left out": [
      (of) => changeDependencies(of, (all) => all.filter(({ name }) => !name.endsWith("-readings.csv"))),
      /derivation: its build could read .*readings.csv, which is not named/,
    ],
    "a dependency that it never had": [
      (of) =>
        changeDependencies(of, (all) => [
          ...all,
          ...all.slice(0, 1).map((each) => ({
            ...each,
            name: `${"0".repeat(32)}-ghost`,
            uri: `/nix/store/${"0".repeat(32)}-ghost`,
          })),
        ]),
      /derivation: its build could not read .*ghost, which is named/,
    ],
    "a dependency that stands twice": [
      (of) => changeDependencies(of, (all) => [...all, ...all.slice(0, 1)]),
      /dependencies: .* stands twice/,
    ],
    "a dependency that leads out of the store": [
      (of) =>
        changeDependencies(of, (all) => [
          ...all,
          { name: "../../etc/passwd", uri: "/etc/passwd", digest: {} },
        ]),
      /dependencies: .* is no store path/,
    ],
    "a dependency under another address": [
      (of) => changeDependencies(of, (all) => all.map((each) => ({ ...each, uri: "/nix/store/x" }))),
      /dependencies: .* is no store path/,
    ],
    "a source with other bytes": [
      (of) =>
        changeDependencies(of, (all) =>
          all.map((each) => (each.name.endsWith("-readings.csv") ? { ...each, digest: ZERO } : each)),
        ),
      /dependencies: .*readings.csv has other bytes here/,
    ],
    "a source whose two hashes differ": [
      (of) =>
        changeDependencies(of, (all) =>
          all.map((each) =>
            each.name.endsWith("-readings.csv")
              ? { ...each, digest: { ...each.digest, sha256: ZERO.sha256 } }
              : each,
          ),
        ),
      /dependencies: .*readings.csv has other bytes here/,
    ],
    "a derivation with other bytes": [
      (of) =>
        changeDependencies(of, (all) =>
          all.map((each) =>
            each.name.endsWith(".drv") ? { ...each, digest: { sha256: ZERO.sha256 } } : each,
          ),
        ),
      /dependencies: .*\.drv has other bytes here/,
    ],
    "the derivation of another stage": [
      (of) => {
        const [other] = [attested.statement(1).predicate as Members];
        Object.assign(of["buildDefinition"] ?? {}, {
          externalParameters: other["buildDefinition"]?.["externalParameters"],
          resolvedDependencies: other["buildDefinition"]?.["resolvedDependencies"],
        });
      },
      /derivation: it gives two, not .*-one/,
    ],
    "a derivation that is no derivation": [
      (of) =>
        void ((of["buildDefinition"]?.["externalParameters"] ?? {})["derivation"] = `${"0".repeat(32)}-one`),
      /derivation: .* is not the derivation among its dependencies/,
    ],
    "another digest of the output": [
      (_, of) => withSubject(of, ({ name }) => ({ name, digest: ZERO })),
      /subject .*: its bytes have the hash/,
    ],
    "two hashes of the output that differ": [
      (_, of) =>
        withSubject(of, ({ name, digest }) => ({ name, digest: { ...digest, narHash: ZERO.narHash } })),
      /subject .*: its bytes have the hash/,
    ],
    "a digest that nobody can check": [
      (_, of) => withSubject(of, ({ name, digest }) => ({ name, digest: { ...digest, sha512: "00" } })),
      /subject .*: its digest sha512 is of a kind that is not known/,
    ],
    "an output that leads out of the store": [
      (_, of) => withSubject(of, ({ digest }) => ({ name: "../../etc/passwd", digest })),
      /subject .*: it names no store path/,
    ],
    "an output without a name": [
      (_, of) => withSubject(of, ({ digest }) => ({ name: "", digest })),
      /subject .*: it names no store path/,
    ],
    "an output that is not here": [
      (_, of) => withSubject(of, ({ digest }) => ({ name: `${"0".repeat(32)}-one`, digest })),
      /untested subject .*: it is not in this store/,
    ],
    "the output of another stage": [
      (_, of) => ({ ...of, subject: attested.statement(1).subject }),
      /derivation: it gives one, not .*-two/,
    ],
    "an output more": [
      (_, of) => ({ ...of, subject: [...of.subject, ...attested.statement(1).subject] }),
      /subject: a derivation has one output, and it names 2/,
    ],
  };

const ZERO = { sha256: "0".repeat(64), narHash: "0".repeat(64) };

interface Dependency {
  name: string;
  uri: string;
  digest: Record<string, string>;
}

function changeDependencies(of: Members, change: (all: Dependency[]) => Dependency[]): void {
  const definition = of["buildDefinition"] ?? {};
  definition["resolvedDependencies"] = change(
    definition["resolvedDependencies"] as unknown as Dependency[],
  ) as never;
}

function withSubject(
  of: Statement,
  change: (subject: Statement["subject"][0]) => Statement["subject"][0],
): Statement {
  return { ...of, subject: of.subject.map(change) };
}

let lied: Bundle[];
before(async () => {
  await attested.start();
  const statements = Object.values(LIES).map(([change]) => {
    const statement = attested.statement(0);
    return change(statement.predicate as Members, statement) ?? statement;
  });
  lied = await attest(attested.project.door, statements, attested.key);
});

test("what nobody has changed holds", () => {
  for (const bundle of attested.bundles) assert.deepEqual(attested.problems(bundle, attested.trust()), []);
});

for (const [name, [change, found]] of Object.entries(CHANGED_BUNDLES))
  test(`a changed bundle is refused: ${name}`, () => {
    assert.match(attested.problems(change(), attested.trust()).join("\n"), found);
  });

for (const [index, [name, [, found]]] of Object.entries(LIES).entries())
  test(`what a builder that lies signs is refused: ${name}`, () => {
    const bundle = lied[index];
    assert.ok(bundle);
    assert.match(attested.problems(bundle, attested.trust()).join("\n"), found);
  });

test("a bundle is refused by whom the trust file does not name, or not for this", () => {
  const { publicKey: key } = attested.key;
  const [bundle, before2020, after2020] = [
    attested.bundle(0),
    resigned(attested.bundle(0), [witness], Date.parse("2019-01-01") / 1000, true),
    resigned(attested.bundle(0), [witness], Date.parse("2021-01-01") / 1000, true),
  ];
  const revoked = [{ key, revoked: "2020-01-01T00:00:00.000Z" }];
  const witnesses = [witness];
  const refused: [name: string, trust: Partial<Trust>, found: RegExp, bundle?: Bundle][] = [
    ["nobody's key", { keys: [] }, /signature: .*none of the given keys/],
    ["another key", { keys: [{ key: generateKey().publicKey }] }, /signature: .*none of the given keys/],
    [
      "a key that is expired",
      { keys: [{ key, until: "2020-01-01T00:00:00.000Z" }] },
      /key: it is trusted until/,
    ],
    ["a key of later", { keys: [{ key, from: "2099-01-01T00:00:00.000Z" }] }, /key: it is trusted from/],
    ["a key that is revoked", { keys: revoked }, /key: it is revoked/],
    ["a revoked key, seen after", { keys: revoked, witnesses }, /key: it is revoked/, after2020],
    ["a revoked key, seen before by a stranger", { keys: revoked }, /key: it is revoked/, before2020],
    [
      "a key of another builder",
      { keys: [{ key, builders: ["https://example.org/b"] }] },
      /builder: its signer may not/,
    ],
    ["no builder", { builders: [] }, /builder: .* is not trusted/],
    ["another pipeline", { pipelines: ["another"] }, /pipeline: .* is not trusted/],
    ["a witness that did not sign", { witnesses }, /witness .*: it has not signed/],
    [
      "another log",
      { logs: [noteSignerOf("other.invalid", "log", witness.privateKey)] },
      /log: .*of another log/,
    ],
    [
      "another source",
      { sources: { "readings.csv": [`sha256:${ZERO.sha256}`] } },
      /source readings.csv: .* is not trusted/,
    ],
    [
      "a source that nobody read",
      { sources: { "other.csv": [`sha256:${ZERO.sha256}`] } },
      /untested source other.csv/,
    ],
  ];
  for (const [name, trust, found, changed = bundle] of refused)
    assert.match(attested.problems(changed, attested.trust(trust)).join("\n"), found, name);
  const good: [name: string, trust: Partial<Trust>, bundle?: Bundle][] = [
    ["its pipeline", { pipelines: [attested.project.record().pipeline] }],
    [
      "a key of this time",
      { keys: [{ key, from: "2020-01-01T00:00:00.000Z", until: "2999-01-01T00:00:00.000Z" }] },
    ],
    ["a revoked key, seen before", { keys: revoked, witnesses }, before2020],
    ["a key of its builder", { keys: [{ key, builders: attested.trust().builders }] }],
    [
      "its source",
      { sources: { "readings.csv": [ZERO.sha256, sourceHash()].map((hash) => `sha256:${hash}`) } },
    ],
    ["no log", { logs: [] }],
  ];
  for (const [name, trust, changed = bundle] of good)
    assert.deepEqual(attested.problems(changed, attested.trust(trust)), [], name);
});

function sourceHash(): string {
  const { predicate } = attested.statement(0);
  const all = (predicate as Members)["buildDefinition"]?.["resolvedDependencies"] as unknown as Dependency[];
  return all.find(({ name }) => name.endsWith("-readings.csv"))?.digest["sha256"] ?? "";
}
