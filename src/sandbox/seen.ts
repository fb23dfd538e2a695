// What a stage can be shown otherwise than always: `rebuild` asks in this way whether an output depends on it. Whatever is not
// named stays as every stage has it.
import { call } from "./launcher/system-call.ts";
import type { SystemCall } from "./launcher/system-call.ts";

export interface SandboxView {
  /** Of what it makes. */
  umask?: number;
  /** Who it is, and the name that /etc/passwd has. */
  user?: { uid: number; gid: number; name: string };
  hostName?: string;
  /** An absolute path of one name, in place of /build. */
  buildFolder?: string;
  /** Flags of personality(2): address layout, version of the kernel. */
  personality?: number;
  /** The next process that it starts is the one after this. */
  lastProcess?: number;
  /** Its random devices give zeros. getrandom(2) is refused, so that they are read. */
  isRandomZero?: boolean;
}

export const SANDBOX_UID = 1000;
export const SANDBOX_GID = 100;
const USUAL = { uid: SANDBOX_UID, gid: SANDBOX_GID, name: "nixbld" };

export function userOf(seen: SandboxView | undefined): NonNullable<SandboxView["user"]> {
  return seen?.user ?? USUAL;
}

/** What a process that becomes the builder sets of itself. */
export function settle({ umask, personality }: SandboxView): SystemCall[] {
  return [
    ...(umask === undefined ? [] : [call("umask", umask)]),
    ...(personality === undefined ? [] : [call("personality", personality)]),
  ];
}
