/** Codes in words. `m` only marks an English sentence for the catalogue; `t` says it. */
import { lang, num, t } from '@pages/i18n.ts';
import type { Facts, Feature, MapConfig, Named } from './types.ts';

const m = (sentence: string): string => sentence;

const WORDS: Readonly<Record<string, string>> = {
  'layer.needs': m('Need'), 'layer.incidents': m('Incident'), 'layer.tasks': m('Task'), 'layer.closures': m('Closed road'),
  'layer.centres': m('Centre'), 'layer.movements': m('Supplies on the road'), 'layer.volunteers': m('Volunteer'),
  'layer.reports': m('Report'), 'layer.gaps': m('Unserved need'), 'layer.teams': m('Team'), 'layer.shelters': m('Shelter'), 'layer.hazards': m('Hazard area'),
  'group.missing': m('What is missing'), 'group.going': m('Who and what goes'), 'group.places': m('Places and dangers'),
  'status.nobody': m('Nobody goes'), 'status.waiting': m('Nobody has taken it'), 'status.silent': m('Not heard of'), 'status.short': m('Not enough on the way'),
  'status.on_way': m('On the way'), 'status.holds': m('Has a task'), 'status.ready': m('Ready'), 'status.rests': m('Resting'), 'status.full': m('Full'),
  'status.hazards.active': m('Dangerous now'), 'status.ended': m('Over'),
  'danger.flood': m('Flood'), 'danger.landslide': m('Landslide'), 'danger.quake_damage': m('Earthquake damage'), 'danger.fire': m('Fire'),
  'danger.contamination': m('Contamination'), 'danger.other': m('Other danger'),
  'level.minor': m('Minor'), 'level.moderate': m('Moderate'), 'level.severe': m('Severe'), 'level.extreme': m('Extreme'), 'level.unknown': m('Not known'),
  'position.live': m('Where the leader is, roughly'), 'position.task': m('Where they were sent'), 'position.centre': m('Their centre: no fresher position'),
  'urgency.life': m('Life in danger'), 'urgency.high': m('Urgent'), 'urgency.normal': m('Normal'), 'urgency.none': m('Not urgent'),
  'status.open': m('Open'), 'status.tasked': m('A task is out'), 'status.met': m('Met'), 'status.closed': m('Closed'),
  'status.resolved': m('Resolved'), 'status.active': m('Closed to traffic'), 'status.lifted': m('Open again'),
  'status.queued': m('Waiting in the queue'), 'status.claimed': m('Claimed'), 'status.accepted': m('Accepted'),
  'status.en_route': m('On the way'), 'status.escalated': m('Needs a person now'), 'status.done': m('Done'),
  'status.failed': m('Failed'), 'status.cancelled': m('Cancelled'), 'status.in_transit': m('On the road'),
  'status.planned': m('Planned'), 'status.dispatched': m('On the road'), 'status.delivered': m('Delivered'), 'status.lost': m('Lost'),
  'status.pending': m('Waiting to be read'), 'status.read': m('Read'), 'status.available': m('Available'),
  'status.busy': m('Busy'), 'status.resting': m('Resting'),
  'verification.unverified': m('Unverified'), 'verification.likely': m('Likely'), 'verification.confirmed': m('Confirmed'),
  'verification.refuted': m('Refuted'),
  'channel.sms': m('SMS'), 'channel.form': m('Field form'), 'channel.web': m('Web'), 'channel.api': m('Web'),
  'channel.import': m('Imported'), 'channel.feed': m('Feed'),
  'why.urgency': m('Urgency'), 'why.people': m('People affected'), 'why.vulnerable': m('Women, children and the frail'),
  'why.vulnerability': m('Women, children and the frail'), 'why.age': m('Waiting time'), 'why.waiting': m('Waiting time'),
  'why.corroboration': m('Independent voices'), 'why.verification': m('Verification'), 'why.category': m('Kind of need'),
  'why.women_and_children': m('For women and children'), 'why.refuted': m('Refuted'),
  'reading.report': m('A report'), 'reading.offer': m('An offer'), 'reading.update': m('An update'), 'reading.question': m('A question'),
  'reading.other': m('Nothing to act on'),
  'place.village': m('Village'), 'place.town': m('Town'), 'place.city': m('City'), 'place.county': m('County'), 'place.province': m('Province'),
  'vulnerable.infant': m('Infants'), 'vulnerable.child': m('Children'), 'vulnerable.elderly': m('Elderly people'),
  'vulnerable.pregnant': m('Pregnant women'), 'vulnerable.disabled': m('Disabled people'),
  'vulnerable.chronic_illness': m('Chronically ill people'), 'vulnerable.woman_headed': m('Households headed by women'),
  'verb.need.created': m('Need opened'), 'verb.need.changed': m('Need changed'), 'verb.need.located_exactly': m('Exact place looked at'), 'verb.note.opened': m('Note looked at'),
  'verb.need.merged': m('Merged with another'), 'verb.need.split': m('Taken apart again'),
  'verb.incident.created': m('Incident opened'), 'verb.incident.changed': m('Incident changed'),
  'verb.report.accepted': m('Report received'), 'verb.report.read': m('Report read'), 'verb.report.opened': m('Report looked at'),
  'verb.closure.created': m('Road closed'), 'verb.closure.changed': m('Closure changed'),
  'verb.task.created': m('Task made'), 'verb.task.changed': m('Task changed'), 'verb.task.claimed': m('Task claimed'),
  'verb.task.accepted': m('Task accepted'), 'verb.task.released': m('Task given back'), 'verb.task.completed': m('Task done'),
  'verb.task.failed': m('Task failed'), 'verb.task.escalated': m('Task escalated to a person'), 'verb.task.expired': m('Lease ran out'),
  'verb.task.reassigned': m('Task given to another'), 'verb.movement.made': m('Supplies moved'),
  'field.status': m('State'), 'field.verification': m('Verification'), 'field.urgency': m('Urgency'), 'field.people': m('People'),
  'field.households': m('Households'), 'field.quantity': m('Quantity'), 'field.unit': m('Unit'), 'field.category': m('Kind of need'),
  'field.place': m('Place'), 'field.vulnerable': m('Take care of'), 'field.corroboration': m('Independent voices'), 'field.reports': m('Reports'),
  'actor.session': m('a person'), 'actor.account': m('a person'), 'actor.token': m('a program'), 'actor.system': m('the system'),
  'outcome.done': m('Done'), 'outcome.failed': m('Failed'),
  'unit.piece': m('pieces'), 'unit.kit': m('kits'), 'unit.pack': m('packs'), 'unit.litre': m('litres'), 'unit.kg': m('kg'), 'unit.box': m('boxes'),
  'unit.set': m('sets'), 'unit.ration': m('rations'), 'unit.bottle': m('bottles'), 'unit.tonne': m('tonnes'), 'unit.person': m('people'),
  'unit.household': m('households'),
  'flag.not_utf8': m('Not readable as text (no UTF-8)'),
  'flag.nul': m('Holds NUL bytes'),
  'flag.lone_surrogate': m('Holds broken characters'),
  'flag.long': m('Very long'),
  'flag.impossible_coordinates': m('Impossible coordinates'),
  'flag.far_coordinates': m('Coordinates far away'),
  'flag.impossible_time': m('Impossible time'),
  'flag.malformed': m('Malformed'),
  'flag.no_id': m('Without an id'),
  'flag.no_sender': m('Without a sender'),
  'flag.part': m('A part of a longer message'),
  'flag.empty': m('Empty'),
  'flag.media': m('With pictures or sounds'),
  'flag.ragged_row': m('Row with too few or too many columns'),
  'flag.area_geometry': m('An area, not a point'),
  'unit.truck': m('trucks'),
  'unit.tanker': m('tankers'),
  'unit.can': m('cans'),
  'unit.canister': m('canisters'),
  'unit.device': m('devices'),
  'unit.meal': m('meals'),
  'unit.sack': m('sacks'),
  'unit.cylinder': m('cylinders'),
  'unit.vial': m('vials'),
  'unit.sheet': m('sheets'),
  'kind.rescue': m('Rescue'), 'kind.evacuation': m('Evacuation'), 'kind.medical': m('Medical'), 'kind.delivery': m('Delivery'), 'kind.works': m('Works'),
  'kind.transport': m('Transport'), 'kind.protection': m('Protection'), 'kind.information': m('Information'), 'kind.coordination': m('Coordination'),
  'status.inactive': m('Closed'), 'status.returned': m('Brought back'),
};

