// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  WITNESS_FAILED: { exit: 1, message: "Cannot get a signature from the witness {url}: {problem}" },
  TIMESTAMP_FAILED: { exit: 1, message: "Cannot get a timestamp from {url}: {problem}" },
  SIGSTORE_FAILED: { exit: 1, message: "Cannot sign by {url}: {problem}" },
  IDENTITY_TOKEN_INVALID: {
    exit: 2,
    message: "Cannot sign with the identity token: {problem}",
    hint: "It is a JSON web token of OpenID Connect for the audience sigstore: --identity-token env:VARIABLE, file:PATH or command:WORDS",
  },
  BUNDLE_UNVOUCHED: {
    exit: 3,
    message: "The {what} of the bundle holds by no trusted root that this home keeps: {problem}",
  },
  BUILDER_KEY_OPEN: { exit: 2, message: "Cannot attest with the key of this home: {problem}" },
  TRUST_INVALID: {
    exit: 2,
    message: "Cannot read the trust file {file}: {problem}",
    hint: "docs/provenance.md describes it; `pipelite provenance --out FOLDER` writes one",
  },
  SBOM_NO_RESULTS: {
    exit: 2,
    message: "Cannot list what results are made of: the run {run} has none",
  },
  SBOM_PATH_GONE: {
    exit: 2,
    message: "Cannot list a closure: {path} is no longer in the store",
    hint: "Run the pipeline again; `pipelite sbom --closure runtime` needs the results only",
  },
  PROVENANCE_MISSING: {
    exit: 2,
    message: "Cannot give provenance of {stage}: {problem}",
    hint: "`pipelite show RUN` lists the stages of a run and what became of them",
  },
});
