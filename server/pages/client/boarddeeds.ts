/** What a dispatcher does with a task: give it to somebody, take it back. One call each, with the fence that is seen. */
import { ApiError, ask } from './api.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import { toast } from './toast.ts';

export interface Held {
  id: string;
  code: string;
  fence: number;
}

export const heldOf = (card: HTMLElement): Held => ({ id: card.dataset['task']!, code: card.dataset['code']!, fence: Number(card.dataset['fence']) });

export class Deeds {
  /** The board shall be looked at again: something was done, or what stands there is no longer so. */
  private readonly look: () => Promise<void>;

  constructor(look: () => Promise<void>) {
    this.look = look;
  }

  async give(task: Held, person: { id: string; code: string; team?: string | null }): Promise<boolean> {
    return this.call(task, { volunteer: person.id }, t('{task} goes to {who}', { task: task.code, who: person.code }));
  }

  async back(task: Held): Promise<boolean> {
    return this.call(task, {}, t('{task} is back in the queue', { task: task.code }));
  }

  private async call(task: Held, more: Record<string, unknown>, done: string): Promise<boolean> {
    const card = document.getElementById(`t-${task.id}`);
    card?.setAttribute('aria-busy', 'true');
    try {
      await ask(`/api/tasks/${encodeURIComponent(task.id)}/reassign`, { method: 'POST', body: { fence: task.fence, ...more } });
      toast(done, 'good');
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(whyNot(error), 'bad');
      return false;
    } finally {
      card?.removeAttribute('aria-busy');
      await this.look();
    }
  }
}
