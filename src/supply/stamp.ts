// Timestamps on signatures: asking the authorities for them, and what they come to for a verifier.
import { isPipeliteError } from "#base/errors.ts";
import { messageOf } from "#base/strict-json.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { timestampRequest, verifyTimestamp } from "#sigstore/timestamp.ts";
import type { CertificateAuthority } from "#sigstore/trusted-root.ts";
import { pipeliteError } from "./errors.ts";
import { fails, holds, type Finding } from "./finding.ts";
import { post, said } from "./post.ts";
import type { Trust } from "./trust.ts";

export interface TimestampSource {
  /** Of the authorities that are asked, each. */
  urls: readonly string[];
  /** By one of these an answer must hold before it is used. */
  authorities: readonly CertificateAuthority[];
}

const TYPES = { sent: "application/timestamp-query", wanted: "application/timestamp-reply" };
const NONCE_SIZE = 16;

/** Answers of all the authorities, about one signature. @throws PipeliteError TIMESTAMP_FAILED */
export async function stamp(
  signature: Uint8Array,
  { urls, authorities }: TimestampSource,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const stamps: Uint8Array[] = [];
  for (const url of urls) {
    const failed = (problem: string, cause?: unknown): Error =>
      pipeliteError("TIMESTAMP_FAILED", { url, problem }, cause);
    const nonce = process.getBuiltinModule("node:crypto").randomBytes(NONCE_SIZE);
    // It is a number, and one that begins with neither sign nor nothing has these bytes.
    nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
    const body = new Uint8Array(timestampRequest(signature, nonce));
    const answer = await post(url, { body, types: TYPES, signal }, failed);
    if (answer.status < 200 || answer.status > 299) throw failed(said(answer));
    try {
      const { nonce: returned } = verifyTimestamp(answer.bytes, signature, authorities);
      if (!returned.equals(nonce)) throw failed("its answer is to another question");
    } catch (error) {
      if (!isPipeliteError(error, "TIMESTAMP_INVALID")) throw error;
      throw failed(messageOf(error), error);
    }
    stamps.push(answer.bytes);
  }
  return stamps;
}

export interface Stamped {
  findings: Finding[];
  /** What the timestamps say, each; ms since 1970. */
  times: number[];
}

/** Each timestamp of a bundle must hold, by the authorities of the trust file; where it names none they count for nothing. */
export function stampFindings(
  { timestamps = [], signature }: Bundle,
  { root, timestamps: demand }: Pick<Trust, "root" | "timestamps">,
): Stamped {
  const authorities = root?.timestampAuthorities ?? [];
  if (timestamps.length === 0)
    return { findings: demand === "required" ? [fails("timestamp", "it has none")] : [], times: [] };
  if (authorities.length === 0) return { findings: [], times: [] };
  const times: number[] = [];
  const findings = timestamps.map((each) => {
    try {
      const { time, authority } = verifyTimestamp(each, signature, authorities);
      times.push(time);
      return holds(
        "timestamp",
        `${new Date(time).toISOString()}, by ${authority || "an authority of the trusted root"}`,
      );
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      return fails("timestamp", error.message);
    }
  });
  return { findings, times };
}
