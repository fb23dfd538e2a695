// One connection to a Nix daemon: over its socket, a pipe to `nix-daemon --stdio`, or ssh. It does one thing at a time, as the
// protocol wants. Specification: Nix manual, "Nix daemon protocol"; `libstore/worker-protocol.hh`, `remote-store.cc`.
import type { Writable } from "node:stream";
import { fromByteString, hex, textOf } from "#base/bytes.ts";
import { messageOf, parseStrictJson } from "#base/strict-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { parseContentAddress } from "#nix/content-address.ts";
import { parseHash } from "#nix/hash.ts";
import { WireReader, WireWriter } from "#nix/wire.ts";
import { parseStorePath, parseStorePathBase, sortPaths, type StorePath } from "#nix/store-path.ts";
import type { NarToAdd } from "#store/transfer.ts";
import { pipeliteError } from "#engine/errors.ts";
import { coresFor, type StageLimits } from "#engine/limits.ts";
import { readMessages } from "./messages.ts";
import { Silence } from "./silence.ts";

const CLIENT_MAGIC = 0x6e697863;
const DAEMON_MAGIC = 0x6478696f;
/** Major version 1 in the second byte. */
const version = (minor: number): number => 0x100 + minor;
/** As large as an output may be. */
const NAR_MAX_BYTES = 2 ** 40;
/** Nix 2.8; before it no derivation can be realised by its output. */
export const PROTOCOL_MIN = version(34);
/** What is understood here; a newer daemon speaks this one to us. */
const PROTOCOL_OWN = version(37);

const OPERATION = {
  setOptions: 19,
  queryPathInfo: 26,
  queryValidPaths: 31,
  narFromPath: 38,
  addMultipleToStore: 44,
  buildPathsWithResults: 46,
} as const;

/** The two ends of whatever carries the protocol. */
export interface Transport {
  readonly input: Writable;
  readonly output: AsyncIterable<Uint8Array>;
  /** What the carrier itself says of why it ended, such as the last words of ssh. */
  lastWords(): Promise<string>;
  close(): void;
}

/** What a daemon knows of a path. */
export interface RemoteInfo extends NarToAdd {
  references: StorePath[];
}

export interface BuildOptions {
  /** Gets lines of the build's log. */
  onLog: (line: Uint8Array) => void;
  /** Nix holds a build to its time, and tells it its processors. */
  limits?: Partial<Pick<StageLimits, "timeoutMs" | "cpus">> | undefined;
}

/** How a build ended over there; `status` as in Nix's BuildResult. */
export interface RemoteBuild {
  status: number;
  /** What Nix says of a failure. */
  problem: string;
  /** Of the output, where there is one. */
  outPath?: StorePath;
  cpuUserMs?: number;
  cpuSystemMs?: number;
}

export class DaemonConnection {
  readonly machine: string;
  readonly #transport: Transport;
  readonly #reader: WireReader;
  #protocol = PROTOCOL_OWN;
  #nixVersion = "unknown";
  #isObeyed = true;
  #ended: Error | undefined;
  readonly #silence = new Silence();

  private constructor(transport: Transport, machine: string) {
    this.machine = machine;
    this.#transport = transport;
    this.#reader = new WireReader(this.#silence.in(transport.output));
    transport.input.on("error", (error) => (this.#ended ??= error));
    // A program that ends closes its input without an error, and what is written from then on is never taken.
    transport.input.on("close", () => (this.#ended ??= new Error("the connection was closed")));
  }

  get nixVersion(): string {
    return this.#nixVersion;
  }

  /** Whether the daemon takes our word for settings such as the sandbox; it does of users that it trusts. */
  get isObeyed(): boolean {
    return this.#isObeyed;
  }

  get protocol(): string {
    return `1.${this.#protocol & 0xff}`;
  }

  /** @throws PipeliteError MACHINE_LOST, MACHINE_PROTOCOL */
  static async open(transport: Transport, machine: string): Promise<DaemonConnection> {
    const connection = new DaemonConnection(transport, machine);
    await connection.#guarded(() => connection.#greet());
    return connection;
  }

  close(): void {
    this.#transport.input.end();
    this.#transport.close();
  }

  async #greet(): Promise<void> {
    await this.#write(new WireWriter().number(CLIENT_MAGIC).number(PROTOCOL_OWN));
    const magic = await this.#reader.number().catch((error: unknown) => {
      if (!isPipeliteError(error, "WIRE_INVALID")) throw error;
      return undefined;
    });
    if (magic !== DAEMON_MAGIC) throw this.#foreign("what answers is no Nix daemon");
    const theirs = await this.#reader.number();
    if (theirs < PROTOCOL_MIN || theirs >> 8 !== PROTOCOL_OWN >> 8)
      throw this.#foreign(
        `it speaks the protocol ${theirs >> 8}.${theirs & 0xff}, and not 1.34 (Nix 2.8) or a later one of 1`,
      );
    this.#protocol = Math.min(theirs, PROTOCOL_OWN);
    // No processor is preferred, and no space kept in reserve: both mean nothing any more.
    await this.#write(new WireWriter().number(0).number(0));
    this.#nixVersion = textOf(await this.#reader.string());
    const untrusted = 2;
    if (this.#protocol >= version(35) && (await this.#reader.number()) === untrusted) this.#isObeyed = false;
    await this.#messages();
  }

  #foreign(problem: string) {
    return pipeliteError("MACHINE_PROTOCOL", { machine: this.machine, problem });
  }

