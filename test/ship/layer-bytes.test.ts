// What has to be sent again after one change, in bytes of real layers, beside the way that dockerTools of nixpkgs and nix2container
// lay paths out by default (popularity). One path is changed, with all that needs it, and then another.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import { planLayers, type LayerPath } from "#package/layering.ts";
import { writeLayers } from "#ship/image/layers.ts";
import { openStore, type Store } from "#store/index.ts";
import { popularity } from "../rig/layer-costs.ts";
import { sweep } from "../rig/peer.ts";

const base = mkdtempSync(join(tmpdir(), "layer-bytes-"));
after(() => rmSync(base, { recursive: true }));

/** Libraries below tools below programs: name -> size in KiB, and what it needs. */
const GRAPH: Record<string, [kib: number, needs: string[]]> = {
  libc: [300, []],
  ...Object.fromEntries(
    Array.from({ length: 8 }, (_, at) => [
      `lib${at}`,
      [20 + 25 * at, ["libc", ...(at > 3 ? [`lib${at - 4}`] : [])]],
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: 14 }, (_, at) => [
      `tool${at}`,
      [10 + 20 * at, [`lib${at % 8}`, `lib${(at * 3) % 8}`]],
    ]),
  ),
  model: [500, []],
  report: [4, ["model", "tool0", "tool3", "tool9"]],
  whole: [2, ["report", ...Array.from({ length: 14 }, (_, at) => `tool${at}`)]],
};
const LAYERS = 9;
/** One of each kind, and as many tools as libraries. */
const CHANGED = ["libc", "lib5", "tool3", "tool12", "model", "report", "whole"];

/** All paths, of which one has other bytes. */
async function addAll(store: Store, changed: string | undefined): Promise<Map<string, StorePath>> {
  const paths = new Map<string, StorePath>();
  for (const [name, [kib, needs]] of Object.entries(GRAPH)) {
    const references = needs.map((each) => paths.get(each)).filter((each) => each !== undefined);
    const file = join(base, "file");
    const content = Buffer.alloc(kib * 1024, `${name}${name === changed ? "!" : ""}`);
    writeFileSync(file, Buffer.concat([Buffer.from(references.join("\n")), content]));
    paths.set(name, (await store.addGathered(name, { "share/data": file }, references)).path);
  }
  return paths;
}

test(
  "after one change half of what popularity makes one send is sent, or less",
  { skip: sweep() },
  async () => {
    using store = openStore(join(base, "home"));
    const blobs = join(base, "blobs");
    mkdirSync(blobs);
    const plans = {
      own: (paths: LayerPath[]) => planLayers(paths, { most: LAYERS }),
      popularity: (paths: LayerPath[]) => popularity(paths, LAYERS),
    };
    const layersOf = async (paths: Map<string, StorePath>, plan: (all: LayerPath[]) => string[][]) => {
      const infos = [...paths.values()].map((path) => store.info(path)).filter((info) => info !== undefined);
      const all = infos.map(({ path, narSize, references }) => ({
        id: path,
        name: storePathName(path),
        size: narSize,
        references,
      }));
      const groups = plan(all).map((ids) => infos.filter(({ path }) => ids.includes(path)));
      const packing = {
        codec: "none",
        level: 0,
        folder: join(base, "packed"),
        signal: new AbortController().signal,
      } as const;
      return writeLayers(store, groups, { blobs, packing });
    };
    const first = await addAll(store, undefined);
    const sent: Record<keyof typeof plans, number> = { own: 0, popularity: 0 };
    const afterRoot = { ...sent };
    for (const [name, plan] of Object.entries(plans) as [keyof typeof plans, typeof plans.own][]) {
      const there = new Set((await layersOf(first, plan)).map(({ digest }) => digest));
      for (const changed of CHANGED) {
        const again = await layersOf(await addAll(store, changed), plan);
        const bytes = again
          .filter(({ digest }) => !there.has(digest))
          .reduce((sum, { size }) => sum + size, 0);
        sent[name] += bytes;
        if (changed === "whole") afterRoot[name] = bytes;
      }
    }
    assert.ok(sent.own * 2 <= sent.popularity, `of all changes: ${JSON.stringify(sent)}`);
    assert.ok(afterRoot.own * 2 <= afterRoot.popularity, `of the last stage: ${JSON.stringify(afterRoot)}`);
  },
);
