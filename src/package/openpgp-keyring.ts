// Files of OpenPGP keys: which keys in them may sign texts, and until when. A key says so of itself and of its subkeys by
// signatures; what is not said so, or was taken back, does not count.
import { toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";
import {
  covered,
  hasUnknownCritical,
  isGood,
  bigEndianNumber,
  readPackets,
  readOpenPgpKey,
  readSignature,
  unarmoured,
  type OpenPgpPublicKey,
  type OpenPgpSignature,
} from "./openpgp.ts";

export interface KeyOfRing {
  key: OpenPgpPublicKey;
  /** When it is in force no more, in seconds since 1970; undefined where it is for ever. */
  expires: number | undefined;
}

const TAG = { signature: 2, key: 6, user: 13, subkey: 14, attribute: 17 } as const;
const TYPE = { subkey: 0x18, back: 0x19, direct: 0x1f, revoked: 0x20, subkeyRevoked: 0x28 } as const;
const CERTIFICATIONS = [0x10, 0x11, 0x12, 0x13];
const SUBPACKET = { created: 2, keyExpires: 9, flags: 27, embedded: 32 } as const;
const MAY_SIGN = 2;

/** Something that signatures follow: the key itself, a user id, or a subkey. */
interface Part {
  kind: "key" | "user" | "subkey";
  /** What its signatures cover behind the key. */
  signed: Buffer;
  key?: OpenPgpPublicKey;
  signatures: OpenPgpSignature[];
}

/**
 * The keys in a file, binary or armoured, that may sign.
 * @throws PipeliteError OPENPGP_INVALID
 */
export function readKeyring(bytes: Uint8Array): KeyOfRing[] {
  const text = toByteString(bytes.subarray(0, 64));
  const packets = readPackets(
    text.startsWith("-----BEGIN PGP PUBLIC KEY BLOCK-----") ? ofArmour(bytes) : bytes,
  );
  const certificates: Part[][] = [];
  for (const packet of packets) {
    const { tag, body } = packet;
    const parts = certificates.at(-1);
    if (tag === TAG.key || tag === TAG.subkey) {
      const key = readOpenPgpKey(packet);
      const kind = tag === TAG.key ? "key" : "subkey";
      const part: Part = { kind, signed: framed(body), ...(key && { key }), signatures: [] };
      if (tag === TAG.key) certificates.push([part]);
      else parts?.push(part);
    } else if (tag === TAG.user || tag === TAG.attribute) {
      const head = Buffer.from([tag === TAG.user ? 0xb4 : 0xd1, 0, 0, 0, 0]);
      head.writeUInt32BE(body.length, 1);
      parts?.push({ kind: "user", signed: Buffer.concat([head, body]), signatures: [] });
    } else if (tag === TAG.signature) {
      const signature = readSignature(packet);
      if (signature !== undefined) parts?.at(-1)?.signatures.push(signature);
    }
  }
  if (certificates.length === 0) throw pipeliteError("OPENPGP_INVALID", { problem: "there is no key in it" });
  return certificates.flatMap(keysOf);
}

function ofArmour(bytes: Uint8Array): Uint8Array {
  const lines = toByteString(bytes).replaceAll("\r", "").split("\n");
  return unarmoured(lines.slice(1, lines.indexOf("-----END PGP PUBLIC KEY BLOCK-----")));
}

function framed(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x99, body.length >> 8, body.length & 0xff]), body]);
}

function keysOf(parts: readonly Part[]): KeyOfRing[] {
  const [main] = parts;
  const primary = main?.key;
  if (main === undefined || primary === undefined) return [];
  const by = (part: Part, types: readonly number[]): OpenPgpSignature[] => {
    const signed = part === main ? main.signed : Buffer.concat([main.signed, part.signed]);
    return part.signatures.filter(
      (each) => types.includes(each.type) && !hasUnknownCritical(each) && isGood(each, signed, primary),
    );
  };
  if (by(main, [TYPE.revoked]).length > 0) return [];
  const own = [
    ...by(main, [TYPE.direct]),
    ...parts.filter(({ kind }) => kind === "user").flatMap((part) => by(part, CERTIFICATIONS)),
  ];
  const said = newest(own);
  if (said === undefined) return [];
  const whole = expiry(primary, said);
  const subkeys = parts.flatMap((part): KeyOfRing[] => {
    const { kind, key } = part;
    if (kind !== "subkey" || key === undefined || by(part, [TYPE.subkeyRevoked]).length > 0) return [];
    const binding = newest(by(part, [TYPE.subkey]));
    if (binding === undefined || !maySign(binding) || !isSignedBack(binding, key, main, part)) return [];
    return [{ key, expires: earlier(whole, expiry(key, binding)) }];
  });
  return [...(maySign(said) ? [{ key: primary, expires: whole }] : []), ...subkeys];
}

/** Else anybody could call the signing key of somebody else a subkey of his own. */
function isSignedBack(binding: OpenPgpSignature, key: OpenPgpPublicKey, main: Part, part: Part): boolean {
  const body = covered(binding, SUBPACKET.embedded) ?? binding.unhashed.get(SUBPACKET.embedded);
  const back = body && readSignature({ tag: TAG.signature, body });
  return back?.type === TYPE.back && isGood(back, Buffer.concat([main.signed, part.signed]), key);
}

function newest(signatures: readonly OpenPgpSignature[]): OpenPgpSignature | undefined {
  const created = (each: OpenPgpSignature) => bigEndianNumber(covered(each, SUBPACKET.created)) ?? 0;
  return signatures.toSorted((a, b) => created(b) - created(a))[0];
}

function maySign(signature: OpenPgpSignature): boolean {
  return ((covered(signature, SUBPACKET.flags)?.[0] ?? 0) & MAY_SIGN) !== 0;
}

function expiry({ created }: OpenPgpPublicKey, signature: OpenPgpSignature): number | undefined {
  const lifetime = bigEndianNumber(covered(signature, SUBPACKET.keyExpires)) ?? 0;
  return lifetime === 0 ? undefined : created + lifetime;
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
