// The words of the song. A bar of 8/8 falls into feet of three, three and two quavers, and so does a line:
// "|" divides feet, "·" the syllables of a word. Two lines that stand together are sung one after the other
// and rhyme.
//
// {prime} {exponent} are the number words of the verse's own prime power, {digits} the group of digits that
// its step of the walk reaches, {removed} how many prime powers that takes away, {lean} whether the measured
// tone lies flat or sharp.

/** The two bars of one step of the walk, as sung the first and the second time. */
export interface StepWords {
  first: readonly [string, string];
  second: readonly [string, string];
}

export const STEP_WORDS: readonly StepWords[] = [
  {
    first: ["{prime} is the| Mon·ster's own| floor,", "{exponent}| of them, no| more."],
    second: ["{digits}| stay,", "{removed} of the| pow·ers a·|way."],
  },
  {
    first: ["{prime} is a| fifth, and it| rings,", "{exponent} of| them on the| strings."],
    second: ["{digits}| next,", "{removed} of them| cut from the| text."],
  },
  {
    first: ["{prime} is the| third, and it's| sweet,", "{exponent} of them| march·ing in| beat."],
    second: ["{digits}| through,", "{removed} of them| drop out of| view."],
  },
  {
    first: ["{prime} leans| {lean} of the| keys,", "{exponent} of them| hum·ming like| bees."],
    second: ["{digits}| more,", "{removed} of them| out of the| door."],
  },
  {
    first: ["Here comes {prime}, {exponent}| strong,", "{prime} with| {exponent} walks a·|long."],
    second: ["{digits}| run,", "{removed} of the| fac·tors are| done."],
  },
  {
    first: ["{prime},| {exponent} and a·|lone,", "{prime}, just| {exponent}, like a| stone."],
    second: ["{digits}| ring,", "{removed} have come| off of the| string."],
  },
  {
    first: ["{prime},| {exponent} on the| stair,", "{prime},| {exponent} in the| air."],
    second: ["{digits}| glow,", "{removed} of them| had to let| go."],
  },
  {
    first: ["{prime},| {exponent}, and it's| bright,", "{prime},| {exponent} in the| night."],
    second: ["{digits}| chime,", "{removed} of them| out of the| rhyme."],
  },
  {
    first: ["{prime}, {exponent}| voice,", "{prime},| {exponent} by its| choice."],
    second: ["{digits}| near,", "{removed} of them| leave, and it's| clear."],
  },
  {
    first: ["{prime} at the| top,", "{exponent}, and we| stop."],
    second: ["{digits}| close,", "so the walk| goes."],
  },
];