/** A code of a family in words; a code that nobody translated yet is shown as it is, never hidden. */
export function word(family: string, code: string | null | undefined): string {
  if (!code) return '';
  const sentence = WORDS[`${family}.${code}`];
  return sentence ? t(sentence) : code.replaceAll(/[._]/g, ' ');
}

export const named = (name: Named | null | undefined): string => (name ? (lang() === 'fa' ? name.fa || name.en : name.en || name.fa) : '');

/** A record's state in words; some states mean another thing in another layer. */
export const stateOf = (facts: Facts): string => {
  const own = facts.status ? WORDS[`status.${facts.layer}.${facts.status}`] : undefined;
  return own ? t(own) : word('status', facts.status);
};

/** Names that stand side by side in a record's own fields. */
const namesOf = (facts: Facts): Named => ({ fa: String(facts['name_fa'] ?? ''), en: String(facts['name_en'] ?? '') });

/** What a record is, in a few words: its category, else its layer. */
export function titleOf(feature: Feature, config: MapConfig): string {
  const { category, layer, place } = feature.properties;
  if (layer === 'centres') return named(namesOf(feature.properties)) || named(place) || word('layer', layer);
  if (layer === 'shelters') return named(place) || word('layer', layer);
  if (layer === 'hazards') return word('danger', category);
  return category ? (config.labels[category] ?? category) : word('layer', layer);
}

