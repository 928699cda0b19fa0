import { describe, expect, it } from 'vitest';
import { body, posts, TooLarge } from './sending.ts';

const xml = new File(['<data/>'], 'xml_submission_file', { type: 'text/xml' });
const file = (name: string, size: number): File => new File([new Uint8Array(size)], name, { type: 'image/jpeg' });
const names = (all: ReturnType<typeof posts>): string[][] => all.map((one) => one.files.map((each) => each.name));

describe('posts', () => {
  it('is one post, and the last, for a form without files', () => {
    expect(posts(xml, [], 10_000)).toEqual([{ files: [], more: false }]);
  });
  it('keeps together what fits and sends every file once, in order', () => {
    const all = posts(xml, [file('a', 4000), file('b', 3000), file('c', 4000)], 10_000);
    expect(names(all)).toEqual([['a', 'b'], ['c']]);
    expect(all.map((one) => one.more)).toEqual([true, false]);
  });
  it('never goes over the limit, whatever the files', () => {
    const files = Array.from({ length: 60 }, (_, n) => file(`p${n}.jpg`, (n * 7919) % 9000));
    const all = posts(xml, files, 12_000);
    expect(names(all).flat()).toEqual(files.map((one) => one.name));
    for (const one of all) expect(one.files.reduce((sum, each) => sum + each.size, xml.size)).toBeLessThan(12_000);
  });
  it('sends at most so many files in a post', () => {
    expect(posts(xml, Array.from({ length: 5 }, (_, n) => file(`${n}`, 1)), 1e6, 2).map((one) => one.files.length)).toEqual([2, 2, 1]);
  });
  it('refuses a file that no post may carry before anything is sent', () => {
    expect(() => posts(xml, [file('small', 10), file('film', 20_000)], 10_000)).toThrow(TooLarge);
  });
});

describe('body', () => {
  it('has the answers first, then the mark that more follows, then files under their names', () => {
    const form = body(xml, { files: [file('a.jpg', 3)], more: true });
    expect([...form.keys()]).toEqual(['xml_submission_file', '*isIncomplete*', 'a.jpg']);
    expect(form.get('*isIncomplete*')).toBe('yes');
    expect([...body(xml, { files: [], more: false }).keys()]).toEqual(['xml_submission_file']);
  });
});
