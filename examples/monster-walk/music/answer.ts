// What a model's service sent back: the body of an OpenAI-compatible chat completion, or the bare text of the
// answer.

export interface ModelAnswer {
  text: string;
  /** The model's name as the service gives it, or null for bare text. */
  model: string | null;
  finishReason: string | null;
}

const QUOTED_CHARACTERS = 120;

/**
 * Throws Error that quotes the body on an error body, on JSON of another shape, and on an answer that was cut
 * off.
 */
export function readModelAnswer(body: string): ModelAnswer {
  const trimmed = body.trim();
  if (trimmed === "") throw new Error("Cannot use the model's answer: it is empty");
  if (!trimmed.startsWith("{") && !trimmed.startsWith("["))
    return { text: body, model: null, finishReason: null };
  const quoted = JSON.stringify(trimmed.slice(0, QUOTED_CHARACTERS));
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch (cause) {
    throw new Error(`Cannot use the model's answer: it is JSON that is cut off or damaged: ${quoted}`, {
      cause,
    });
  }
  if (field(parsed, "error") !== undefined) {
    throw new Error(`Cannot use the model's answer: it is an error message: ${quoted}`);
  }
  const choices = field(parsed, "choices");
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const text = field(field(choice, "message"), "content");
  if (typeof text !== "string")
    throw new Error(`Cannot use the model's answer: it holds no message: ${quoted}`);
  const finishReason = field(choice, "finish_reason");
  if (typeof finishReason === "string" && finishReason !== "stop") {
    throw new Error(
      `Cannot use the model's answer: it was cut off (finish_reason is ${JSON.stringify(finishReason)})`,
    );
  }
  const model = field(parsed, "model");
  return {
    text,
    model: typeof model === "string" ? model : null,
    finishReason: typeof finishReason === "string" ? finishReason : null,
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
