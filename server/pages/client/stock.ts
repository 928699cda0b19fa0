/** The stock: follows every movement. */
import { readConfig } from './config.ts';
import { byId } from './dom.ts';
import { actOnChoice, Living } from './living.ts';
import { follow } from './follow.ts';

readConfig();
actOnChoice();

const living = new Living(byId('live'), { rest: 3000, every: 60_000 });
follow(['movement', 'item', 'stock', 'centre', 'task'], () => living.stir());
