// What a download needed to be fetched is in no file of an export; what was fetched is.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { filesBelow } from "#base/files.ts";
import { pipelite } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { FlakeNix } from "./rig.ts";

const TOKEN = "hunter2-hunter2-hunter2";
const DATA = "what only who has the token may have\n";

test(
  "an export has what a secret fetched, and not the secret",
  { skip: peer("nix", "unshare") },
  async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization ?? "");
      response.end(DATA);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const hash = `sha256-${createHash("sha256").update(DATA).digest("base64")}`;
      using project = new Project({
        "pipeline.ts": `
import { download, pipeline, secret, stage } from "pipelite";
const data = download({ url: ["http://127.0.0.1:${port}/data?key=", secret("TOKEN")], hash: "${hash}", name: "data.txt", headers: { Authorization: ["Bearer ", secret("TOKEN")] } });
export default pipeline({ size: stage(() => import("./size.ts"), { data }) });
`,
        "size.ts": `
import type { Source } from "pipelite";
export default async function size({ data }: { data: Source }) {
  return { "size.txt": String((await data.text()).length) };
}
`,
      });
      const env = { PIPELITE_HOME: project.home, TOKEN };
      const ran = await pipelite(["run", project.root, "--out", join(project.folder, "result")], { env });
      assert.equal(ran.code, 0, ran.stderr);
      const out = join(project.folder, "exported");
      const words = ["export-nix", project.root, "-o", out, "--compression", "none", "--machine-programs"];
      const wrote = await pipelite(words, { env });
      assert.equal(wrote.code, 0, wrote.stderr);
      const files = filesBelow(out);
      const holding = (words: string) =>
        files.filter((name) => readFileSync(join(out, name)).includes(words));
      assert.deepEqual(holding(TOKEN), []);
      assert.equal(holding(DATA).length, 1);
      using nix = new FlakeNix(project.folder, out);
      const built = nix.run("build", "--no-link", "--json", "#size");
      assert.equal(built.status, 0, built.stderr);
      assert.deepEqual(asked, [`Bearer ${TOKEN}`]);
    } finally {
      server.close();
    }
  },
);