  async #setOptions({ timeoutMs, cpus }: NonNullable<BuildOptions["limits"]>): Promise<void> {
    const overrides: [string, string][] = [
      ["experimental-features", "ca-derivations"],
      ["sandbox", "true"],
      ["sandbox-fallback", "false"],
    ];
    if (timeoutMs !== undefined) overrides.push(["timeout", String(Math.ceil(timeoutMs / 1000))]);
    const writer = new WireWriter()
      .number(OPERATION.setOptions)
      // keep-failed, keep-going, fallback
      .boolean(false)
      .boolean(false)
      .boolean(false)
      // verbosity, max-jobs, max-silent-time
      .number(0)
      .number(1)
      .number(0)
      // build hook, verbosity of builds, log type, build trace: the second is "errors only"
      .boolean(true)
      .number(0)
      .number(0)
      .number(0)
      // cores, use-substitutes
      .number(cpus === undefined ? 0 : coresFor({ cpus }))
      .boolean(false)
      .number(overrides.length);
    for (const [name, value] of overrides) writer.string(name).string(value);
    await this.#write(writer);
    await this.#messages();
  }

  /** Of these paths, those that the daemon's store has. */
  async validPaths(paths: readonly StorePath[]): Promise<Set<StorePath>> {
    return this.#guarded(async () => {
      await this.#write(new WireWriter().number(OPERATION.queryValidPaths).strings(paths).boolean(false));
      await this.#messages();
      return new Set((await this.#reader.strings()).map(parseStorePath));
    });
  }

  async pathInfo(path: StorePath): Promise<RemoteInfo | undefined> {
    return this.#guarded(async () => {
      await this.#write(new WireWriter().number(OPERATION.queryPathInfo).string(path));
      await this.#messages();
      if (!(await this.#reader.boolean())) return undefined;
      const deriver = await this.#reader.string();
      const narHash = parseHash(await this.#reader.string(), "sha256").bytes;
      const references = sortPaths((await this.#reader.strings()).map(parseStorePath));
      await this.#reader.number();
      const narSize = await this.#reader.number();
      await this.#reader.boolean();
      const signatures = await this.#reader.strings();
      const contentAddress = await this.#reader.string();
      if (contentAddress !== "") parseContentAddress(contentAddress);
      if (narSize > NAR_MAX_BYTES) throw this.#foreign(`it has a NAR of ${narSize} bytes`);
      return {
        path,
        narHash,
        narSize,
        references,
        signatures,
        ...(deriver !== "" && { deriver: parseStorePath(deriver) }),
        ...(contentAddress !== "" && { contentAddress }),
      };
    });
  }

  /** The NAR of a path, whose size is known by pathInfo; must be read to its end. */
  async *nar({ path, narSize }: Pick<NarToAdd, "path" | "narSize">): AsyncGenerator<Uint8Array> {
    await this.#guarded(async () => {
      await this.#write(new WireWriter().number(OPERATION.narFromPath).string(path));
      await this.#messages();
    });
    const chunks = this.#reader.raw(narSize);
    for (;;) {
      const { done, value } = await this.#guarded(() => chunks.next());
      if (done === true) return;
      yield value;
    }
  }

  /** Adds paths, each after those it refers to. */
  async addPaths(
    paths: readonly NarToAdd[],
    narOf: (path: StorePath) => AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#guarded(async () => {
      await this.#write(new WireWriter().number(OPERATION.addMultipleToStore).boolean(false).boolean(false));
      const answered = this.#messages();
      let refused: unknown;
      answered.catch((error: unknown) => (refused = error));
      const isOver = (): boolean => refused !== undefined || signal.aborted;
      await this.#frame(new WireWriter().number(paths.length).bytes());
      for (const info of paths) {
        await this.#frame(infoBytes(info));
        for await (const chunk of narOf(info.path)) {
          if (isOver()) break;
          await this.#frame(chunk);
        }
        if (isOver()) break;
      }
      signal.throwIfAborted();
      await this.#write(new WireWriter().number(0));
      await answered;
    });
  }

  /** Builds the output of a derivation that the daemon's store has. */
  async build(drvPath: StorePath, options: BuildOptions): Promise<RemoteBuild> {
    return this.#guarded(async () => {
      await this.#setOptions(options.limits ?? {});
      const wanted = `${drvPath}!out`;
      const normal = 0;
      await this.#write(
        new WireWriter().number(OPERATION.buildPathsWithResults).strings([wanted]).number(normal),
      );
      this.#silence.isBuilding = true;
      await this.#messages(options.onLog).finally(() => (this.#silence.isBuilding = false));
      const count = await this.#reader.count();
      if (count !== 1) throw this.#foreign(`it answers with ${count} results instead of one`);
      await this.#reader.string();
      return this.#readBuild();
    });
  }

  async #readBuild(): Promise<RemoteBuild> {
    const status = await this.#reader.number();
    const problem = textOf(await this.#reader.string());
    await this.#reader.number();
    await this.#reader.boolean();
    // When it started and stopped, in whole seconds of its clock.
    await this.#reader.number();
    await this.#reader.number();
    const cpuUserMs = await this.#readCpu();
    const cpuSystemMs = await this.#readCpu();
    const outputs = await this.#reader.count();
    let outPath: StorePath | undefined;
    for (let index = 0; index < outputs; index++) {
      const id = await this.#reader.string();
      const realisation = parseStrictJson(fromByteString(await this.#reader.string()));
      if (id.endsWith("!out") || id.endsWith("^out")) outPath = outPathOf(realisation);
    }
    return {
      status,
      problem,
      ...(outPath !== undefined && { outPath }),
      ...(cpuUserMs !== undefined && { cpuUserMs }),
      ...(cpuSystemMs !== undefined && { cpuSystemMs }),
    };
  }

  /** Microseconds, where the daemon measured them. */
  async #readCpu(): Promise<number | undefined> {
    if (this.#protocol < version(37) || !(await this.#reader.boolean())) return undefined;
    return (await this.#reader.number()) / 1000;
  }

  #messages(onLog?: (line: Uint8Array) => void): Promise<void> {
    return readMessages(this.#reader, {
      machine: this.machine,
      onLog: (line) => onLog?.(line),
      onIgnored: () => (this.#isObeyed = false),
    });
  }

  async #frame(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await this.#send(new WireWriter().number(bytes.length).bytes());
    await this.#send(Uint8Array.from(bytes));
  }

  #write(writer: WireWriter): Promise<void> {
    return this.#send(writer.bytes());
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (!this.#transport.input.write(bytes)) {
      const taken = new Promise<void>((resolve) => {
        const go = (): void => {
          this.#transport.input.off("drain", go).off("close", go).off("error", go);
          resolve();
        };
        this.#transport.input.on("drain", go).on("close", go).on("error", go);
      });
      await this.#silence.end(taken);
    }
    this.#silence.heard();
  }

  /** What the carrier says of its end becomes the machine's loss. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#silence.heard();
    try {
      return await work();
    } catch (error) {
      if (error instanceof Error && "code" in error && String(error.code).startsWith("MACHINE_")) throw error;
      // Of a connection that ended, its carrier knows why.
      const isOver = this.#ended !== undefined || isPipeliteError(error, "WIRE_ENDED");
      const words = isOver ? await this.#transport.lastWords() : "";
      const problem = words !== "" ? words : messageOf(error);
      throw pipeliteError("MACHINE_LOST", { machine: this.machine, problem }, error);
    }
  }
}

/** Of the shapes of all versions only the output's path is looked at. */
function outPathOf(realisation: unknown): StorePath | undefined {
  if (typeof realisation !== "object" || realisation === null || !("outPath" in realisation))
    return undefined;
  return parseStorePathBase(String(realisation.outPath));
}

function infoBytes(info: NarToAdd): Uint8Array {
  const { path, deriver = "", narHash, narSize, references, signatures = [], contentAddress = "" } = info;
  return new WireWriter()
    .string(path)
    .string(deriver)
    .string(hex(narHash))
    .strings(references)
    .number(0)
    .number(narSize)
    .boolean(false)
    .strings(signatures)
    .string(contentAddress)
    .bytes();
}
