/** What the server tells the page, in a JSON element that is never run. */
export interface Config {
  tiles: { url: string; credit: string } | null;
  /** Whether the page's reader is signed in, and needs no link. */
  signed: boolean;
  /** Bytes that one POST may have when the server does not say. */
  limit: number;
}

let read: Config | undefined;

export function config(): Config {
  return (read ??= JSON.parse(document.getElementById('config')?.textContent || '{}') as Config);
}
