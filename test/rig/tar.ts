// Tars written by hand, so that they can be as wrong as a test wants them.
export interface TarMember {
  /** As it stands in the header. */
  name: string;
  content?: string | Uint8Array;
  /** `0` file, `5` folder, `2` link, `1` hard link, `3` character device ... Default: a folder where the name ends in `/`. */
  type?: string;
  target?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Size in the header, where it is not that of the content. */
  size?: number;
  device?: [number, number];
  /** Records of a pax header before it. */
  pax?: Record<string, string>;
}

export function writeTar(members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.flatMap(entryOf), Buffer.alloc(1024)]);
}

function entryOf({ pax, ...member }: TarMember): Buffer[] {
  if (pax === undefined) return partsOf(member);
  const content = Object.entries(pax).map(record).join("");
  return [...partsOf({ name: "pax", type: "x", content }), ...partsOf(member)];
}

function partsOf(member: Omit<TarMember, "pax">): Buffer[] {
  const { name, content = "", target = "", uid = 0, gid = 0, device = [0, 0] } = member;
  const { type = name.endsWith("/") ? "5" : "0", mode = type === "5" ? 0o755 : 0o644 } = member;
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, "latin1");
  const octal = (value: number, at: number, digits: number): void =>
    void header.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
  octal(mode, 100, 7);
  octal(uid, 108, 7);
  octal(gid, 116, 7);
  octal(member.size ?? bytes.length, 124, 11);
  octal(0, 136, 11);
  header.write(type, 156);
  header.write(target, 157, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  octal(device[0], 329, 7);
  octal(device[1], 337, 7);
  header.fill(" ", 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

function record([key, value]: [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}
