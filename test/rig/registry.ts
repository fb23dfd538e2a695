// A registry for npm that has what node_modules has, and nothing else: installing needs no network.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

interface Manifest {
  name: string;
  version: string;
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
}

/** @param modules a folder `node_modules` */
export async function startRegistry(modules: string): Promise<Registry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const [name, isTarball] = path.endsWith("/tarball") ? [path.slice(0, -8), true] : [path, false];
    const file = join(modules, name, "package.json");
    if (!/^(@[\w.-]+\/)?[\w.-]+$/.test(name) || !existsSync(file)) {
      response.writeHead(404, { "content-type": "application/json" }).end("{}");
    } else if (isTarball) {
      const packed = ["-cz", "--transform", "s,^\\.,package,", "--exclude=./node_modules", "."];
      const tar = spawn("tar", ["-C", join(modules, name), ...packed], {
        env: { ...process.env, GZIP: "-1" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      tar.stdout.pipe(response);
    } else {
      const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
      const tarball = `${urlOf(server)}${encodeURIComponent(name)}/tarball`;
      const versions = { [manifest.version]: { ...manifest, dist: { tarball } } };
      const document = { name, "dist-tags": { latest: manifest.version }, versions };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
