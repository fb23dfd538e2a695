// Three hosts in network namespaces, an sshd and a Nix store each, one cut off in the middle of a run; beside them the daemon of this
// machine and the embedded engine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runHere } from "../cli/rig.ts";
import { Hosts } from "../rig/hosts.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const skip = peer("nix-daemon", "ssh", "ip") || (process.getuid?.() === 0 ? false : "not run: needs root");

const FILES = {
  "pipeline.ts": `
    import { pipeline, stage } from "pipelite";
    const parts = Array.from({ length: 12 }, (_, part) => stage(() => import("./part.ts"), { part }));
    const all = stage(() => import("./all.ts"), { parts });
    export default pipeline({ all });`,
  "part.ts": `
    export default async ({ part }: { part: number }) => {
      console.log("working");
      await new Promise((done) => setTimeout(done, 1500));
      return { "part.txt": String(part * part) };
    };`,
  "all.ts": `
    import type { Input } from "pipelite";
    export default async ({ parts }: { parts: Input[] }) => ({
      "all.txt": (await Promise.all(parts.map((part) => part.text("part.txt")))).join(" "),
    });`,
};

test(
  "the local daemon and three hosts build what one engine does; one is cut off in the middle, and its stages move",
  { skip },
  async (t) => {
    await using hosts = await Hosts.start(3);
    using embedded = new Project(FILES);
    const own = await embedded.run();
    using local = new Project(FILES);
    await using daemon = await hosts.startDaemon();
    const env = { ...process.env, NIX_DAEMON_SOCKET_PATH: daemon.socket };
    const near = await local.run({ engine: "nix", builders: "daemon - - 6", env });
    assert.deepEqual(near.outputs, own.outputs, JSON.stringify(near.ends));
    using project = new Project(FILES);
    let working = 0;
    const ran = await project.run({
      engine: "nix",
      builders: [0, 1, 2].map((index) => hosts.machine(index)).join("\n"),
      listener: (event) => {
        if (event.type === "stage-log" && event.line.includes("working") && ++working === 4) hosts.cut(1);
      },
    });
    const failures = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure ?? []) : [],
    );
    assert.equal(ran.exitCode, 0, JSON.stringify(failures));
    assert.deepEqual(ran.outputs, own.outputs);
    const tables = await Promise.all(
      [embedded, local, project].map(({ home }) => runHere(["runs"], { env: { PIPELITE_HOME: home } })),
    );
    const table = tables.map(({ stdout }) => stdout.trim().split("\n"));
    for (const line of [table[0]?.[0] ?? "", ...table.flatMap((lines) => lines.slice(1))]) t.diagnostic(line);
    const engines = table.map(
      (lines) => / (embedded|nix(, \d machines?)?) +13 built/.exec(lines[1] ?? "")?.[1],
    );
    assert.deepEqual(engines.slice(0, 2), ["embedded", "nix, 1 machine"]);
    assert.match(engines[2] ?? "", /^nix, [23] machines$/);
    const machines = project.record().stages.flatMap(({ usage }) => usage?.machine ?? []);
    const hostOf = (uri: string) => new URL(uri).hostname;
    assert.equal(machines.length, 13);
    const used = new Set(machines.map(({ name }) => hostOf(name)));
    assert.ok(used.has(hosts.address(0)) && used.has(hosts.address(2)), [...used].join(" "));
    const moved = machines.flatMap(({ movedFrom = [] }) => movedFrom);
    assert.ok(moved.length > 0);
    assert.deepEqual(new Set(moved.map(({ machine }) => hostOf(machine))), new Set([hosts.address(1)]));
  },
);
