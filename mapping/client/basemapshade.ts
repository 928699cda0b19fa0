/** Hills from heights: what the light of an afternoon map (north-west, 45°) leaves bright and dark. */

export type Encoding = 'terrarium' | 'mapbox';
const EQUATOR_M = 40_075_016.686;
const LIGHT: readonly [number, number, number] = [-0.5, -0.5, Math.SQRT1_2];
/** Far out slopes vanish in their pixels, so they are drawn steeper there. */
const steeper = (zoom: number): number => Math.max(1, 2 ** ((11 - zoom) * 0.55));
const [DARKEST, BRIGHTEST] = [150, 90];

/** Metres above the sea of one pixel. https://github.com/tilezen/joerd/blob/master/docs/formats.md; Mapbox Terrain-RGB. */
export function metres(r: number, g: number, b: number, encoding: Encoding): number {
  return encoding === 'terrarium' ? r * 256 + g + b / 256 - 32768 : -10000 + (r * 65536 + g * 256 + b) * 0.1;
}

/** The ground that a pixel covers, in metres, in the middle of a tile. */
export function pixelSize(z: number, y: number, side: number): number {
  const lat = Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / 2 ** z)));
  return (EQUATOR_M * Math.cos(lat)) / 2 ** z / side;
}

/** Shades of a picture of heights (RGBA, `side` × `side`): black or white over nothing, as clear as the slope is steep. */
export function shade(picture: Uint8ClampedArray, side: number, encoding: Encoding, pixel: number, zoom: number): Uint8ClampedArray<ArrayBuffer> {
  const high = new Float32Array(side * side);
  for (let i = 0; i < high.length; i++) high[i] = picture[4 * i + 3]! === 0 ? NaN : metres(picture[4 * i]!, picture[4 * i + 1]!, picture[4 * i + 2]!, encoding);
  const out = new Uint8ClampedArray(4 * high.length);
  const scale = steeper(zoom) / pixel;
  for (let y = 0; y < side; y++) {
    const [up, down] = [Math.max(0, y - 1), Math.min(side - 1, y + 1)];
    for (let x = 0; x < side; x++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(side - 1, x + 1)];
      // At the rim the slope is taken from one side, so that neighbouring tiles meet without asking for one another.
      const east = ((high[y * side + right]! - high[y * side + left]!) / (right - left)) * scale;
      const south = ((high[down * side + x]! - high[up * side + x]!) / (down - up)) * scale;
      const bright = (LIGHT[2] - east * LIGHT[0] - south * LIGHT[1]) / Math.hypot(east, south, 1);
      const more = bright - LIGHT[2];
      if (!(Math.abs(more) > 0.01)) continue;
      const at = 4 * (y * side + x);
      if (more > 0) {
        out[at] = out[at + 1] = out[at + 2] = 255;
        out[at + 3] = Math.min(1, more / (1 - LIGHT[2])) * BRIGHTEST;
      } else out[at + 3] = Math.min(1, -more / LIGHT[2]) * DARKEST;
    }
  }
  return out;
}

/** A tile of heights as a picture of shades; runs in a worker or on the page. */
export async function shaded(data: ArrayBuffer, at: { z: number; y: number }, encoding: Encoding): Promise<ImageBitmap> {
  // Heights are numbers, not colours: no profile may touch them.
  const picture = await createImageBitmap(new Blob([data]), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const side = picture.width;
  const pen = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!;
  pen.drawImage(picture, 0, 0);
  picture.close();
  const made = shade(pen.getImageData(0, 0, side, side).data, side, encoding, pixelSize(at.z, at.y, side), at.z);
  return createImageBitmap(new ImageData(made, side, side));
}
