// Texts are texts: pipeline.ts need not have met the compiler.
import { refuseSecrets } from "./secret.ts";
import { pipeliteError } from "./errors.ts";

/** @throws SECRET_MISPLACED, TEXT_WANTED */
export function requireText(value: unknown, what: string, place: string): void {
  refuseSecrets(value, place);
  if (typeof value === "string" && value !== "") return;
  const shown = typeof value === "object" ? "an object" : (JSON.stringify(value) ?? typeof value);
  throw pipeliteError("TEXT_WANTED", { place, what, value: shown });
}
