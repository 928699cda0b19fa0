/**
 * Reading server-sent events from a fetch. The browser's own EventSource hides the pings, and hears only events whose
 * names it was told before; the clock of staleness needs the pings, and verbs will be added.
 */

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

const PING = /^: ping(?: behind=(\d+))?$/;

/** Feeds on text in pieces of any size and gives whole messages (WHATWG HTML, section 9.2.6). */
export class Reader {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private id: string | null = null;
  /** What the last ping said: for how many seconds the server itself has been behind; null before the first. */
  behind: number | null = null;

  /** The last number that was told, with a message or alone. */
  get lastId(): string | null {
    return this.id;
  }

  push(text: string): Message[] {
    const out: Message[] = [];
    let buffer = this.rest + text;
    // A lone CR at the end may be half of a CRLF: it waits for the next piece.
    const held = buffer.endsWith('\r') ? '\r' : '';
    buffer = held ? buffer.slice(0, -1) : buffer;
    const lines = buffer.split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + held;
    for (const line of lines) {
      if (line === '') {
        if (this.data.length) out.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') });
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) {
        const ping = PING.exec(line);
        if (ping) this.behind = Number(ping[1] ?? 0);
        continue;
      }
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') this.event = value;
      else if (field === 'data') this.data.push(value);
      else if (field === 'id' && !value.includes('\0')) this.id = value;
    }
    return out;
  }
}
