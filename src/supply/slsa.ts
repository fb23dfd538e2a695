// What of SLSA's Build track a builder of this kind meets, requirement by requirement. Specification:
// https://slsa.dev/spec/v1.2/build-requirements. A level is reached when all that it and the levels below ask is met.

export interface SlsaRequirement {
  name: string;
  level: 1 | 2 | 3;
  status: "met" | "not-met";
  why: string;
}

export interface SlsaAssessment {
  level: 0 | 1 | 2 | 3;
  requirements: SlsaRequirement[];
}

/** Sandboxes that keep a stage from the key and from other stages; what is not named here keeps it from nothing. */
export const SANDBOXES: readonly string[] = ["starter", "bubblewrap", "unshare", "nix"];

/**
 * What all outputs together meet: one of another kind than the others counts for all.
 * @param isSigned by a key that no stage can read
 * @param sandboxes of the build of each output; `unknown` where nobody here saw it
 */
export function assessSlsa({
  isSigned,
  sandboxes,
}: {
  isSigned: boolean;
  sandboxes: readonly string[];
}): SlsaAssessment {
  const unknown = sandboxes.filter((sandbox) => sandbox === "unknown").length;
  const open = [...new Set(sandboxes.filter((sandbox) => !SANDBOXES.includes(sandbox)))];
  const isThere = sandboxes.length > 0 && unknown === 0;
  const isIsolated = sandboxes.length > 0 && open.length === 0;
  const kinds = [...new Set(sandboxes)].join(", ");
  const why = sandboxes.length === 0 ? "there is no output" : `sandbox: ${open.join(", ")}`;
  const requirements: SlsaRequirement[] = [
    {
      name: "provenance exists",
      level: 1,
      status: isThere ? "met" : "not-met",
      why: isThere
        ? "this is it: made from the record, with the digest of each output"
        : sandboxes.length === 0
          ? why
          : `who built ${unknown} of ${sandboxes.length} outputs is not known`,
    },
    {
      name: "provenance is authentic",
      level: 2,
      status: isSigned && isIsolated ? "met" : "not-met",
      why: !isSigned
        ? "it is not signed"
        : isIsolated
          ? "signed by a key that stages can't reach from their sandbox"
          : `${why}: a stage without one could read the key`,
    },
    {
      name: "hosted",
      level: 2,
      status: "not-met",
      why: "nothing shows that this machine is a build service: who asks for a build owns it",
    },
    {
      name: "provenance is unforgeable",
      level: 3,
      status: "not-met",
      why: "the key belongs to the user who asks for the build",
    },
    {
      name: "isolated",
      level: 3,
      status: isIsolated ? "met" : "not-met",
      why: isIsolated
        ? `each build has a sandbox of its own (${kinds}) that sees its declared inputs alone`
        : why,
    },
  ];
  const reached = ([3, 2, 1] as const).find((level) =>
    requirements.every((each) => each.level > level || each.status === "met"),
  );
  return { level: reached ?? 0, requirements };
}
