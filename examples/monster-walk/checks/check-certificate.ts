// node examples/monster-walk/checks/check-certificate.ts CERTIFICATE: prints what it found; exit 0 when every statement
// was recomputed, 3 when one was rejected or the certificate can't be read, 2 without a file name.
import { readFileSync } from "node:fs";
import { checkCertificate } from "./certificate.ts";

process.exitCode = main(process.argv.slice(2));

function main([path, ...more]: string[]): number {
  if (path === undefined || more.length > 0) {
    console.error("usage: check-certificate.ts CERTIFICATE");
    return 2;
  }
  try {
    const findings = checkCertificate(JSON.parse(readFileSync(path, "utf8")));
    const rejected = findings.filter((finding) => finding.status === "rejected");
    for (const { id, text, reason } of rejected)
      console.log(`rejected ${id}: ${text}${reason ? ` (${reason})` : ""}`);
    console.log(`${findings.length - rejected.length} of ${findings.length} statements recomputed`);
    return rejected.length === 0 ? 0 : 3;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 3;
  }
}
