// Where each format has its bill of materials, its provenance and its signature: the table in docs/packages.md, shown.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { hexDigestOf } from "#base/digest.ts";
import { makeSecretKey, writeSecretKey } from "#nix/signature.ts";
import { readLayout } from "#ship/image/layout.ts";
import { entriesOfPackage } from "#ship/opened.ts";
import { PACKAGE_FORMATS } from "#ship/shipment.ts";
import { BUNDLE_TYPE, PACKAGE_PREDICATE } from "#ship/statement.ts";
import { parseBundle, parseStatement, verifyBundle } from "#sigstore/index.ts";
import { readBom } from "#sbom/read.ts";
import { packLatest } from "../rig/packing.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const PIPELINE = `import { pack, pipeline, source, stage } from "pipelite";
const bin = source("bin");
const made = stage(() => import("./made.ts"));
export default pipeline({ bin, made });
export const hello = pack({
  name: "hello",
  version: "1.0",
  description: "Says hello",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  programs: { hello: bin.file("hello") },
  data: { made },
});
`;

describe("bill of materials, provenance and signature", { skip: sweep() }, () => {
  const base = mkdtempSync(join(tmpdir(), "pipelite-places-"));
  const out = join(base, "out");
  let project: Project;
  let files: string[] = [];
  let made = "";

  before(async () => {
    project = new Project({
      "pipeline.ts": PIPELINE,
      "made.ts": 'export default () => ({ "made.txt": "made\\n" });\n',
      "bin/hello": "#!/bin/sh\necho hello\n",
    });
    chmodSync(join(project.root, "bin/hello"), 0o755);
    await project.run();
    made = project.record().results["made"] ?? "";
    const formats = [...PACKAGE_FORMATS, "oci", "docker", "nix"] as const;
    const pathKeyFile = join(base, "cache.key");
    writeFileSync(pathKeyFile, writeSecretKey(makeSecretKey("places-1", randomBytes(32))), { mode: 0o600 });
    await packLatest(project, { formats, out, isSingle: true, isAttested: true, pathKeyFile });
    files = readdirSync(out);
  });
  after(() => {
    project[Symbol.dispose]();
    rmSync(base, { recursive: true });
  });

  const named = (ending: string): string => {
    const name = files.find((each) => each.endsWith(ending));
    assert.ok(name !== undefined, `${ending} among ${files.join(", ")}`);
    return join(out, name);
  };
  const lists = (text: string): void => {
    const listed = readBom(text).components.map(({ path = "" }) => path);
    assert.ok(listed.includes(made), `${made} is in the bill of materials`);
  };
  const isAbout = (text: string, name: string): boolean =>
    parseStatement(parseBundle(text).payload).subject.some((each) => each.name === name);

  for (const format of PACKAGE_FORMATS)
    test(`${format}: the bill is in it`, async () => {
      const { entries } = await entriesOfPackage(named(`.${format}`), format);
      const own = entries.find(({ path }) => path === "usr/share/doc/hello/sbom.cdx.json");
      lists(Buffer.from(own?.content ?? "").toString());
    });

  for (const ending of [".deb", ".rpm", ".apk", ".docker.tar", ".nix-export"])
    test(`${ending}: the signature is beside it, over its bytes`, () => {
      const bundle = parseBundle(readFileSync(`${named(ending)}.sigstore.json`, "utf8"));
      const { subject, predicateType } = verifyBundle(bundle, project.door.keyring.keys);
      assert.equal(predicateType, PACKAGE_PREDICATE);
      assert.equal(subject[0]?.digest["sha256"], hexDigestOf(readFileSync(named(ending))));
    });

  test("deb, rpm, apk, docker, nix: the provenance is beside them, in provenance/", () => {
    const folder = join(out, "provenance");
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    assert.ok(texts.some((text) => isAbout(text, made.slice("/nix/store/".length))));
  });

  test("docker, nix: the bill is beside them", () => {
    lists(readFileSync(join(out, "hello.sbom.cdx.json"), "utf8"));
  });

  test("nix: each path of the cache is signed in its narinfo", () => {
    const cache = named(".nix-cache");
    const infos = readdirSync(cache).filter((name) => name.endsWith(".narinfo"));
    assert.ok(infos.length > 0);
    for (const name of infos) assert.match(readFileSync(join(cache, name), "utf8"), /^Sig: places-1:/m);
  });

  test("oci: all three are beside the image, as referrers", async () => {
    const { referrers } = await readLayout(named(".oci"));
    const contents = referrers.map(({ referrer: { artifactType, layers } }) => ({
      artifactType,
      text: readFileSync(join(named(".oci"), "blobs/sha256", layers[0]?.sha256 ?? ""), "utf8"),
    }));
    for (const type of ["application/spdx+json", "application/vnd.cyclonedx+json"])
      lists(contents.find(({ artifactType }) => artifactType === type)?.text ?? "");
    const bundles = contents.filter(({ artifactType }) => artifactType === BUNDLE_TYPE);
    for (const name of ["hello", made.slice("/nix/store/".length)])
      assert.ok(
        bundles.some(({ text }) => isAbout(text, name)),
        name,
      );
  });
});
