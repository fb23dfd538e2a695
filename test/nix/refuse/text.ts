// Malformed texts, parser by parser.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Refused } from "./refused.ts";

const HASH = "migf3i53pc35bf1lkscgbi243my58ims";
const HEX = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const NIX32 = "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic";
const BASE64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

export const refusedNix32: Refused<string>[] = [
  ["one digit", "0", "NIX32_INVALID"],
  ["three digits", "0zz", "NIX32_INVALID"],
  ["left-over bits", "zz", "NIX32_INVALID"],
  ["one left-over bit", "c0", "NIX32_INVALID"],
  ["the letter e", "0e", "NIX32_INVALID"],
  ["a capital", "0A", "NIX32_INVALID"],
  ["a character beyond ASCII", "0\u0130", "NIX32_INVALID"],
];

export const refusedHashes: Refused<string>[] = [
  ["no algorithm", HEX, "HASH_INVALID"],
  ["an unknown algorithm", `sha3:${HEX}`, "HASH_ALGORITHM_UNKNOWN"],
  ["an algorithm from Object.prototype", `constructor:${HEX}`, "HASH_ALGORITHM_UNKNOWN"],
  ["nothing after the algorithm", "sha256:", "HASH_INVALID"],
  ["a digest of another algorithm", `sha1:${HEX}`, "HASH_INVALID"],
  ["a character that is not hex", `sha256:${HEX.slice(1)}g`, "HASH_INVALID"],
  ["a space", `sha256: ${HEX.slice(1)}`, "HASH_INVALID"],
  ["nix32 with left-over bits", `sha256:z${NIX32.slice(1)}`, "NIX32_INVALID"],
  ["nix32 with a wrong letter", `sha256:${NIX32.slice(1)}u`, "NIX32_INVALID"],
  ["base64 without padding", `sha256-${BASE64.slice(0, -1)}`, "HASH_INVALID"],
  ["base64 with left-over bits", `sha256-${BASE64.replace("Q=", "R=")}`, "HASH_INVALID"],
  ["base64 of the URL kind", `sha256-${BASE64.replace("+", "-")}`, "HASH_INVALID"],
  ["SRI with hex", `sha256-${HEX}`, "HASH_INVALID"],
  ["SRI with options", `sha256-${BASE64}?x`, "HASH_INVALID"],
];

export const refusedStorePaths: Refused<string>[] = [
  ["nothing", "", "STORE_PATH_INVALID"],
  ["a relative path", `nix/store/${HASH}-x`, "STORE_PATH_INVALID"],
  ["another store", `/gnu/store/${HASH}-x`, "STORE_PATH_INVALID"],
  ["the store itself", "/nix/store/", "STORE_PATH_INVALID"],
  ["a short hash", `/nix/store/${HASH.slice(1)}-x`, "STORE_PATH_INVALID"],
  ["a hash with a wrong letter", `/nix/store/e${HASH.slice(1)}-x`, "STORE_PATH_INVALID"],
  ["a hash with a character beyond ASCII", `/nix/store/\u0130${HASH.slice(1)}-x`, "STORE_PATH_INVALID"],
  ["no dash", `/nix/store/${HASH}x`, "STORE_PATH_INVALID"],
  ["no name", `/nix/store/${HASH}-`, "STORE_NAME_INVALID"],
  ["a file inside", `/nix/store/${HASH}-x/bin`, "STORE_NAME_INVALID"],
  ["a slash at its end", `/nix/store/${HASH}-x/`, "STORE_NAME_INVALID"],
  ["a line feed at its end", `/nix/store/${HASH}-x\n`, "STORE_NAME_INVALID"],
  ["a name of 212 characters", `/nix/store/${HASH}-${"n".repeat(212)}`, "STORE_NAME_INVALID"],
  ["the name .", `/nix/store/${HASH}-.`, "STORE_NAME_INVALID"],
  ["the name ..", `/nix/store/${HASH}-..`, "STORE_NAME_INVALID"],
  ["a name that begins with .-", `/nix/store/${HASH}-.-x`, "STORE_NAME_INVALID"],
  ["a name that begins with ..-", `/nix/store/${HASH}-..-x`, "STORE_NAME_INVALID"],
  ["a space in its name", `/nix/store/${HASH}-a b`, "STORE_NAME_INVALID"],
  ["a letter beyond ASCII in its name", `/nix/store/${HASH}-ä`, "STORE_NAME_INVALID"],
];

