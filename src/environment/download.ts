// Downloads for environments: no address in what they say.
import { hex } from "#base/bytes.ts";
import { Arrived, downloadOnce, withRetries, type Download } from "#base/web.ts";

/** What may pass is tried again, from where it broke off. @returns the SHA-256 of what came, in hex */
export async function downloadTo(url: string, to: Download): Promise<string> {
  const arrived = new Arrived();
  return withRetries(to.signal, async () => hex(await downloadOnce(url, { ...to, arrived })));
}

/** Without the address, which is nobody's business but this machine's. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : undefined;
  const { cause } = error;
  if (!(cause instanceof Error)) return code ?? error.message;
  return "code" in cause ? String(cause.code) : (code ?? cause.message);
}
