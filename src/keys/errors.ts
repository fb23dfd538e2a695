// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SIGNING_KEY_NOT_FOUND: {
    exit: 2,
    message: "Cannot read the key: no file {file}",
    hint: "`pipelite key new FILE` makes one",
  },
  SIGNING_KEY_EXISTS: { exit: 2, message: "Cannot write a key to {file}: there is a file already" },
  SIGNING_COMMAND_FAILED: {
    exit: 2,
    message: "Cannot sign with the command '{command}': {problem}",
    hint: "It gets the bytes on its standard input and writes the signature: `openssl dgst -sha256 -sign KEY` does (docs/signing.md)",
  },
  PASSPHRASE_MISSING: {
    exit: 2,
    message: "Cannot use the key {file}: it is encrypted, and no passphrase is given",
    hint: "Put the passphrase into a file and give --passphrase-file FILE",
  },
  PASSPHRASE_WRONG: { exit: 2, message: "Cannot use the key {file}: the passphrase does not open it" },
});
