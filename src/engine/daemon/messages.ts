// What a daemon says while it works: lines of logs, activities, and how it ended. Specification: Nix manual, "Nix daemon
// protocol"; `libstore/remote-store.cc`, `libutil/logging.hh`.
import { textOf } from "#base/bytes.ts";
import { pipeliteError } from "#engine/errors.ts";
import type { WireReader } from "#nix/wire.ts";

const MESSAGE = {
  next: 0x6f6c6d67,
  last: 0x616c7473,
  error: 0x63787470,
  startActivity: 0x53545254,
  stopActivity: 0x53544f50,
  result: 0x52534c54,
} as const;
const BUILD_LOG_LINE = 101;
const POST_BUILD_LOG_LINE = 107;

export interface Hearing {
  machine: string;
  /** Gets lines of a build's log. */
  onLog: (line: Uint8Array) => void;
  /** The daemon did not take a setting from us. */
  onIgnored: () => void;
}

/** Reads what the daemon says until it has done what it was asked. @throws PipeliteError MACHINE_REFUSES, MACHINE_PROTOCOL */
export async function readMessages(
  reader: WireReader,
  { machine, onLog, onIgnored }: Hearing,
): Promise<void> {
  for (;;) {
    const kind = await reader.number();
    switch (kind) {
      case MESSAGE.last:
        return;
      case MESSAGE.next:
        if (/ignoring the client-specified setting/.test(await reader.string())) onIgnored();
        break;
      case MESSAGE.error:
        throw pipeliteError("MACHINE_REFUSES", { machine, problem: await readError(reader) });
      case MESSAGE.startActivity:
        for (let index = 0; index < 3; index++) await reader.number();
        await reader.string();
        await readFields(reader);
        await reader.number();
        break;
      case MESSAGE.stopActivity:
        await reader.number();
        break;
      case MESSAGE.result: {
        await reader.number();
        const type = await reader.number();
        const line = await readFields(reader);
        const isLine = type === BUILD_LOG_LINE || type === POST_BUILD_LOG_LINE;
        if (isLine && typeof line === "string") onLog(Buffer.from(`${line}\n`, "latin1"));
        break;
      }
      default: {
        const problem = `it says ${kind.toString(16)}, which is no word of it`;
        throw pipeliteError("MACHINE_PROTOCOL", { machine, problem });
      }
    }
  }
}

/** The first of the fields that follow: nobody needs the others. */
async function readFields(reader: WireReader): Promise<number | string | undefined> {
  let first: number | string | undefined;
  const count = await reader.count();
  for (let index = 0; index < count; index++) {
    const isText = (await reader.number()) === 1;
    const field = isText ? await reader.string() : await reader.number();
    if (index === 0) first = field;
  }
  return first;
}

async function readError(reader: WireReader): Promise<string> {
  await reader.string();
  await reader.number();
  await reader.string();
  const message = textOf(await reader.string());
  await reader.number();
  const traces = await reader.count();
  for (let index = 0; index < traces; index++) {
    await reader.number();
    await reader.string();
  }
  // Colours of a terminal.
  // oxlint-disable-next-line no-control-regex
  return message.replaceAll(/\u001B\[[0-9;]*m/g, "");
}
