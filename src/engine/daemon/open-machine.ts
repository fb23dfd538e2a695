// Opens a connection to the daemon of a machine.
import { shellWord } from "#base/escape.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { pipeliteError } from "#engine/errors.ts";
import { DaemonConnection, type Transport } from "./connection.ts";
import type { Machine } from "./machines.ts";
import { programTransport, socketTransport } from "./transport.ts";

const DAEMON_SOCKET = "/nix/var/nix/daemon-socket/socket";
/** A machine that says nothing for so long when it is greeted is not there. */
const GREETING_MAX_MS = 60_000;

/** Settings under which Nix builds as the embedded engine does: sandboxed, from this store alone. */
const LOCAL_SETTINGS = `
experimental-features = nix-command ca-derivations
build-users-group =
sandbox = true
sandbox-fallback = false
substituters =
`;

export interface OpenMachine {
  /** Of the home, for `local`. */
  home: string;
  env: Variables;
  /** For what ssh shares between connections to one machine. */
  folder: string;
}

/** @throws PipeliteError MACHINE_LOST, MACHINE_PROTOCOL */
export async function openMachine(machine: Machine, open: OpenMachine): Promise<DaemonConnection> {
  const transport = await transportTo(machine, open);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const problem = `it said nothing for ${GREETING_MAX_MS / 1000} s`;
      reject(pipeliteError("MACHINE_LOST", { machine: machine.uri, problem }));
    }, GREETING_MAX_MS);
  });
  const opening = DaemonConnection.open(transport, machine.uri);
  try {
    return await Promise.race([opening, silence]);
  } catch (error) {
    opening.catch(() => undefined);
    transport.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function transportTo(machine: Machine, { home, env, folder }: OpenMachine): Promise<Transport> {
  const { uri } = machine;
  if (uri === "local") {
    const own = { ...env, NIX_CONFIG: LOCAL_SETTINGS, NIX_REMOTE: "" };
    return programTransport("nix-daemon", ["--stdio", "--store", home], own);
  }
  if (uri === "daemon") return socketTransport(env["NIX_DAEMON_SOCKET_PATH"] ?? DAEMON_SOCKET, uri);
  if (uri.startsWith("unix://")) return socketTransport(uri.slice("unix://".length), uri);
  return programTransport("ssh", sshArguments(machine, folder), env);
}

/** One connection to a host carries all that go there at a time. */
function sshArguments({ uri, key, hostKey }: Machine, folder: string): string[] {
  const url = new URL(uri);
  const args = ["-x", "-a", "-T"];
  const option = (name: string, value: string): void => void args.push("-o", `${name}=${value}`);
  option("BatchMode", "yes");
  option("ConnectTimeout", "20");
  option("ServerAliveInterval", "5");
  option("ServerAliveCountMax", "3");
  option("ControlMaster", "auto");
  option("ControlPath", join(folder, "%C"));
  option("ControlPersist", "no");
  if (key !== undefined) args.push("-i", key);
  if (url.port !== "") args.push("-p", url.port);
  if (hostKey !== undefined) {
    const known = join(folder, `known-${url.hostname}`);
    const name = url.port === "" ? url.hostname : `[${url.hostname}]:${url.port}`;
    writeFileSync(known, `${name} ${Buffer.from(hostKey, "base64").toString("utf8").trim()}\n`);
    option("UserKnownHostsFile", known);
    option("StrictHostKeyChecking", "yes");
  }
  const user = url.username === "" ? "" : `${decodeURIComponent(url.username)}@`;
  const store = url.searchParams.get("remote-store");
  const program = url.searchParams.get("remote-program") ?? "nix-daemon";
  const remote = [program, "--stdio", ...(store === null ? [] : ["--store", store])];
  return [...args, "--", `${user}${url.hostname}`, remote.map(shellWord).join(" ")];
}

/** A short path, since the name of a socket has at most 107 bytes. */
export function sharedFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "pl-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
