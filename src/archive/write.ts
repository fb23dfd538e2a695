// Writes an archive as a tar whose bytes follow from its members: sorted, with one mode, one time, and no owner.
import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { writeWhole } from "#base/file-pieces.ts";
import { temporaryFor } from "#base/files.ts";
import { namingCall } from "#base/naming.ts";
import { TAR_END, tarHeader, tarPadding } from "#package/tar-writer.ts";
import { pipeliteError } from "./errors.ts";
import type { Member } from "./member.ts";

/** The one header that a member of this name and size has. */
export function headerOf(name: string, size: number): Uint8Array {
  return tarHeader({ name, size, mode: 0o644 }, "gnu");
}

export interface Written {
  sizeBytes: number;
  /** Of the whole file, in hex. */
  sha256: string;
}

/**
 * The file is there whole, or what was there before.
 * @throws PipeliteError ARCHIVE_RUN_UNSOUND where a member is not what it was to be; what the system says
 */
export async function writeArchive(
  target: string,
  members: readonly Member[],
  { run, signal, onMember }: { run: string; signal: AbortSignal; onMember: (done: number) => void },
): Promise<Written> {
  const temporary = temporaryFor(target);
  const whole = createHash("sha256");
  let sizeBytes = 0;
  try {
    await using file = await open(temporary, "wx");
    const put = async (bytes: Uint8Array): Promise<void> => {
      whole.update(bytes);
      sizeBytes += bytes.length;
      await writeWhole(file, bytes, target);
    };
    for (const [index, member] of members.entries()) {
      onMember(index);
      await put(headerOf(member.name, member.sizeBytes));
      const content = createHash("sha256");
      let size = 0;
      for await (const chunk of member.chunks()) {
        signal.throwIfAborted();
        content.update(chunk);
        size += chunk.length;
        await put(chunk);
      }
      if (size !== member.sizeBytes || content.digest("hex") !== member.sha256)
        throw pipeliteError("ARCHIVE_RUN_UNSOUND", {
          run,
          problem: `${member.name} has other bytes than it had`,
        });
      await put(tarPadding(size));
    }
    await put(TAR_END);
    await namingCall(target, file.sync());
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { sizeBytes, sha256: whole.digest("hex") };
}
