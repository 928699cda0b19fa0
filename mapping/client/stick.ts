/**
 * The map in a file of its own: no server, no network, no module. Built apart, inlined by `mapping/paper/stick.py`.
 * Everything that a person wrote is text here, never markup.
 */
type Tongue = 'fa' | 'en';
type Said = Record<Tongue, string>;
interface Data {
  lang: Tongue;
  words: Record<string, Said>;
  title: Said;
  made: Said;
  box: [number, number, number, number];
  layers: { code: string; label: Said; total: number; shown: number }[];
  /** layer, lon, lat, code, what, state, urgency, people, place, seconds since 1970; words by their number in `said`. */
  records: [number, number, number, string, number, number, number, number | null, number, number][];
  said: Said[];
  urgencies: string[];
  /** lon, lat and name of towns, the largest first. */
  towns: [number, number, number][];
  ground: { land: number[][][]; coast: number[][][]; border: number[][][]; inner: number[][][] };
}

(() => {
  const data = JSON.parse(document.getElementById('data')!.textContent!) as Data;
  let lang: Tongue = data.lang;
  const off = new Set<number>();
  let wanted = '';
  let order: 'urgency' | 'time' | 'what' = 'urgency';
  const say = (key: string): string => data.words[key]?.[lang] ?? key;
  const word = (index: number): string => data.said[index]?.[lang] ?? '';
  const digits = (text: string | number): string => (lang === 'fa' ? String(text).replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!) : String(text));
  const make = <K extends keyof HTMLElementTagNameMap>(tag: K, text = '', name = ''): HTMLElementTagNameMap[K] => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    if (name) element.className = name;
    return element;
  };
  const plain = (text: string): string => text.replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0)).replace(/ي/g, 'ی').replace(/ك/g, 'ک').replace(/[\u200c\u064b-\u065f]/g, '').toLowerCase();

  const map = L.map('map', { preferCanvas: true, attributionControl: true, zoomControl: true, minZoom: 3, maxZoom: 16 });
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution('Natural Earth');
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const lines = (all: number[][][], style: L.PolylineOptions): void => {
    for (const one of all) L.polyline(one.map(([lon, lat]) => [lat!, lon!] as [number, number]), { interactive: false, ...style }).addTo(map);
  };
  for (const one of data.ground.land) L.polygon(one.map(([lon, lat]) => [lat!, lon!] as [number, number]), { interactive: false, stroke: false, fillOpacity: 1, fillColor: dark ? '#1b242d' : '#f6f3ec' }).addTo(map);
  lines(data.ground.coast, { color: '#7f99a8', weight: 1 });
  lines(data.ground.inner, { color: '#a79c92', weight: 1, dashArray: '5 4' });
  lines(data.ground.border, { color: '#8a7468', weight: 1.5 });
  const [west, south, east, north] = data.box;
  map.fitBounds([[south, west], [north, east]]);
  L.control.scale({ imperial: false }).addTo(map);

  /** Colour, size and edge by urgency: each tells it alone. */
  const LOOK: Record<string, L.CircleMarkerOptions> = {
    life: { radius: 9, color: '#111', weight: 2, fillColor: '#b3261e', fillOpacity: 1 },
    high: { radius: 7.5, color: '#111', weight: 1.5, fillColor: '#eda53a', fillOpacity: 1 },
    normal: { radius: 6, color: '#124f9c', weight: 2.5, fillColor: '#fff', fillOpacity: 1 },
    none: { radius: 5, color: '#444', weight: 1.5, fillColor: '#fff', fillOpacity: 0.9, dashArray: '2 2' },
  };
  const marks = L.layerGroup().addTo(map);
  const signs = L.layerGroup().addTo(map);
  let shown: number[] = [];
  const CELL_PX = 34;
  const TOWNS = 24;

  /** Marks of what is shown; those that would hide each other are one ring with their number, as urgent as the worst. */
  function place(): void {
    const cells = new Map<string, number[]>();
    const zoom = map.getZoom();
    for (const index of shown) {
      const one = data.records[index]!;
      const at = map.project([one[2], one[1]], zoom);
      const key = `${Math.floor(at.x / CELL_PX)}:${Math.floor(at.y / CELL_PX)}`;
      const cell = cells.get(key);
      if (cell) cell.push(index);
      else cells.set(key, [index]);
    }
    marks.clearLayers();
    const last = zoom >= map.getMaxZoom();
    // The most urgent last, so that it lies on top.
    for (const cell of [...cells.values()].sort((a, b) => data.records[b[0]!]![6] - data.records[a[0]!]![6])) {
      const worst = cell.reduce((best, index) => (data.records[index]![6] < data.records[best]![6] ? index : best));
      const one = data.records[worst]!;
      const look = LOOK[data.urgencies[one[6]]!] ?? LOOK['none']!;
      if (cell.length === 1) {
        marks.addLayer(L.circleMarker([one[2], one[1]], look).on('click', () => choose(worst)));
        continue;
      }
      const ring = make('span', digits(cell.length), `ring ring--${data.urgencies[one[6]]}`);
      const icon = L.divIcon({ className: '', html: ring, iconSize: [34, 34] });
      marks.addLayer(L.marker([one[2], one[1]], { icon }).on('click', () => (last ? choose(worst) : map.setView([one[2], one[1]], zoom + 2))));
    }
  }
  function names(): void {
    signs.clearLayers();
    const view = map.getBounds();
    let written = 0;
    for (const [lon, lat, name] of data.towns) {
      if (written >= TOWNS) break;
      if (!view.contains([lat, lon])) continue;
      written += 1;
      signs.addLayer(L.circleMarker([lat, lon], { radius: 2.5, color: '#445', weight: 1, fillOpacity: 1, interactive: false }).bindTooltip(make('span', word(name)), { permanent: true, direction: 'top', className: 'town', offset: [0, -2] }));
    }
  }
  map.on('zoomend', place);
  map.on('moveend', names);

  function about(one: Data['records'][number]): string[] {
    const people = one[7] ? `${digits(one[7])} ${say('people')}` : '';
    return [word(one[4]), word(one[8]), word(one[5]), say(data.urgencies[one[6]]!), people, one[3]].filter(Boolean);
  }
  function choose(index: number): void {
    const one = data.records[index]!;
    const box = make('div', '', 'pop');
    const [first, ...rest] = about(one);
    box.append(make('strong', first), ...rest.map((text) => make('div', text)), make('small', when(one[9])));
    box.dir = lang === 'fa' ? 'rtl' : 'ltr';
    L.popup().setLatLng([one[2], one[1]]).setContent(box).openOn(map);
    document.querySelector(`tr[data-i="${index}"]`)?.scrollIntoView({ block: 'nearest' });
  }
  function when(seconds: number): string {
    if (!seconds) return '';
    const locale = lang === 'fa' ? 'fa-IR-u-ca-persian-nu-arabext' : 'en-GB';
    return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tehran' }).format(new Date(seconds * 1000));
  }
  const fits = (one: Data['records'][number]): boolean => !off.has(one[0]) && (!wanted || plain(about(one).join(' ')).includes(wanted));

  function draw(): void {
    document.documentElement.lang = lang;
    document.documentElement.dir = lang === 'fa' ? 'rtl' : 'ltr';
    document.getElementById('title')!.textContent = data.title[lang];
    document.getElementById('made')!.textContent = data.made[lang];
    const tools = document.getElementById('tools')!;
    const other = make('button', lang === 'fa' ? 'English' : 'فارسی');
    other.onclick = () => {
      lang = lang === 'fa' ? 'en' : 'fa';
      draw();
    };
    const print = make('button', say('print'));
    print.onclick = () => window.print();
    tools.replaceChildren(other, print);
    const find = document.getElementById('find') as HTMLInputElement;
    find.placeholder = say('find');
    find.setAttribute('aria-label', say('find'));
    document.getElementById('layers')!.replaceChildren(
      ...data.layers.map((layer, index) => {
        const label = make('label');
        const box = make('input');
        box.type = 'checkbox';
        box.checked = !off.has(index);
        box.onchange = () => {
          if (box.checked) off.delete(index);
          else off.add(index);
          fill();
        };
        const all = layer.shown < layer.total ? `${digits(layer.shown)} ${say('of')} ${digits(layer.total)}` : digits(layer.total);
        label.append(box, ` ${layer.label[lang]} `, make('small', all));
        return label;
      }),
      ...data.urgencies.map((code) => {
        const key = make('span', '', 'key');
        key.append(make('i', '', `dot dot--${code}`), ` ${say(code)}`);
        return key;
      }),
    );
    fill();
  }

  const ROWS = 500;
  function fill(): void {
    const kept: number[] = [];
    data.records.forEach((one, index) => {
      if (fits(one)) kept.push(index);
    });
    shown = [...kept];
    place();
    names();
    // As they came: what asks for somebody first, lives before all.
    const by = { urgency: (a: number, b: number) => a - b, time: (a: number, b: number) => data.records[b]![9] - data.records[a]![9], what: (a: number, b: number) => word(data.records[a]![4]).localeCompare(word(data.records[b]![4]), lang) };
    kept.sort(by[order]);
    const head = make('tr');
    for (const [key, sort] of [['what', 'what'], ['place', null], ['state', null], ['urgency', 'urgency'], ['time', 'time'], ['code', null]] as const) {
      const cell = make('th');
      if (sort) {
        const button = make('button', say(key));
        button.setAttribute('aria-pressed', String(order === sort));
        button.onclick = () => {
          order = sort;
          fill();
        };
        cell.append(button);
      } else cell.textContent = say(key);
      head.append(cell);
    }
    document.querySelector('#table thead')!.replaceChildren(head);
    document.querySelector('#table tbody')!.replaceChildren(
      ...kept.slice(0, ROWS).map((index) => {
        const one = data.records[index]!;
        const row = make('tr');
        row.dataset['i'] = String(index);
        row.tabIndex = 0;
        const go = (): void => {
          map.setView([one[2], one[1]], Math.max(map.getZoom(), 11));
          choose(index);
        };
        row.onclick = go;
        row.onkeydown = (event) => event.key === 'Enter' && go();
        const code = make('td', one[3], 'code');
        row.append(make('td', word(one[4])), make('td', word(one[8])), make('td', word(one[5])), make('td', say(data.urgencies[one[6]]!), `u u--${data.urgencies[one[6]]}`), make('td', when(one[9])), code);
        return row;
      }),
    );
    const more = kept.length > ROWS ? ` · ${say('more').replace('{n}', digits(kept.length - ROWS))}` : '';
    document.getElementById('said')!.textContent = say('found').replace('{n}', digits(kept.length)) + more;
  }
  document.getElementById('find')!.addEventListener('input', (event) => {
    wanted = plain((event.target as HTMLInputElement).value.trim());
    fill();
  });
  draw();
})();
