import { expect, it } from 'vitest';
import { Reader, type Message } from './sse.ts';

const text = ': ping\r\n\r\nid: 7\nevent: need.created\ndata: {"a":1}\n\ndata: one\ndata:two\n\nid: 8\rdata: سلام\r\revent: x\n\nretry: 5\ndata: last\n\n';
const whole: Message[] = [
  { id: '7', event: 'need.created', data: '{"a":1}' },
  { id: '7', event: 'message', data: 'one\ntwo' },
  { id: '8', event: 'message', data: 'سلام' },
  { id: '8', event: 'message', data: 'last' },
];

it('reads messages, comments, and all three ends of line', () => {
  expect(new Reader().push(text)).toEqual(whole);
});

it('reads the same however the text is cut', () => {
  for (let size = 1; size < 12; size++) {
    const reader = new Reader();
    const out: Message[] = [];
    for (let i = 0; i < text.length; i += size) out.push(...reader.push(text.slice(i, i + size)));
    expect(out, `pieces of ${size}`).toEqual(whole);
  }
});
