// Repositories and caches that packages are put into.
import { hash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { removeTree } from "#base/files.ts";
import { readApkIndex } from "#package/apk-index.ts";
import { parseStanzas } from "#package/deb822.ts";
import { runsMustVerify, type Scenario } from "./scenario.ts";
import type { Work } from "./work.ts";

export const REPOSITORY_SCENARIOS: readonly Scenario[] = [
  ...(["apt", "apk", "rpm"] as const).map((kind): Scenario => ({
    name: `repo ${kind}`,
    what: "packages into a repository that has one",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--no-link"]);
      await work.pipelite(["pack", "--format", FORMAT_OF[kind], "--out", packagesOf(work)]);
      await work.pipelite([
        "key",
        "new",
        join(work.folder, "team.key"),
        "--packages",
        "Team <t@example.org>",
      ]);
      const first = packageFiles(work).find((name) => name.startsWith("nix-")) ?? "";
      await work.pipelite([...intoRepository(work, kind), "--add", join(packagesOf(work), first)]);
    },
    words: (work) => [...intoRepository(work, kind), "--add", packagesOf(work)],
    left: async (work) => void mustBeRepository(work, kind),
    afterwards: async (work) => {
      const [listed, wanted] = [mustBeRepository(work, kind), packageFiles(work).length];
      if (listed !== wanted) throw new Error(`the index has ${listed} of ${wanted} packages`);
    },
    below: "cache",
  })),
  {
    name: "repo nix",
    inCi: "in turn",
    what: "a result and all it needs into a cache, signed",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--out", work.result]);
      await work.pipelite(["key", "new", nixKey(work), "--paths", "example-1"]);
    },
    words: (work) => ["repo", "nix", join(work.cache, "site"), "--key", nixKey(work), "--add", work.result],
    left: runsMustVerify,
    afterwards: async (work) => {
      const other = join(work.folder, "other");
      removeTree(other);
      const from = ["--from", join(work.cache, "site"), "--trusted-key", `${nixKey(work)}.pub`];
      const path = readlinkSync(work.result).replace(work.home, "");
      await work.elsewhere(other, ["cache", "pull", ...from, path]);
    },
    below: "cache",
  },
  {
    name: "serve",
    inCi: "in turn",
    what: "a tree that is uploaded into a home that is served",
    prepare: async (work) => {
      work.text("token", TOKEN);
      await work.elsewhere(sourceOf(work), ["store", "add", work.tree]);
    },
    program: join(import.meta.dirname, "served.ts"),
    words: (work) => [sourceOf(work), join(work.folder, "token"), work.folder, work.treePath],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
];

const TOKEN = "token-of-the-sweep-of-faults";

function sourceOf({ folder }: Work): string {
  return join(folder, "source");
}

function nixKey({ folder }: Work): string {
  return join(folder, "nix.key");
}

const FORMAT_OF = { apt: "deb", apk: "apk", rpm: "rpm" } as const;

function packagesOf({ folder }: Work): string {
  return join(folder, "packages");
}

function packageFiles(work: Work): string[] {
  return readdirSync(packagesOf(work)).filter((name) => /\.(deb|apk|rpm)$/.test(name));
}

function intoRepository(work: Work, kind: string): string[] {
  return ["repo", kind, join(work.cache, "site"), "--key", join(work.folder, "team.key")];
}

/** All that the index names is there with its digest, or its size. @returns how many packages it has */
function mustBeRepository(work: Work, kind: keyof typeof FORMAT_OF): number {
  const site = join(work.cache, "site");
  const count = INDEXED[kind]((path) => readFileSync(join(site, path)));
  if (count === 0) throw new Error("the index has no package");
  return count;
}

type Read = (path: string) => Buffer;

const INDEXED = {
  apt: (read: Read): number => {
    const dist = "dists/stable";
    let count = 0;
    const release = read(`${dist}/Release`).toString();
    if (!read(`${dist}/InRelease`).toString().includes(release.trim())) throw new Error("InRelease differs");
    for (const [, sha256 = "", path = ""] of release.matchAll(/^ ([0-9a-f]{64}) \d+ (\S+)$/gm)) {
      must(read, `${dist}/${path}`, sha256);
      if (!path.endsWith("/Packages")) continue;
      for (const stanza of parseStanzas(read(`${dist}/${path}`).toString())) {
        must(read, stanza.get("filename") ?? "", stanza.get("sha256") ?? "");
        count += 1;
      }
    }
    return count;
  },
  apk: (read: Read): number => {
    const { records } = readApkIndex(read("x86_64/APKINDEX.tar.gz"));
    for (const record of records) {
      const file = `x86_64/${record.get("P")}-${record.get("V")}.apk`;
      if (String(read(file).length) !== record.get("S")) throw new Error(`${file} has another size`);
    }
    return records.length;
  },
  rpm: (read: Read): number => {
    const named = (path: string, text: string) => {
      const places = /<checksum type="sha256"[^>]*>(\w+)<[^]*?<location href="([^"]+)"/g;
      const found = [...text.matchAll(places)].map(([, sha256 = "", file = ""]) => {
        must(read, file, sha256);
        return file;
      });
      if (found.length === 0) throw new Error(`${path} names nothing`);
      return found;
    };
    const index = named("repomd.xml", read("repodata/repomd.xml").toString());
    const primary = index.find((file) => file.endsWith("primary.xml.gz")) ?? "";
    if (read("repodata/repomd.xml.asc").length === 0) throw new Error("nothing signs the index");
    return named(primary, gunzipSync(read(primary)).toString()).length;
  },
};

function must(read: Read, path: string, sha256: string): void {
  if (hash("sha256", read(path)) !== sha256) throw new Error(`${path} is not what the index says`);
}
