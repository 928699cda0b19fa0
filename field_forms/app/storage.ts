/**
 * Where filled-in forms wait until the server has said that it keeps them.
 *
 * In memory now: they outlive a broken network, not a closed page. A store that outlives the page implements `Outbox` and
 * is given to `main.ts`; nobody else asks where they lie.
 */

/** A filled-in form on its way. `sent`: how many of its parts the server has acknowledged. */
export interface Waiting {
  id: string;
  formId: string;
  title: string;
  xml: File;
  files: readonly File[];
  sent: number;
}

export interface Outbox {
  /** Keep it, or what has changed of it. */
  keep(one: Waiting): Promise<void>;
  /** Everything that waits, oldest first. */
  all(): Promise<Waiting[]>;
  /** The server has it. */
  forget(id: string): Promise<void>;
}

/** An outbox that lives as long as the page. */
export function memoryOutbox(): Outbox {
  const waiting = new Map<string, Waiting>();
  return {
    keep: async (one) => void waiting.set(one.id, one),
    all: async () => [...waiting.values()],
    forget: async (id) => void waiting.delete(id),
  };
}
