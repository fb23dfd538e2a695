// Whom a certificate of Sigstore's authority names: a person or a machine, and who vouched for them. Specification: sigstore/fulcio,
// docs/oid-info.md.
import { EXTENSION, type Certificate } from "./certificate.ts";
import { derContent, contextTag, elementsOf, oidOf, readDer, TAG, type Der } from "./der.ts";
import { pipeliteError } from "./errors.ts";

export interface Identity {
  /** Address of who vouched for it (OpenID Connect). */
  issuer: string;
  /** An email address, or the address of a workflow. */
  subject: string;
}

const ISSUER = "1.3.6.1.4.1.57264.1.8";
/** The same in an older form, as the text itself. */
const ISSUER_TEXT = "1.3.6.1.4.1.57264.1.1";
const OTHER_NAME = "1.3.6.1.4.1.57264.1.7";
const [EMAIL, URI] = [contextTag(1, false), contextTag(6, false)];

/** @throws PipeliteError CERTIFICATE_INVALID, DER_INVALID */
export function identityOf({ extensions }: Certificate): Identity {
  const names = extensions.get(EXTENSION.subjectNames);
  const [name, other] = names === undefined ? [] : elementsOf(readDer(names.value));
  if (name === undefined || other !== undefined) return refuse("it must name exactly one subject");
  const modern = extensions.get(ISSUER);
  const text = extensions.get(ISSUER_TEXT);
  const issuers = [
    ...(modern === undefined ? [] : [textOf(derContent(readDer(modern.value), TAG.utf8))]),
    ...(text === undefined ? [] : [textOf(text.value)]),
  ];
  const [issuer, another = issuer] = issuers;
  if (issuer === undefined || issuer === "") return refuse("it does not say who vouched for its subject");
  if (issuer !== another) refuse("it names two who vouched for its subject");
  return { issuer, subject: subjectOf(name) };
}

function subjectOf(name: Der): string {
  if (name.tag === EMAIL || name.tag === URI) return textOf(name.content);
  if (name.tag === contextTag(0)) {
    const [type, value] = elementsOf(name, contextTag(0));
    const [text] = value === undefined ? [] : elementsOf(value, contextTag(0));
    if (oidOf(type) === OTHER_NAME) return textOf(derContent(text, TAG.utf8));
  }
  return refuse("its subject is of no kind that is known");
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("a name in it is no text");
  }
}

function refuse(problem: string): never {
  throw pipeliteError("CERTIFICATE_INVALID", { problem });
}
