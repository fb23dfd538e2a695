// A PostgreSQL server of our own for a test: its cluster in a temporary folder, only a unix socket, no password. The server
// refuses to run as root, so there it runs as `nobody`.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peer } from "./peer.ts";

export interface Postgres extends AsyncDisposable {
  /** The address of a new, empty database. */
  createDatabase(): string;
  /** Stops the server, as a crash would. */
  kill(): Promise<void>;
}

/** Ends the server at once when this process closes its stdin, or is killed itself. */
const WHILE_STDIN_IS_OPEN = '"$@" & server=$!; cat > /dev/null; kill -QUIT $server; wait $server';

/** Debian keeps the server's programs off the PATH. */
function binFolder(): string | undefined {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).toSorted((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(base, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** The `skip` option of a test that needs a server; see peer(). */
export function needsPostgres(): false | string {
  return binFolder() === undefined || process.env["PIPELITE_LANE"] === "first"
    ? peer("initdb", "postgres")
    : false;
}

export async function startPostgres(): Promise<Postgres> {
  const bin = binFolder() ?? "";
  const folder = mkdtempSync(join(tmpdir(), "pipelite-postgres-"));
  const [data, socket] = [join(folder, "data"), join(folder, "socket")];
  mkdirSync(socket);
  const as = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (as !== undefined) for (const path of [folder, socket]) chownSync(path, as.uid, as.gid);
  const options = { cwd: folder, encoding: "utf8", ...as } as const;
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "pipelite", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"],
    options,
  );
  assert.equal(made.status, 0, `initdb: ${made.stderr}`);
  const command = [
    join(bin, "postgres"),
    "-D",
    data,
    "-k",
    socket,
    "-c",
    "listen_addresses=",
    "-c",
    "fsync=off",
  ];
  const server = spawn("sh", ["-c", WHILE_STDIN_IS_OPEN, "sh", ...command], {
    ...options,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("ready to accept connections")) resolve();
      if (log.includes("FATAL")) reject(new Error(`postgres: ${log}`));
    });
    server.on("error", reject);
    server.on("close", () => reject(new Error(`postgres: ${log}`)));
  });
  let databases = 0;
  const stop = async () => {
    server.stdin.end();
    await ended;
  };
  return {
    createDatabase() {
      databases += 1;
      const name = `test${databases}`;
      const args = ["-h", socket, "-U", "pipelite", "-d", "postgres", "-c", `create database ${name}`];
      const { status, stderr } = spawnSync(join(bin, "psql"), args, options);
      assert.equal(status, 0, stderr);
      return `postgres://pipelite@/${name}?host=${encodeURIComponent(socket)}`;
    },
    kill: stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function unprivileged(): { uid: number; gid: number } {
  const id = (flag: string) => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}
