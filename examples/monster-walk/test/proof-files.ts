// What the later stages read of the proof: its facts and its certificate, without the theorems, which take a second.
import type { Certificate } from "../mathematics/claim.ts";
import { CERTIFICATE_FORMAT } from "../mathematics/claim.ts";
import { computeFacts } from "../mathematics/facts.ts";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import { listStatements } from "../mathematics/statements.ts";
import type proof from "../stages/proof.ts";

export type ProofFiles = ReturnType<typeof proof>;

const facts = computeFacts();
const certificate: Certificate = {
  format: CERTIFICATE_FORMAT,
  powers: PRIME_POWERS,
  statements: listStatements(facts),
};

export const proofFiles = {
  "facts.json": facts,
  "certificate.json": certificate,
} as ProofFiles;
