// The socket of a running collection: processes that cannot write down a temporary root meanwhile name it
// here and wait for the answer `1`, after which it is safe. Specification: Nix `src/libstore/gc.cc`.
import { mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Layout } from "./layout.ts";

/**
 * Serves until closed. Where there can be no socket (too long a path), others wait for the end of the
 * collection.
 */
export async function serveTempRoots(
  layout: Layout,
  onRoot: (path: string) => Promise<void>,
): Promise<() => void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let held = "";
    let answers = Promise.resolve();
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      const lines = (held + text).split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) {
        // Noted at once; answered when nothing of it can be under way any more.
        const noted = onRoot(line);
        answers = answers.then(async () => {
          await noted;
          if (!socket.destroyed) socket.write("1");
        });
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  mkdirSync(dirname(layout.gcSocket), { recursive: true });
  rmSync(layout.gcSocket, { force: true });
  await listen(server, layout.gcSocket);
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}

function listen(server: Server, file: string): Promise<void> {
  return new Promise((resolve) => {
    server.once("error", () => resolve());
    server.listen(file, () => resolve());
  });
}
