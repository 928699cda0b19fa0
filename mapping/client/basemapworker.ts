/** Shades hills beside the page, so that the map stays under the finger. */
import { shaded, type Encoding } from './basemapshade.ts';

interface Wish {
  id: number;
  data: ArrayBuffer;
  at: { z: number; y: number };
  encoding: Encoding;
}
const self = globalThis as unknown as { onmessage: (event: MessageEvent<Wish>) => void; postMessage(said: unknown, hand?: Transferable[]): void };

self.onmessage = ({ data: { id, data, at, encoding } }) => {
  shaded(data, at, encoding).then(
    (picture) => self.postMessage({ id, picture }, [picture]),
    () => self.postMessage({ id, picture: null }),
  );
};
