// Checks of the proof's output: the certificate is decided once more, and the facts that the other stages used must be the
// ones that the certificate states.
import { isDeepStrictEqual } from "node:util";
import type { Check, Input } from "pipelite";
import type { Facts } from "../mathematics/facts.ts";
import type proofStage from "../stages/proof.ts";
import { checkCertificate } from "./certificate.ts";
import { readFields, readList } from "./json.ts";
import { attempt, judge, messageOf } from "./verdict.ts";

export type ProofInput = Input<typeof proofStage>;

export async function checkProof(proof: ProofInput): Promise<Check[]> {
  const certificate = {
    id: "proof.certificate",
    statement: "An independent program recomputes every statement of the certificate",
    limit: "all",
    evidence: "proof/certificate.json#/statements",
  };
  const agreement = {
    id: "proof.facts",
    statement: "The facts that the other stages use are those that the certificate states",
    limit: "equal",
    evidence: "proof/facts.json",
  };
  return [
    await attempt(certificate, async () => {
      const findings = checkCertificate(await proof.json("certificate.json"));
      const recomputed = findings.filter((finding) => finding.status === "recomputed").length;
      return judge(certificate, `${recomputed} of ${findings.length}`, recomputed === findings.length);
    }),
    await attempt(agreement, async () => {
      const claims = claimsById(await proof.json("certificate.json"));
      const differing = listFacts(await proof.json("facts.json")).filter(
        ({ id, fields }) => !isPartOf(fields, claims.get(id)),
      );
      const ids = differing.map((fact) => fact.id).join(", ");
      return judge(agreement, differing.length === 0 ? "equal" : `differs in ${ids}`, differing.length === 0);
    }),
  ];
}

/** The facts, or undefined when they are not there: then nothing that needs them can be checked. */
export async function readFacts(proof: ProofInput): Promise<Facts | undefined> {
  try {
    return await proof.json("facts.json");
  } catch (error) {
    messageOf(error);
    return undefined;
  }
}

/** What the recordings are made from, as the claims that must state it. */
function listFacts({ order, walk, sound }: Facts): { id: string; fields: Record<string, unknown> }[] {
  return [
    { id: "order.value", fields: { value: order.decimal } },
    {
      id: "walk",
      fields: { groups: walk.groups.map(({ position, digits, removed }) => ({ position, digits, removed })) },
    },
    ...(["chord", "walk"] as const).flatMap((name) => {
      const { harmonics, fundamentalHz, periodSamples, seconds, samples } = sound[name];
      const frequenciesHz = harmonics.map((harmonic) => harmonic.frequencyHz);
      return [
        { id: `sound.${name}.frequencies`, fields: { fundamentalHz, frequenciesHz } },
        { id: `sound.${name}.period`, fields: { samples: periodSamples } },
        { id: `sound.${name}.samples`, fields: { seconds, samples, sampleRateHz: sound.sampleRateHz } },
      ];
    }),
  ];
}

function claimsById(certificate: unknown): Map<unknown, unknown> {
  const { statements } = readFields(certificate, "certificate");
  return new Map(
    readList(statements, "statements").map((item, index) => {
      const { id, claim } = readFields(item, `statements[${index}]`);
      return [id, claim];
    }),
  );
}

/** True when every field of `part` has an equal one in `whole`. */
function isPartOf(part: Record<string, unknown>, whole: unknown): boolean {
  if (whole === undefined) return false;
  const fields = readFields(whole, "claim");
  return Object.entries(part).every(([name, value]) => isDeepStrictEqual(fields[name], value));
}
