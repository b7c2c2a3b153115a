// watchCredentials(): what the named credentials are, now and after each
// change. A connection to the agent ends sooner or later, at the latest after an
// hour; then the watch begins anew and tells what differs from before.
import { setTimeout } from "node:timers/promises";

import { Agent, type WatchEvent } from "./agent.js";
import type { CallOptions } from "./credentials.js";
import { AgentError } from "./errors.js";
import { foldedNames } from "./names.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface CredentialChange {
  readonly name: string;
  /** `undefined`: there is no such credential, or not any more. */
  readonly value: string | undefined;
}

/**
 * Calls `onChange` once for each name with what it is now, and then whenever one
 * of them changes. Resolves when `signal` ends it, which is its one good end.
 *
 * Rejects with an AgentError when the agent cannot be asked to begin with, or
 * says that there will be no more, e.g. because the user has logged out; and
 * with whatever `onChange` throws. An agent that goes away later is waited for.
 */
export async function watchCredentials(
  names: readonly string[],
  onChange: (change: CredentialChange) => void,
  { signal }: CallOptions = {},
): Promise<void> {
  const watch = new Watch(foldedNames(names), onChange, signal);
  while (!watch.isOver()) {
    await watch.follow();
    await watch.pause();
  }
}

class Watch {
  readonly #names: readonly string[];
  readonly #onChange: (change: CredentialChange) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, string | undefined>();
  #settled = false;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(
    names: readonly string[],
    onChange: (change: CredentialChange) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#names = names;
    this.#onChange = onChange;
    this.#signal = signal;
  }

  isOver(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** Until the connection ends; throws what ends the watch for good. */
  async follow(): Promise<void> {
    try {
      await Agent.with(async (agent) => {
        for await (const event of agent.watch(this.#names, this.#signal)) {
          this.#pauseMs = FIRST_PAUSE_MS;
          if (event.settled) this.#settled = true;
          else this.#report(event);
        }
      });
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const passes = this.#settled && error.code === "UNAVAILABLE";
      if (!passes && !this.isOver()) throw error;
    }
  }

  async pause(): Promise<void> {
    const options = this.#signal ? { signal: this.#signal } : {};
    await setTimeout(this.#pauseMs, undefined, options).catch(() => {});
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #report({ name, value }: WatchEvent): void {
    if (this.#known.has(name) && this.#known.get(name) === value) return;
    this.#known.set(name, value);
    this.#onChange({ name, value });
  }
}
