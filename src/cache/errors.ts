// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  CACHE_URL_INVALID: {
    exit: 2,
    message: "Cannot use the cache '{url}': {problem}",
    hint: "A cache is a folder, http://HOST/PATH, https://HOST/PATH or s3://BUCKET/PREFIX?endpoint=HOST&region=REGION",
  },
  CACHE_FAILED: {
    exit: 1,
    message: "Cannot read {file} of the cache {url}: {problem}",
    hint: "Name another cache, or try again: what has come stays, and is not fetched again",
  },
  CACHE_WRITE_FAILED: {
    exit: 1,
    message: "Cannot write {file} to the cache {url}: {problem}",
    hint: "Push again when it takes files: what is there already is passed over",
  },
  CACHE_FOLDER_UNUSABLE: {
    exit: 2,
    message: "Cannot use the folder {folder} as a cache: {problem}",
    hint: "Name a folder that you may write to",
  },
  CACHE_REFUSED: {
    exit: 1,
    message: "The cache {url} refuses {file}: it answered {status}",
    hint: "Give the token or the user that it wants",
  },
  CACHE_FOREIGN: {
    exit: 2,
    message: "Cannot use the cache {url}: it is for the store {storeDir}, not for /nix/store",
    hint: "Name a cache of Nix's usual store: no path of another one can be used here",
  },
  CACHE_ANSWER_WRONG: {
    exit: 3,
    message: "The cache {url} answers wrongly for {file}: {problem}",
    hint: "Nothing of that was kept. Leave this cache out, and tell who keeps it",
  },
  CACHE_UNTRUSTED: {
    exit: 3,
    message: "Cannot take {path} from the cache {url}: no trusted key signed it",
    hint: "`--trusted-key NAME:KEY` trusts a key; a path whose name follows from its content needs none",
  },
  CACHE_COMPRESSION_UNKNOWN: {
    exit: 4,
    message: "Cannot read {file} of the cache {url}: it is compressed by '{compression}'",
    hint: "Unpacked here are none, zstd, gzip, xz and br",
  },
  CACHE_KEY_UNREADABLE: { exit: 2, message: "Cannot read the key file {file}: {problem}" },
  CACHE_ADDRESS_TAKEN: { exit: 2, message: "Cannot serve on {address}: {problem}" },
});
