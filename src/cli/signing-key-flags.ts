// The flags by which a command is given a key that signs. Apart from their reader: flags are read at every start.

export const passphraseFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "File with the passphrase of the key",
  placeholder: "FILE",
} as const;

export const keyFlag = {
  kind: "parsed",
  parse: String,
  brief: "Private key to sign with",
  placeholder: "FILE",
} as const;

export const asFlag = {
  kind: "parsed",
  parse: String,
  brief: "Printed name of the signer",
  placeholder: "NAME",
} as const;
