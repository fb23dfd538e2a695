// Pipelite as packages of distributions, made by Pipelite. `node tools/package/gather.ts FOLDER` copies this there, beside what npm
// would install.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pack, pipeline, source, stage, type Node } from "pipelite";

const manifest = readFileSync(join(import.meta.dirname, "app/package.json"), "utf8");
const { description, version } = JSON.parse(manifest) as { description: string; version: string };

const app = source("app");
const files = source("files");
/** The published files, and the Node that they run on as a path of the store. */
const pipelite = stage(() => import("./whole.ts"), { app }) as unknown as Node;

export default pipeline({ pipelite, files });

export const packages = pack({
  name: "pipelite",
  version,
  description,
  licence: "Apache-2.0",
  maintainer: "Pipelite maintainers <maintainers@pipelite.example>",
  date: "2026-11-30",
  programs: { pipelite: pipelite.file("bin/pipelite") },
  manPages: { "pipelite.1": files.file("pipelite.1") },
  completions: {
    bash: { pipelite: files.file("pipelite.bash") },
    fish: { pipelite: files.file("pipelite.fish") },
    zsh: { pipelite: files.file("pipelite.zsh") },
  },
  services: {
    "pipelite-cache": {
      description: "Binary cache of Pipelite",
      command: ["pipelite", "cache", "serve", "--port", "8080"],
    },
  },
  image: {
    command: ["pipelite", "cache", "serve", "--host", "0.0.0.0", "--port", "8080"],
    env: { PIPELITE_HOME: "/var/lib/pipelite" },
    ports: [8080],
    volumes: ["/var/lib/pipelite"],
  },
});
