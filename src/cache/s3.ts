// A cache in a bucket: requests signed by AWS Signature Version 4. Specification: AWS, "Authenticating requests (AWS
// Signature Version 4)". The body is not part of the signature (`UNSIGNED-PAYLOAD`): what counts is hashed by the cache's
// own files.
import { createHmac } from "node:crypto";
import { hexDigestOf } from "#base/digest.ts";
import type { Variables } from "#base/environment.ts";
import { pipeliteError } from "./errors.ts";
import type { CacheFiles } from "./files.ts";
import { webFiles, type Authorise } from "./http.ts";

/** `s3://BUCKET/PREFIX?endpoint=HOST&region=REGION&scheme=http`, as Nix writes it. */
export function s3Files(url: URL, env: Variables): CacheFiles {
  const bucket = url.hostname;
  const region = url.searchParams.get("region") ?? env["AWS_REGION"] ?? "us-east-1";
  const endpoint = url.searchParams.get("endpoint") ?? `s3.${region}.amazonaws.com`;
  const scheme = url.searchParams.get("scheme") ?? "https";
  const shown = `s3://${bucket}${url.pathname.replace(/\/$/, "")}`;
  if (bucket === "") throw pipeliteError("CACHE_URL_INVALID", { url: shown, problem: "it names no bucket" });
  const base = URL.parse(`${scheme}://${endpoint}/${bucket}${url.pathname}`);
  if (base === null || !/^https?:$/.test(base.protocol))
    throw pipeliteError("CACHE_URL_INVALID", {
      url: shown,
      problem: `its endpoint '${endpoint.replace(/^.*@/s, "")}' is no host`,
    });
  const accessKey = env["AWS_ACCESS_KEY_ID"];
  const secretKey = env["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = env["AWS_SESSION_TOKEN"];
  if (accessKey === undefined || secretKey === undefined) return webFiles(base, shown, () => ({}));
  return webFiles(base, shown, signerFor({ accessKey, secretKey, sessionToken, region }));
}

interface Signer {
  accessKey: string;
  secretKey: string;
  sessionToken: string | undefined;
  region: string;
  /** For tests of the published examples. */
  now?: () => Date;
  payload?: string;
}

/** The headers that sign a request. */
export function signerFor(signer: Signer): Authorise {
  const { accessKey, secretKey, sessionToken, region, now = () => new Date() } = signer;
  const { payload = "UNSIGNED-PAYLOAD" } = signer;
  return ({ method, url, headers }) => {
    const time = now()
      .toISOString()
      .replace(/[-:]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const signed: Record<string, string> = {
      ...headers,
      host: url.host,
      "x-amz-content-sha256": payload,
      "x-amz-date": time,
      ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
    };
    // Servers in between may change it.
    const names = Object.keys(signed)
      .filter((name) => name !== "accept-encoding")
      .toSorted();
    const request = [
      method,
      url.pathname,
      "",
      ...names.map((name) => `${name}:${signed[name] ?? ""}`),
      "",
      names.join(";"),
      payload,
    ].join("\n");
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = ["AWS4-HMAC-SHA256", time, scope, hexDigestOf(request)].join("\n");
    const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
      (last, part) => hmac(last, part),
      `AWS4${secretKey}`,
    );
    const signature = createHmac("sha256", key).update(text).digest("hex");
    const { host: _, ...rest } = signed;
    return {
      ...rest,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${names.join(";")},Signature=${signature}`,
    };
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
