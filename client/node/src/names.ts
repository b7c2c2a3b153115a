// Names of credentials, folded as workflows fold what they declare (contract
// 1.5): trimmed, in lower case, without empty ones and doubles, order kept.

type Trimmed<Text extends string> = Text extends
  ` ${infer Rest}` | `${infer Rest} `
  ? Trimmed<Rest>
  : Text;

/** What a declared name is called in the result. */
export type CredentialName<Declared extends string> = Lowercase<
  Trimmed<Declared>
>;

/** A value for each declared name. */
export type Credentials<Declared extends string = string> = {
  [Name in CredentialName<Declared>]: string;
};

export function foldedNames(declared: readonly string[]): string[] {
  const folded = declared.map((name) => name.trim().toLowerCase());
  return [...new Set(folded)].filter((name) => name !== "");
}
