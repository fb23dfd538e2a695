// The types of the statements that people sign here. A type says what its predicate means, so it ends in a version that
// goes up whenever the meaning of a member changes. docs/signing.md describes each.

const BASE = "https://pipelite.dev";

export const SIGNATURE_TYPE = `${BASE}/e-signature/v1`;
export const TRANSITION_TYPE = `${BASE}/deviation-transition/v1`;
export const RELEASE_TYPE = `${BASE}/release/v1`;
