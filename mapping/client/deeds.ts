/** What one can do next with a record, the likeliest first: one press each. Pure; `deedsview.ts` draws it. */
import { t } from '@pages/i18n.ts';
import type { Feature, MapConfig } from './types.ts';
import { word } from './words.ts';

export interface Deed {
  code: string;
  label: string;
  /** What is said when it is done. */
  done: string;
  /** The call it makes; `match`: under the version that was seen. */
  call?: { method: string; path: string; body: Record<string, unknown>; match?: boolean };
  /** The task for which it shows who can be sent. */
  people?: string;
  link?: string;
}

interface TaskLine {
  id: string;
  state?: string;
}

/** What is sent where something of a cluster happened, if nobody says otherwise. */
const KIND: Readonly<Record<string, string>> = { rescue: 'rescue', health: 'medical', protection: 'protection', food: 'delivery', wash: 'works', shelter: 'works', infrastructure: 'works', access: 'works' };
const HELD = new Set(['claimed', 'accepted', 'en_route', 'escalated']);
const WAITS = new Set(['queued', 'failed', 'escalated']);

export function deedsOf(feature: Feature, config: Pick<MapConfig, 'can' | 'clusters'>): Deed[] {
  const { can } = config;
  const facts = feature.properties;
  const id = encodeURIComponent(feature.id);
  const status = String(facts.status ?? facts['state'] ?? '');
  const set = (code: string, label: string, noun: string, body: Record<string, unknown>): Deed => ({ code, label, done: label, call: { method: 'PATCH', path: `/api/${noun}/${id}`, body, match: true } });
  const send = (task: TaskLine): Deed => ({ code: 'send', label: task.state === 'queued' || task.state === 'failed' ? t('Send somebody') : t('Give to another'), done: '', people: task.id });
  const tasks = (facts['tasks'] as TaskLine[] | undefined) ?? [];
  const deeds: Deed[] = [];
  switch (facts.layer as string) {
    case 'needs':
    case 'gaps': {
      const open = status === 'open' || status === 'tasked';
      const waiting = tasks.find((one) => WAITS.has(one.state ?? ''));
      if (can.send && open && waiting) deeds.push(send(waiting));
      if (can.verify && open) deeds.push(set('met', t('It is met'), 'needs', { status: 'met' }));
      if (can.verify && status === 'met') deeds.push(set('reopen', t('It is still needed'), 'needs', { status: 'open' }));
      break;
    }
    case 'incidents': {
      const waiting = tasks.find((one) => WAITS.has(one.state ?? ''));
      if (can.send && waiting) deeds.push(send(waiting));
      else if (can.make && status === 'open' && feature.geometry && !tasks.some((one) => HELD.has(one.state ?? ''))) {
        const kind = KIND[config.clusters[facts.category ?? ''] ?? ''] ?? 'works';
        deeds.push({ code: 'make', label: t('Make a task: {kind}', { kind: word('kind', kind) }), done: t('The task is in its queue'), call: { method: 'POST', path: '/api/tasks', body: { incident: feature.id, kind } } });
      }
      if (can.verify && status === 'open') deeds.push(set('resolved', t('It is resolved'), 'incidents', { status: 'resolved' }));
      if (can.verify && status === 'resolved') deeds.push(set('reopen', t('It goes on'), 'incidents', { status: 'open' }));
      break;
    }
    case 'tasks':
      if (can.send && (WAITS.has(status) || HELD.has(status))) deeds.push(send({ id: feature.id, state: status }));
      if (can.send && HELD.has(status)) deeds.push({ code: 'back', label: t('Back to the queue'), done: t('Back in the queue'), call: { method: 'POST', path: `/api/tasks/${id}/reassign`, body: { fence: facts['fence'] } } });
      break;
    case 'closures':
      if (can.close && status === 'active') deeds.push(set('lift', t('The road is open again'), 'closures', { status: 'lifted' }));
      if (can.close && status === 'lifted') deeds.push(set('shut', t('The road is closed again'), 'closures', { status: 'active' }));
      break;
    case 'hazards':
      if (can.close && status === 'active') deeds.push(set('end', t('The danger is over'), 'hazards', { status: 'ended' }));
      break;
    case 'centres':
      if (can.send) deeds.push({ code: 'queue', label: t('Its queue'), done: '', link: `/queue?centre=${id}` });
      break;
    case 'reports':
      if (can.voices) deeds.push({ code: 'inbox', label: t('To the inbox'), done: '', link: '/inbox' });
      break;
  }
  return deeds;
}
