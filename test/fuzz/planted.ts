// A parser with a fault behind four branches, one behind the other: what coverage is for.
import { pipeliteError } from "#nix/errors.ts";

export function plantedParser(input: Uint8Array): void {
  const bits = (index: number) => (input[index] ?? 0) & 15;
  if (bits(0) === 3) {
    if (bits(1) === 5) {
      if (bits(2) === 1) {
        if (bits(3) === 6) throw new TypeError("the planted fault");
      }
    }
  }
  throw pipeliteError("NIX32_INVALID", { text: "", reason: "it is not the word" });
}
