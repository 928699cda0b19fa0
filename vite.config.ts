import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { webForms } from './field_forms/app/build/webforms.ts';
import { basemapFiles } from './mapping/client/build/basemap.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const basemap = basemapFiles();

/** Leaflet goes out as it is: folium's script needs its global before any module runs. */
function wholeFiles(): Plugin {
  return {
    name: 'hamyar-whole-files',
    apply: 'build',
    generateBundle() {
      const leaflet = readFileSync(here('./node_modules/leaflet/dist/leaflet.js'), 'utf8');
      this.emitFile({
        type: 'asset',
        name: 'leaflet.js',
        originalFileName: 'leaflet.js',
        source: leaflet.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'),
      });
      for (const [name, text] of basemap.files) {
        this.emitFile({ type: 'asset', fileName: `basemap/${basemap.version}/${name}`, source: text });
      }
    },
  };
}

/** What compresses well goes out compressed: on a slow phone the form component is minutes otherwise. */
function packedFiles(): Plugin {
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  return {
    name: 'hamyar-packed-files',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/^assets\/.*\.(js|css)$/.test(name)) continue;
        const path = `${dir}/${name}`;
        const whole = readFileSync(path);
        if (whole.length < 2000) continue;
        writeFileSync(`${path}.gz`, gzipSync(whole, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(whole, best));
      }
    },
  };
}

const entries: Record<string, string> = {
  map: here('./mapping/client/main.ts'),
  stick: here('./mapping/client/stick.ts'),
  stickstyle: here('./mapping/client/stick.css'),
  leaflet: here('./mapping/client/leaflet.css'),
  pages: here('./server/pages/client/pages.ts'),
};
// Pages of other slices that bring a module of their own are built as soon as the module is there.
for (const [name, path] of [
  ['queue', './server/pages/client/queue.ts'],
  ['me', './server/pages/client/me.ts'],
  ['house', './server/pages/client/house.ts'],
  ['stock', './server/pages/client/stock.ts'],
  ['inbox', './server/pages/client/inbox.ts'],
  ['inboxdesk', './server/pages/client/inboxdesk.ts'],
  ['hotline', './server/pages/client/hotline.ts'],
  ['messages', './server/pages/client/messages.ts'],
  ['words', './server/pages/client/words.ts'],
  ['formsdesk', './server/pages/client/formsdesk.ts'],
  ['submissions', './server/pages/client/submissions.ts'],
  ['volunteers', './server/pages/client/volunteers.ts'],
  ['volunteersdoor', './server/pages/client/volunteersdoor.ts'],
  ['alarms', './server/pages/client/alarms.ts'],
  ['field', './field_forms/app/main.ts'],
] as const) {
  if (existsSync(here(path))) entries[name] = here(path);
}

export default defineConfig({
  base: '/static/dist/',
  publicDir: false,
  // Five hundred squares of the basemap would drown everything else that a build says.
  logLevel: 'warn',
  resolve: { alias: { '@pages': here('./server/pages/client') } },
  define: {
    __BASEMAP__: JSON.stringify(`/static/dist/basemap/${basemap.version}/`),
    // The form component is written with Vue's options; what only serves developers stays out.
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  plugins: [wholeFiles(), webForms(), packedFiles()],
  build: {
    outDir: 'server/pages/static/dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    // A data: font or image would be refused by the pages' policy.
    assetsInlineLimit: 0,
    // The form component is loaded when a form is opened, and cannot be cut.
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: entries,
      onLog(level, log, tell) {
        // What Emscripten leaves in the form component; the page's policy lets nothing evaluate it.
        if (log.code === 'EVAL' && log.id?.includes('@getodk')) return;
        tell(level, log);
      },
    },
  },
  test: {
    include: ['mapping/client/**/*.test.ts', 'server/pages/client/**/*.test.ts', 'field_forms/app/**/*.test.ts'],
    environment: 'node',
    testTimeout: 60_000,
  },
});
