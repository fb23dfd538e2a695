// Which machine takes which stage: the quickest that is free and can; one that is lost is asked no more in this run.
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { textOf } from "#base/bytes.ts";
import { pipeliteError } from "#engine/errors.ts";
import type { DaemonConnection } from "./connection.ts";
import type { Machine } from "./machines.ts";

export interface Lease {
  machine: Machine;
  connection: DaemonConnection;
  /** Gives the connection back for the next stage. */
  release(): void;
  /** Ends the connection. @param loss why the machine is used no more, where that is so */
  end(loss: PipeliteError | undefined): void;
}

interface Seat {
  machine: Machine;
  running: number;
  idle: DaemonConnection[];
  lost?: PipeliteError;
}

export class MachinePool {
  readonly #seats: Seat[];
  readonly #open: (machine: Machine) => Promise<DaemonConnection>;
  readonly #waiting: (() => void)[] = [];

  constructor(machines: readonly Machine[], open: (machine: Machine) => Promise<DaemonConnection>) {
    this.#seats = machines.map((machine) => ({ machine, running: 0, idle: [] }));
    this.#open = open;
  }

  /**
   * Opens a connection to each machine.
   * @returns the versions of Nix there, and who does not answer
   * @throws the last loss where nobody does
   */
  async greet(): Promise<{ versions: string[]; lost: { kind: string; reason: string }[] }> {
    const versions = new Set<string>();
    const greetOne = async (seat: Seat): Promise<void> => {
      try {
        const connection = await this.#open(seat.machine);
        versions.add(connection.nixVersion);
        seat.idle.push(connection);
      } catch (error) {
        if (!isPipeliteError(error)) throw error;
        seat.lost = error;
      }
    };
    await Promise.all(this.#seats.map(greetOne));
    const lost = this.#seats.flatMap(({ machine, lost: loss }) =>
      loss === undefined ? [] : [{ kind: machine.uri, reason: loss.message }],
    );
    const last = this.#seats.at(-1)?.lost;
    if (versions.size === 0 && last !== undefined) throw last;
    return { versions: [...versions].toSorted(), lost };
  }

  /** How many stages all of them build at a time. */
  get jobs(): number {
    return this.#seats.reduce((sum, { machine }) => sum + machine.jobs, 0);
  }

  /**
   * A machine for a derivation, as soon as one is free.
   * @throws PipeliteError MACHINE_NONE where none could ever build it; the last loss where all that could are lost
   */
  async lease(stage: string, derivation: Derivation, signal: AbortSignal): Promise<Lease> {
    for (;;) {
      signal.throwIfAborted();
      const able = this.#seats.filter(({ machine }) => canBuild(machine, derivation));
      const system = textOf(derivation.system);
      if (able.length === 0) throw pipeliteError("MACHINE_NONE", { stage, system });
      const alive = able.filter(({ lost }) => lost === undefined);
      if (alive.length === 0) throw able.at(-1)?.lost ?? pipeliteError("MACHINE_NONE", { stage, system });
      const free = alive.filter(({ running, machine }) => running < machine.jobs);
      const [seat] = free.toSorted((a, b) => loadOf(a) - loadOf(b));
      if (seat === undefined) {
        await this.#turn(signal);
        continue;
      }
      seat.running += 1;
      try {
        const connection = seat.idle.pop() ?? (await this.#open(seat.machine));
        return this.#leaseOf(seat, connection);
      } catch (error) {
        this.#leave(seat);
        if (!isPipeliteError(error)) throw error;
        seat.lost ??= error;
      }
    }
  }

  #leaseOf(seat: Seat, connection: DaemonConnection): Lease {
    return {
      machine: seat.machine,
      connection,
      release: () => {
        seat.idle.push(connection);
        this.#leave(seat);
      },
      end: (loss) => {
        connection.close();
        if (loss !== undefined) seat.lost ??= loss;
        this.#leave(seat);
      },
    };
  }

  #leave(seat: Seat): void {
    seat.running -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  close(): void {
    for (const { idle } of this.#seats) for (const connection of idle) connection.close();
  }
}

function loadOf({ running, machine }: Seat): number {
  return (running + 1) / machine.speed;
}

function canBuild({ systems, features, mandatoryFeatures }: Machine, derivation: Derivation): boolean {
  const wanted = textOf(derivation.env.get("requiredSystemFeatures") ?? "")
    .split(/\s+/)
    .filter(Boolean);
  const isSystem = systems.includes(textOf(derivation.system)) || derivation.system === "builtin";
  const has = wanted.every((each) => features.includes(each) || mandatoryFeatures.includes(each));
  return isSystem && has && mandatoryFeatures.every((each) => wanted.includes(each));
}
