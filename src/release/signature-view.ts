// What is shown of an electronic signature: 21 CFR 11.50 asks for printed name, date and time, and meaning in every
// form that people read.

export interface SignatureView {
  signer: string;
  /** The role the signature was given in, where a policy names the signer. */
  role?: string;
  /** Fingerprint of the public key, as ssh shows it; of who signed as an identity, that and who vouches for it. */
  keyId: string;
  meaning: string;
  reason: string;
  /** ISO 8601, as the signer's clock had it. */
  signedAt: string;
  /** ISO 8601: the journal had it no earlier; absent when it has not. */
  sealedAt?: string;
  /** ISO 8601: an authority had the signature then, by a trusted root that this home keeps. */
  stampedAt?: string;
  /** `sha256:<hex>` of the record that was signed. */
  recordDigest: string;
  /** The signature is by that key, over this run, over the record as it is now, and in the journal. */
  isValid: boolean;
  /** Why it is not. What a signature says that no known key made is left empty. */
  problem?: string;
  /** It is intact, and by a key that is not among those that were asked for. */
  isByOtherKey?: boolean;
  /** The journal says that such a signature was given; a file it does not know was put there by hand. */
  isJournalled: boolean;
  /** Relative to `<home>/pipelite`. */
  bundleFile: string;
}