export const refusedContentAddresses: Refused<string>[] = [
  ["nothing", "", "CONTENT_ADDRESS_INVALID"],
  ["an unknown kind", `source:sha256:${NIX32}`, "CONTENT_ADDRESS_INVALID"],
  ["an unknown method", `fixed:x:sha256:${NIX32}`, "CONTENT_ADDRESS_INVALID"],
  ["an unknown algorithm", `fixed:r:sha3:${NIX32}`, "CONTENT_ADDRESS_INVALID"],
  ["a text with a method", `text:r:sha256:${NIX32}`, "CONTENT_ADDRESS_INVALID"],
  ["a text with sha1", `text:sha1:${"0".repeat(32)}`, "CONTENT_ADDRESS_INVALID"],
  ["a short digest", `fixed:sha256:${NIX32.slice(1)}`, "HASH_INVALID"],
  ["a digest with a wrong letter", `fixed:sha256:${NIX32.slice(1)}e`, "NIX32_INVALID"],
];

const SIGNATURE = Buffer.alloc(64).toString("base64");

export const refusedSignatures: Refused<string>[] = [
  ["no key name", SIGNATURE, "SIGNATURE_INVALID"],
  ["an empty key name", `:${SIGNATURE}`, "SIGNATURE_INVALID"],
  ["nothing after the name", "k:", "SIGNATURE_INVALID"],
  ["63 bytes", `k:${Buffer.alloc(63).toString("base64")}`, "SIGNATURE_INVALID"],
  ["no padding", `k:${SIGNATURE.slice(0, -2)}`, "SIGNATURE_INVALID"],
  ["a space at its end", `k:${SIGNATURE} `, "SIGNATURE_INVALID"],
];

const KEY = Buffer.alloc(32).toString("base64");

export const refusedPublicKeys: Refused<string>[] = [
  ["nothing", "", "KEY_INVALID"],
  ["no name", KEY, "KEY_INVALID"],
  ["a space in its name", `a b:${KEY}`, "KEY_INVALID"],
  ["31 bytes", `k:${Buffer.alloc(31).toString("base64")}`, "KEY_INVALID"],
  ["two line feeds", `k:${KEY}\n\n`, "KEY_INVALID"],
];

const SECRET = Buffer.alloc(64).toString("base64");

export const refusedSecretKeys: Refused<string>[] = [
  ["a seed without its public half", `k:${KEY}`, "KEY_INVALID"],
  ["a public half of another seed", `k:${SECRET}`, "KEY_INVALID"],
  ["no name", SECRET, "KEY_INVALID"],
];

const narInfo = readFileSync(
  join(import.meta.dirname, "../vectors/narinfo/qyv20l35zj48rbk6pnjl4z6b40zaxirr.narinfo"),
  "utf8",
);

function field(name: string, line: string): string {
  return narInfo.replace(new RegExp(`^${name}: .*\n`, "m"), line);
}

export const refusedNarInfos: Refused<string>[] = [
  ["nothing", "", "NARINFO_INVALID"],
  ["no line feed at its end", narInfo.slice(0, -1), "NARINFO_INVALID"],
  ["a line that is no field", `${narInfo}404 not found\n`, "NARINFO_INVALID"],
  ["an empty line", `${narInfo}\n`, "NARINFO_INVALID"],
  ...["StorePath", "URL", "NarHash", "NarSize"].map((name): Refused<string> => {
    return [`no ${name}`, field(name, ""), "NARINFO_INVALID"];
  }),
  ["a field twice", `${narInfo}NarSize: 120\n`, "NARINFO_INVALID"],
  ["an empty field", field("URL", "URL: \n"), "NARINFO_INVALID"],
  ["a size of 0", field("NarSize", "NarSize: 0\n"), "NARINFO_INVALID"],
  ["a negative size", field("NarSize", "NarSize: -1\n"), "NARINFO_INVALID"],
  ["a size with a zero in front", field("NarSize", "NarSize: 0120\n"), "NARINFO_INVALID"],
  ["a size beyond exact numbers", field("NarSize", `NarSize: ${2 ** 53}\n`), "NARINFO_INVALID"],
  ["a file size that is none", field("FileSize", "FileSize: 1e3\n"), "NARINFO_INVALID"],
  ["a NAR hash that is no sha256", field("NarHash", `NarHash: sha1:${"0".repeat(32)}\n`), "NARINFO_INVALID"],
  ["a broken NAR hash", field("NarHash", "NarHash: sha256:zz\n"), "NARINFO_INVALID"],
  ["a broken file hash", field("FileHash", "FileHash: sha256:zz\n"), "NARINFO_INVALID"],
  ["a path outside the store", field("StorePath", "StorePath: /etc/passwd\n"), "NARINFO_INVALID"],
  [
    "a reference with its directory",
    field("References", `References: /nix/store/${HASH}-x\n`),
    "NARINFO_INVALID",
  ],
  [
    "two spaces between references",
    field("References", `References: ${HASH}-x  ${HASH}-y\n`),
    "NARINFO_INVALID",
  ],
  ["a deriver that is not a derivation", field("Deriver", `Deriver: ${HASH}-x\n`), "NARINFO_INVALID"],
  ["a broken signature", field("Sig", "Sig: k:abc\n"), "NARINFO_INVALID"],
  ["a broken content address", field("CA", "CA: fixed:x\n"), "NARINFO_INVALID"],
];
