/**
 * `@getodk/web-forms` as a page of ours can carry it: no fonts of its own (nine hundred kilobytes of data: URLs), Persian
 * beside its English, margins that follow the direction of the page, and a map on our own ground in place of a foreign tile server.
 *
 * Every change must find its place; a new version of the package that has moved stops the build here, not on a phone.
 */
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { COUNTED, PHRASES, type Part } from '../phrases.ts';

const PACKAGE = /[\\/]@getodk[\\/]web-forms[\\/]dist[\\/](index|MapBlock)[^\\/]*\.js$/;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url)).replaceAll('\\', '/');

/** The package's chunk with our changes; null for a chunk that needs none. */
export function adapted(file: string, code: string): string | null {
  const name = PACKAGE.exec(file)?.[1];
  if (!name) return null;
  if (name === 'MapBlock') return translated('map', ground(code), file);
  // The entry holds the style sheet; the chunk beside it the code.
  return code.includes('@font-face') ? bothWays(withoutFonts(code)) : translated('form', withFiles(withoutWorkers(latinNumbers(code))), file);
}

/** Number fields read and write Latin digits whatever the phone's language; `digits.ts` gives them nothing else. */
function latinNumbers(code: string): string {
  if (!code.includes('Intl.NumberFormat(this.locale')) throw new Error('the number field of @getodk/web-forms has changed');
  return code.replaceAll('Intl.NumberFormat(this.locale', 'Intl.NumberFormat("en-US"').replaceAll('Intl.NumberFormat()', 'Intl.NumberFormat("en-US")');
}

function withoutFonts(code: string): string {
  return code.replace(/@font-face\s*\{[^}]*\}/g, '');
}

/** Sound, film and papers too: the component takes such answers, and only lacks the field for them. */
function withFiles(code: string): string {
  const owed = /createElementBlock\("p", null, "[^"]*Support for non-image uploads is pending[^"]*"\)/;
  if (!owed.test(code)) throw new Error('the upload field of @getodk/web-forms has changed');
  return code.replace(owed, `createElementBlock(Fragment, null, [
    createVNode(ControlText, { question: eA.question }, null, 8, ["question"]),
    createElementVNode("input", {
      type: "file", class: "field__file", accept: /^(audio|video)$/.test(eA.question.nodeOptions.media.type) ? eA.question.nodeOptions.media.accept : "",
      disabled: eA.question.currentState.readonly === true,
      onChange: (event) => eA.question.setValue(event.target.files?.[0] ?? null)
    }, null, 16)
  ], 64)`);
}

/** Left and right as start and end, so that the same rules serve Persian. Positions stay: transforms lean on them. */
function bothWays(code: string): string {
  return code
    .replace(/(?<=[{;])(margin|padding|border)-(left|right)(?=[:-])/g, (_, what: string, side: string) => `${what}-inline-${side === 'left' ? 'start' : 'end'}`)
    .replace(/(?<=[{;])text-align:(left|right)/g, (_, side: string) => `text-align:${side === 'left' ? 'start' : 'end'}`);
}

/** Pictures are made smaller in the page itself: workers from `blob:` and `data:` addresses are what the policy refuses. */
function withoutWorkers(code: string): string {
  const features = 'features: ["js", "wasm", "ww"]';
  if (!code.includes(features)) throw new Error('the resizer of @getodk/web-forms has changed');
  return code.replace(features, 'features: ["js", "wasm"]');
}

function translated(part: Part, code: string, file: string): string {
  let text = code;
  for (const [of, english, , before = ''] of PHRASES) {
    if (of !== part) continue;
    const literal = before + JSON.stringify(english);
    if (!text.includes(literal)) throw new Error(`${file} no longer says ${literal}`);
    text = text.replaceAll(literal, `${before}__say(${JSON.stringify(english)})`);
  }
  for (const [of, pattern, key] of COUNTED) {
    if (of !== part) continue;
    if (text.search(pattern) < 0) throw new Error(`${file} no longer says ${key}`);
    text = text.replace(pattern, (_, n: string) => `__say(${JSON.stringify(key)}, ${n})`);
  }
  return `import { say as __say } from ${JSON.stringify(here('../saying.ts'))};\n${text}`;
}

function ground(code: string): string {
  let text = code;
  const swap = (pattern: RegExp, by: string): void => {
    if (!pattern.test(text)) throw new Error(`the map of @getodk/web-forms no longer has ${pattern}`);
    text = text.replace(pattern, by);
  };
  swap(/"https:\/\/tile\.openstreetmap\.org\/\{z\}\/\{x\}\/\{y\}\.png"/, '__ground.url');
  swap(/'&#169; <a href="https:\/\/www\.openstreetmap\.org[^']*'/, '__ground.credit');
  swap(/center: \w+,\s*zoom: \w+,(?=\s*\/\/ Prevent map cloning)/, 'center: __ground.centre, zoom: __ground.zoom,');
  swap(/\(\w+\.tileLoadFunction \|\| (\w+)\)\((\w+), (\w+)\)/, '(__ground.load ?? $1)($2, $3)');
  return `import { ground as __ground } from ${JSON.stringify(here('../ground.ts'))};\n${text}`;
}

/** The Vite plugin. */
export function webForms(): Plugin {
  return {
    name: 'hamyar-web-forms',
    enforce: 'pre',
    transform(code, id) {
      const text = adapted(id.split('?')[0]!, code);
      return text === null ? null : { code: text, map: null };
    },
  };
}
