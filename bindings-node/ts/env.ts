/** The environment. */

/** A variable; one that is empty or blank is not set. */
export function fromEnv(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}
