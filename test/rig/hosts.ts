// Hosts of their own on this machine: a network namespace, an sshd and a Nix store each, on one bridge. Needs root, iproute2
// and OpenSSH.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "#base/files.ts";
import { until } from "./command.ts";

const NIX_CONFIG = `experimental-features = nix-command ca-derivations
build-users-group =
substituters =
sandbox = true`;

export class Hosts implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pl-hosts-"));
  readonly #daemons: ChildProcess[] = [];
  readonly #tag = `pl${process.pid % 10_000}`;
  /** Of its own, so that two at a time on one machine don't answer for each other. */
  readonly #net = `10.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
  readonly #count: number;

  private constructor(count: number) {
    this.#count = count;
  }

  static async start(count: number): Promise<Hosts> {
    const hosts = new Hosts(count);
    try {
      await hosts.#start();
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
    return hosts;
  }

  async #start(): Promise<void> {
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", this.#file("user"));
    run("ip", "link", "add", this.#bridge, "type", "bridge");
    run("ip", "addr", "add", `${this.#net}.1/24`, "dev", this.#bridge);
    run("ip", "link", "set", this.#bridge, "up");
    mkdirSync("/run/sshd", { recursive: true });
    for (let index = 0; index < this.#count; index++) this.#startHost(index);
    await Promise.all(Array.from({ length: this.#count }, (_, index) => answers(this.address(index))));
  }

  #startHost(index: number): void {
    const [space, outer, inner] = [this.#space(index), this.#link(index), `${this.#tag}i${index}`];
    run("ip", "netns", "add", space);
    run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space);
    run("ip", "link", "set", outer, "master", this.#bridge, "up");
    for (const words of [
      `addr add ${this.address(index)}/24 dev ${inner}`,
      `link set ${inner} up`,
      "link set lo up",
    ])
      run("ip", "-n", space, ...words.split(" "));
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", this.#file(`host${index}`));
    const daemon = this.#file(`daemon${index}`);
    // What a host's own configuration would say.
    writeFileSync(
      daemon,
      `#!/bin/sh\nexport NIX_REMOTE= NIX_CONFIG='${NIX_CONFIG}'\nexec nix-daemon "$@" --store ${this.store(index)}\n`,
    );
    chmodSync(daemon, 0o755);
    writeFileSync(
      this.#file(`sshd${index}`),
      [
        `ListenAddress ${this.address(index)}`,
        `HostKey ${this.#file(`host${index}`)}`,
        `AuthorizedKeysFile ${this.#file("user.pub")}`,
        `PidFile ${this.#file(`pid${index}`)}`,
        "PermitRootLogin prohibit-password",
        "StrictModes no",
        "UsePAM no",
        "",
      ].join("\n"),
    );
    const sshd = spawn(
      "ip",
      ["netns", "exec", space, "/usr/sbin/sshd", "-D", "-f", this.#file(`sshd${index}`)],
      {
        stdio: "ignore",
      },
    );
    this.#daemons.push(sshd);
  }

  /** The line of a list of machines. */
  machine(index: number, jobs = 2): string {
    const hostKey = readFileSync(this.#file(`host${index}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
    const uri = `ssh-ng://root@${this.address(index)}?remote-program=${this.#file(`daemon${index}`)}`;
    return `${uri} - ${this.#file("user")} ${jobs} 1 - - ${Buffer.from(hostKey).toString("base64")}`;
  }

  store(index: number): string {
    return this.#file(`store${index}`);
  }

  /** The daemon of this machine, with a store of its own. */
  async startDaemon(): Promise<{ socket: string } & AsyncDisposable> {
    const socket = this.#file("socket");
    const env = { ...process.env, NIX_REMOTE: "", NIX_CONFIG, NIX_DAEMON_SOCKET_PATH: socket };
    const daemon = spawn("nix-daemon", ["--store", this.#file("own")], { env, stdio: "ignore" });
    this.#daemons.push(daemon);
    const ended = once(daemon, "exit");
    await until(() => existsSync(socket), "a socket of the daemon");
    return {
      socket,
      async [Symbol.asyncDispose]() {
        daemon.kill();
        await ended;
      },
    };
  }

  /** Takes a host off the network, without a word to whoever speaks with it. */
  cut(index: number): void {
    run("ip", "link", "set", this.#link(index), "down");
  }

  #file(name: string): string {
    return join(this.folder, name);
  }

  get #bridge(): string {
    return `${this.#tag}b`;
  }

  #space(index: number): string {
    return `${this.#tag}-${index}`;
  }

  #link(index: number): string {
    return `${this.#tag}o${index}`;
  }

  address(index: number): string {
    return `${this.#net}.${index + 10}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) daemon.kill("SIGKILL");
    for (let index = 0; index < this.#count; index++) {
      const inside = spawnSync("ip", ["netns", "pids", this.#space(index)], { encoding: "utf8" });
      for (const pid of inside.stdout.split("\n").filter(Boolean)) kill(Number(pid));
      spawnSync("ip", ["netns", "del", this.#space(index)]);
      spawnSync("ip", ["link", "del", this.#link(index)]);
    }
    spawnSync("ip", ["link", "del", this.#bridge]);
    await sleep(100);
    removeTree(this.folder);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr || error?.message}`);
}

/** Waits until the sshd of a host listens. */
async function answers(address: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(22, address, () => resolve((socket.destroy(), true)));
      socket.on("error", () => resolve(false));
    });
    if (isThere) return;
    await sleep(50);
  }
  throw new Error(`no sshd answers at ${address}`);
}
