/** On a phone the panel is a sheet at the bottom: a peek, half, or whole. On a wide screen it simply stands there. */

export type Height = 'peek' | 'half' | 'full';
const ORDER: readonly Height[] = ['peek', 'half', 'full'];

export class Sheet {
  private readonly panel: HTMLElement;
  private readonly grip: HTMLElement;
  private readonly moved: () => void;

  constructor(panel: HTMLElement, grip: HTMLElement, moved: () => void) {
    this.panel = panel;
    this.grip = grip;
    this.moved = moved;
    this.set('peek');
    this.drag();
  }

  get height(): Height {
    return (this.panel.dataset['height'] as Height | undefined) ?? 'peek';
  }

  set(height: Height): void {
    this.panel.dataset['height'] = height;
    this.grip.setAttribute('aria-expanded', String(height !== 'peek'));
    this.moved();
  }

  /** Make room to read. */
  rise(): void {
    if (this.height === 'peek') this.set('half');
  }

  /** Give the map its room back. */
  fall(): void {
    this.set('peek');
  }

  private drag(): void {
    let from: number | null = null;
    let moved = false;
    this.grip.addEventListener('pointerdown', (event) => {
      from = event.clientY;
      moved = false;
      this.grip.setPointerCapture(event.pointerId);
    });
    this.grip.addEventListener('pointerup', (event) => {
      if (from === null) return;
      const by = from - event.clientY;
      from = null;
      moved = Math.abs(by) > 24;
      if (moved) this.step(by > 0 ? 1 : -1);
    });
    this.grip.addEventListener('click', () => {
      if (moved) moved = false;
      else this.set(this.height === 'full' ? 'peek' : ORDER[ORDER.indexOf(this.height) + 1]!);
    });
  }

  private step(by: 1 | -1): void {
    const at = Math.max(0, Math.min(ORDER.length - 1, ORDER.indexOf(this.height) + by));
    this.set(ORDER[at]!);
  }
}
