// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { morph } from './morph.ts';

const root = (): HTMLElement => document.getElementById('live')!;

function become(html: string): void {
  const next = document.createElement('div');
  next.id = 'live';
  next.innerHTML = html;
  morph(root(), next);
}

beforeEach(() => {
  document.body.innerHTML = '<div id="live"></div>';
});

describe('morph', () => {
  it('ends with the wanted markup, whatever stood there', () => {
    const shapes = [
      '<p>a</p><p id="x">b</p>',
      '<p id="y">c</p><ul><li>1</li><li>2</li></ul>text',
      '<p id="x" class="k">b</p><p id="y">c<b>d</b></p>',
      '',
      '<section id="s"><h2>t</h2></section><p id="x">b</p>',
    ];
    for (const first of shapes) {
      for (const then of shapes) {
        become(first);
        become(then);
        expect(root().innerHTML).toBe(then);
      }
    }
  });

  it('moves a record by its id and keeps the same element', () => {
    become('<article id="a">1</article><article id="b">2</article><article id="c">3</article>');
    const kept = document.getElementById('c');
    become('<article id="c">3!</article><article id="a">1</article>');
    expect(document.getElementById('c')).toBe(kept);
    expect(root().textContent).toBe('3!1');
  });

  it('leaves alone what a person is doing: an open fold, a typed word, the focus', () => {
    become('<details id="d"><summary>s</summary><input id="note" value=""><input type="hidden" id="f" value="1"></details>');
    const fold = document.getElementById('d') as HTMLDetailsElement;
    const note = document.getElementById('note') as HTMLInputElement;
    fold.open = true;
    note.value = 'half a wor';
    note.focus();
    become('<p>new</p><details id="d"><summary>s2</summary><input id="note" value=""><input type="hidden" id="f" value="2"></details>');
    expect(fold.open).toBe(true);
    expect(note.value).toBe('half a wor');
    expect(document.activeElement).toBe(note);
    expect(fold.querySelector('summary')?.textContent).toBe('s2');
    expect((document.getElementById('f') as HTMLInputElement).getAttribute('value')).toBe('2');
  });

  it('does not touch what belongs to the module', () => {
    become('<div id="w" data-own hidden></div>');
    const own = document.getElementById('w')!;
    own.hidden = false;
    own.textContent = 'opened words';
    become('<div id="w" data-own hidden></div><p>more</p>');
    expect(own.hidden).toBe(false);
    expect(own.textContent).toBe('opened words');
  });
});
