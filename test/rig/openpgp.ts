// Signs as an archive does: version 4, by a fresh RSA or Ed25519 key. For tests that need a signature of their own.
import { generateKeyPairSync, hash, sign, type KeyObject } from "node:crypto";
import { readOpenPgpKey, type OpenPgpPublicKey } from "#package/openpgp.ts";

export interface SigningKey {
  publicKey: OpenPgpPublicKey;
  /** Body of the public key packet. */
  body: Buffer;
  private: KeyObject;
  algorithm: "rsa" | "ed25519";
}

const mpi = (bytes: Uint8Array): Buffer => {
  const start = bytes.findIndex((byte) => byte !== 0);
  const used = Buffer.from(bytes.subarray(start < 0 ? bytes.length : start));
  const bits = used.length === 0 ? 0 : used.length * 8 - Math.clz32(used[0] ?? 0) + 24;
  return Buffer.concat([Buffer.from([bits >> 8, bits & 255]), used]);
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export function newSigningKey(algorithm: "rsa" | "ed25519", created = 1_600_000_000): SigningKey {
  const pair =
    algorithm === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ed25519");
  const jwk = pair.publicKey.export({ format: "jwk" });
  const part = (name: "n" | "e" | "x") => Buffer.from(String(jwk[name]), "base64url");
  const material =
    algorithm === "rsa"
      ? Buffer.concat([Buffer.from([1]), mpi(part("n")), mpi(part("e"))])
      : Buffer.concat([
          Buffer.from([22, 9]),
          Buffer.from("2b06010401da470f01", "hex"),
          mpi(Buffer.concat([Buffer.from([0x40]), part("x")])),
        ]);
  const body = Buffer.concat([Buffer.from([4]), u32(created), material]);
  const publicKey = readOpenPgpKey({ tag: 6, body });
  if (publicKey === undefined) throw new Error("the key cannot be read");
  return { publicKey, body, private: pair.privateKey, algorithm };
}

const subpacket = (type: number, data: Uint8Array): Buffer => {
  const size = data.length + 1;
  const length = size < 192 ? [size] : [((size - 192) >> 8) + 192, (size - 192) & 255];
  return Buffer.concat([Buffer.from([...length, type]), data]);
};

export interface SignOptions {
  type?: number;
  created?: number;
  /** Further hashed subpackets. */
  more?: readonly (readonly [type: number, data: Uint8Array])[];
  hashAlgorithm?: 2 | 8 | 10;
}

/** Body of a signature packet. */
export function signatureOver(signed: Uint8Array, key: SigningKey, options: SignOptions = {}): Buffer {
  const { type = 1, created = 1_700_000_000, more = [], hashAlgorithm = 8 } = options;
  const name = { 2: "sha1", 8: "sha256", 10: "sha512" }[hashAlgorithm];
  const issuer = Buffer.concat([Buffer.from([4]), Buffer.from(key.publicKey.fingerprint, "hex")]);
  const hashedSubpackets = Buffer.concat([
    subpacket(33, issuer),
    subpacket(2, u32(created)),
    ...more.map(([number, data]) => subpacket(number, data)),
  ]);
  const algorithm = key.algorithm === "rsa" ? 1 : 22;
  const length = Buffer.from([hashedSubpackets.length >> 8, hashedSubpackets.length & 255]);
  const hashed = Buffer.concat([Buffer.from([4, type, algorithm, hashAlgorithm]), length, hashedSubpackets]);
  const whole = Buffer.concat([signed, hashed, Buffer.from([4, 0xff]), u32(hashed.length)]);
  const digest = hash(name, whole, "buffer");
  const made = key.algorithm === "rsa" ? sign(name, whole, key.private) : sign(null, digest, key.private);
  const numbers =
    key.algorithm === "rsa" ? mpi(made) : Buffer.concat([mpi(made.subarray(0, 32)), mpi(made.subarray(32))]);
  // By the short id, which GnuPG wants to see.
  const unhashed = subpacket(16, issuer.subarray(13));
  return Buffer.concat([hashed, Buffer.from([0, unhashed.length]), unhashed, digest.subarray(0, 2), numbers]);
}

export function packet(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag, 255]), u32(body.length), body]);
}

/** RFC 4880, 6.1. */
function crc24(bytes: Uint8Array): Buffer {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([crc >> 16, crc >> 8, crc]);
}

/** A text signed in clear by all of the keys. */
export function clearSign(text: string, keys: readonly SigningKey[], options: SignOptions = {}): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const signed = Buffer.from(lines.map((line) => line.trimEnd()).join("\r\n"), "utf8");
  const bytes = Buffer.concat(keys.map((key) => packet(2, signatureOver(signed, key, options))));
  const armour = bytes.toString("base64").replaceAll(/.{1,64}/g, "$&\n");
  const escaped = lines.map((line) => (line.startsWith("-") ? `- ${line}` : line));
  return [
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "Hash: SHA256",
    "",
    ...escaped,
    "-----BEGIN PGP SIGNATURE-----",
    "",
    `${armour}=${crc24(bytes).toString("base64")}`,
    `-----END PGP SIGNATURE-----`,
    "",
  ].join("\n");
}