/** The line under a title: code, place, people. */
export function underTitle(facts: Facts): string[] {
  const parts: string[] = [];
  if (facts.layer === 'shelters') return [occupancy(facts)].filter(Boolean);
  if (facts.layer === 'gaps' && facts.status) parts.push(stateOf(facts));
  if (facts.layer !== 'centres' && named(facts.place)) parts.push(named(facts.place));
  if (facts.people) parts.push(t('{n} people', { n: facts.people }));
  if ((facts.corroboration ?? 0) > 1) parts.push(t('{n} voices', { n: facts.corroboration! }));
  return parts;
}

/** How full a shelter is. */
export function occupancy(facts: Facts): string {
  const capacity = facts['capacity'];
  if (typeof capacity === 'number') return typeof facts.people === 'number' ? t('{n} of {most} places taken', { n: facts.people, most: capacity }) : t('{n} places', { n: capacity });
  return typeof facts.people === 'number' ? t('{n} people', { n: facts.people }) : '';
}

/** How exact a place is, in words a driver understands. */
export function accuracy(metres: number): string {
  if (metres < 1000) return t('to about {n} m', { n: Math.round(metres) });
  return t('to about {n} km', { n: num(Math.round(metres / 100) / 10) });
}

/** Who did it, as far as anybody is told: a person or a program, and the end of its id to tell two apart. */
export function actorText(actor: string): string {
  const [kind, id] = actor.split(':');
  return id ? `${word('actor', kind)} ${codeText(id.slice(-4).toUpperCase())}` : word('actor', actor);
}

/** A record's code, kept together and left to right inside Persian; its digits stay as they are texted. */
export const codeText = (code: string | null | undefined): string => (code ? `\u2066${code}\u2069` : '');
