// The minimum elements of a bill of materials, as NTIA (2021) and the draft of CISA (2025-08) name them: met or not, computed
// from a document that was read back.
import type { ReadBom, ReadComponent } from "./read-parts.ts";

export interface MinimumElement {
  element: string;
  /** `NTIA 2021`, `CISA 2025 draft`: who asks for it. */
  asked: string[];
  status: "met" | "not met";
  /** Of so many components so many have it; absent for what a document has once. */
  has?: number;
  of?: number;
  detail?: string;
}

const NTIA = "NTIA 2021";
const CISA = "CISA 2025 draft";

export function minimumElements(bom: ReadBom): MinimumElement[] {
  const all = [...(bom.main ? [bom.main] : []), ...bom.components];
  const inside = new Set([...bom.contents.values()].flat());
  const isRelated = ({ ref }: ReadComponent) => bom.dependencies.has(ref) || inside.has(ref);
  const counted = (
    element: string,
    asked: string[],
    isThere: (each: ReadComponent) => boolean,
    among = all,
  ): MinimumElement => {
    const has = among.filter(isThere).length;
    const isMet = has === among.length && has > 0;
    return { element, asked, status: isMet ? "met" : "not met", has, of: among.length };
  };
  const single = (
    element: string,
    asked: string[],
    value: string | undefined,
    fault?: string,
  ): MinimumElement => ({
    element,
    asked,
    status: value !== undefined && fault === undefined ? "met" : "not met",
    detail: fault ?? value ?? "it is absent",
  });
  const both = [NTIA, CISA];
  return [
    counted("supplier", both, ({ supplier }) => supplier !== undefined),
    counted("component name", both, ({ name }) => name !== undefined),
    counted("version", both, ({ version }) => version !== undefined),
    counted("other identifiers", both, ({ identifiers }) => identifiers.length > 0),
    counted("dependency relationship", both, isRelated),
    single("author of the document", both, bom.author),
    single("timestamp", both, bom.time, bom.isTimeFixed ? "it is a fixed time" : undefined),
    // A pipeline has no bytes of its own.
    counted("component hash", [CISA], ({ hash }) => hash !== undefined, bom.components),
    counted("licence", [CISA], ({ licence }) => licence !== undefined),
    single("tool name", [CISA], bom.tool),
    single("generation context", [CISA], bom.phase),
  ];
}
