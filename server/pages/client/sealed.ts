/**
 * What must outlive a reload and may not lie open on a shared machine: values in the browser's own storage, each sealed
 * (XChaCha20-Poly1305) with a key that only the server gives, to that person, with the page. The key is never stored.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { bytesToUtf8, concatBytes, utf8ToBytes } from '@noble/ciphers/utils.js';

const NONCE = 24;

/** The part of Web Storage that is used; `null` where the browser refuses to keep anything. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export class Shelf {
  private readonly store: Store | null;
  private readonly key: Uint8Array;
  private readonly prefix: string;
  private readonly mine: string;

  /** `name` tells shelves apart, `owner` people: neither may say who they are. `key`: 32 bytes. */
  constructor(store: Store | null, name: string, owner: string, key: Uint8Array) {
    this.store = store;
    this.key = key;
    this.prefix = `hamyar.${name}.`;
    this.mine = `${this.prefix}${owner}.`;
  }

  /** Keep a value under a name; false when the browser keeps nothing (then it lives in memory alone, and the page says so). */
  put(name: string, value: unknown): boolean {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    const at = this.mine + name;
    const sealed = xchacha20poly1305(this.key, nonce, utf8ToBytes(at)).encrypt(utf8ToBytes(JSON.stringify(value)));
    try {
      if (!this.store) return false;
      this.store.setItem(at, toBase64(concatBytes(nonce, sealed)));
      return true;
    } catch {
      return false;
    }
  }

  drop(name: string): void {
    try {
      this.store?.removeItem(this.mine + name);
    } catch {
      // A storage that refuses is as good as empty.
    }
  }

  /** Everything of this person under names that begin so, in order of their names; what does not open is left where it lies. */
  all<T>(begin: string): Map<string, T> {
    const found = new Map<string, T>();
    for (const at of this.names().filter((one) => one.startsWith(this.mine + begin)).sort()) {
      const value = this.open<T>(at);
      if (value !== undefined) found.set(at.slice(this.mine.length), value);
    }
    return found;
  }

  /** How many things of other people lie here, unreadable to this one. */
  others(begin: string): number {
    return this.names().filter((one) => !one.startsWith(this.mine) && one.slice(this.prefix.length).split('.')[1]?.startsWith(begin)).length;
  }

  /** The name of a storage event's key on this person's shelf, else null. */
  nameOf(key: string | null): string | null {
    return key?.startsWith(this.mine) ? key.slice(this.mine.length) : null;
  }

  private names(): string[] {
    try {
      const store = this.store;
      if (!store) return [];
      return Array.from({ length: store.length }, (_, at) => store.key(at) ?? '').filter((one) => one.startsWith(this.prefix));
    } catch {
      return [];
    }
  }

  private open<T>(at: string): T | undefined {
    try {
      const raw = fromBase64(this.store?.getItem(at) ?? '');
      const plain = xchacha20poly1305(this.key, raw.subarray(0, NONCE), utf8ToBytes(at)).decrypt(raw.subarray(NONCE));
      return JSON.parse(bytesToUtf8(plain)) as T;
    } catch {
      return undefined;
    }
  }
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}
