// Signed requests: the examples that AWS publishes, and a bucket of our own that checks every signature.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openCacheFiles } from "#cache/open.ts";
import { push } from "#cache/push.ts";
import { BinaryCache } from "#cache/binary-cache.ts";
import { signerFor } from "#cache/s3.ts";
import { Substituter } from "#cache/substituter.ts";
import { CacheRig, FakeServer, SIGNAL } from "./rig.ts";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const EXAMPLE = { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };

describe("AWS Signature Version 4", () => {
  test("GET Object of the published examples", async () => {
    const sign = signerFor({
      ...EXAMPLE,
      sessionToken: undefined,
      region: "us-east-1",
      now: () => new Date("2013-05-24T00:00:00Z"),
      payload: EMPTY,
    });
    const headers = await sign({
      method: "GET",
      url: new URL("https://examplebucket.s3.amazonaws.com/test.txt"),
      headers: { range: "bytes=0-9" },
    });
    assert.equal(
      headers["authorization"],
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });

  test("a bucket that checks signatures takes a push and gives it back; another key is refused", async () => {
    using rig = new CacheRig();
    const [, upper] = await rig.pair();
    const objects = new Map<string, Buffer>();
    await using bucket = await FakeServer.start((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        void isSigned(request.method ?? "", bucket.url + request.url, request.headers).then((isGood) => {
          const name = request.url ?? "";
          const found = objects.get(name);
          if (!isGood) response.writeHead(403).end();
          else if (request.method === "PUT") {
            objects.set(name, Buffer.concat(parts));
            response.end();
          } else if (found === undefined) response.writeHead(404).end();
          else response.end(request.method === "HEAD" ? undefined : found);
        });
      });
    });
    const { host } = new URL(bucket.url);
    const word = `s3://cache/prefix?endpoint=${host}&region=eu-central-1&scheme=http`;
    const open = (secret: string) =>
      openCacheFiles(word, {
        cwd: "/",
        env: { AWS_ACCESS_KEY_ID: EXAMPLE.accessKey, AWS_SECRET_ACCESS_KEY: secret },
      });
    const options = { compression: "zstd", signal: SIGNAL } as const;
    await assert.rejects(push(rig.store, open("wrong"), [upper], options), /CACHE|403|refuses/);
    assert.equal(objects.size, 0);
    const pushed = await push(rig.store, open(EXAMPLE.secretKey), [upper], options);
    assert.equal(pushed.added.length, 2);
    assert.ok([...objects.keys()].every((name) => name.startsWith("/cache/prefix/")));
    const cache = new BinaryCache(open(EXAMPLE.secretKey), []);
    assert.equal(cache.url, "s3://cache/prefix");
    const taken = await new Substituter(rig.second.store, [cache], SIGNAL).take(upper, SIGNAL);
    assert.equal(taken?.added.length, 2);
  });
});

/** Signs the request again from the headers that it says are signed. */
async function isSigned(
  method: string,
  url: string,
  headers: NodeJS.Dict<string | string[]>,
): Promise<boolean> {
  const authorization = String(headers["authorization"] ?? "");
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
  const own = ["host", "x-amz-content-sha256", "x-amz-date"];
  const signed = names.filter((name) => !own.includes(name)).map((name) => [name, String(headers[name])]);
  const time = String(headers["x-amz-date"]).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const sign = signerFor({
    ...EXAMPLE,
    sessionToken: undefined,
    region: "eu-central-1",
    now: () => new Date(time),
  });
  const again = await sign({
    method: method as "GET",
    url: new URL(url),
    headers: Object.fromEntries(signed) as Record<string, string>,
  });
  return again["authorization"] === authorization;
}
