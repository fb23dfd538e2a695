// Debian's docker-registry on a port of this machine, with a folder of its own.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface DockerRegistry extends AsyncDisposable {
  readonly isUp: boolean;
}

/** Resolves when it listens. */
export async function startDockerRegistry(folder: string, port: number): Promise<DockerRegistry> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "registry.yml");
  writeFileSync(
    config,
    `version: 0.1\nstorage: { filesystem: { rootdirectory: ${folder}/blobs } }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  const registry = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => registry.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    registry.stderr.on("data", (chunk: Buffer) => void (chunk.includes("listening on") && resolve()));
    registry.on("error", reject);
    void ended.then(() => reject(new Error("docker-registry ended")));
  });
  return {
    get isUp() {
      return registry.exitCode === null;
    },
    [Symbol.asyncDispose]: async () => {
      registry.kill();
      await ended;
    },
  };
}
