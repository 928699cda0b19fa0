/** Dragging a task onto somebody, somebody onto a task, or a task back into the queue. Where it may not go, the reason is shown. */
import { fit, jobOf, somebodyOf, type Fit } from './boardfit.ts';
import { heldOf, type Deeds } from './boarddeeds.ts';
import { byId } from './dom.ts';
import { t } from './i18n.ts';

/** A skill in words, as the page's configuration names it. */
const say = (skill: string): string => document.querySelector(`[data-skill-word="${CSS.escape(skill)}"]`)?.textContent ?? skill;
const PLACES = '.task[draggable], .one[draggable], [data-drop=queue]';

export class Dragging {
  private readonly deeds: Deeds;
  private readonly after: () => void;
  private dragged: HTMLElement | null = null;
  private under: HTMLElement | null = null;

  /** `over`: the drag is over, however it ended. */
  constructor(deeds: Deeds, over: () => void) {
    this.deeds = deeds;
    this.after = over;
    document.addEventListener('dragstart', (event) => this.start(event));
    document.addEventListener('dragover', (event) => this.move(event));
    document.addEventListener('drop', (event) => this.drop(event));
    document.addEventListener('dragend', () => this.end());
  }

  get busy(): boolean {
    return this.dragged !== null;
  }

  private start(event: DragEvent): void {
    const one = (event.target as Element).closest?.<HTMLElement>('.task[draggable], .one[draggable]');
    if (!one || !event.dataTransfer) return;
    this.dragged = one;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', one.dataset['code'] ?? '');
    // Chromium gives up a drag whose source changes in its first moment.
    setTimeout(() => {
      if (this.dragged !== one) return;
      one.classList.add('is-dragged');
      for (const place of document.querySelectorAll<HTMLElement>(PLACES)) {
        const found = this.judge(place);
        if (found) place.dataset['fit'] = found.may;
      }
    });
  }

  /** What would come of dropping it there; null: nothing is dropped there. */
  private judge(place: HTMLElement): Fit | null {
    const one = this.dragged;
    if (!one || place === one) return null;
    const [card, row] = one.classList.contains('task') ? [one, place] : [place, one];
    if (place.dataset['drop'] === 'queue') {
      return one.classList.contains('task') && one.dataset['state'] !== 'queued' ? { may: 'yes', why: t('Back to the queue') } : null;
    }
    if (!card.classList.contains('task') || !row.classList.contains('one')) return null;
    return fit(jobOf(card), somebodyOf(row), say);
  }

  private place(event: DragEvent): HTMLElement | null {
    let at = (event.target as Element).closest?.<HTMLElement>(PLACES) ?? null;
    while (at && !this.judge(at)) at = at.parentElement?.closest<HTMLElement>(PLACES) ?? null;
    return at;
  }

  private move(event: DragEvent): void {
    if (!this.dragged) return;
    const place = this.place(event);
    const found = place && this.judge(place);
    if (found && found.may !== 'no') {
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'move';
    }
    if (place === this.under) return;
    this.under?.classList.remove('is-under');
    place?.classList.add('is-under');
    this.under = place;
    this.tell(found ?? null);
  }

  private tell(found: Fit | null): void {
    const why = byId('drag-why');
    why.hidden = !found?.why;
    why.dataset['fit'] = found?.may ?? '';
    if (why.textContent !== (found?.why ?? '')) why.textContent = found?.why ?? '';
  }

  private drop(event: DragEvent): void {
    const [one, place] = [this.dragged, this.place(event)];
    const found = place && this.judge(place);
    if (!one || !place || !found || found.may === 'no') return;
    event.preventDefault();
    const card = one.classList.contains('task') ? one : place;
    const task = heldOf(card);
    if (place.dataset['drop'] === 'queue') return void this.deeds.back(task);
    const { id, code, team } = somebodyOf(one === card ? place : one);
    void this.deeds.give(task, { id, code, team });
  }

  private end(): void {
    if (!this.dragged) return;
    this.dragged.classList.remove('is-dragged');
    this.dragged = null;
    this.under?.classList.remove('is-under');
    this.under = null;
    this.tell(null);
    for (const place of document.querySelectorAll<HTMLElement>('[data-fit]')) delete place.dataset['fit'];
    this.after();
  }
}
