import { readFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
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

const entries: Record<string, string> = {
  map: here('./mapping/client/main.ts'),
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
  define: { __BASEMAP__: JSON.stringify(`/static/dist/basemap/${basemap.version}/`) },
  plugins: [wholeFiles()],
  build: {
    outDir: 'server/pages/static/dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    // A data: font or image would be refused by the pages' policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    reportCompressedSize: false,
    rolldownOptions: { input: entries },
  },
  test: { include: ['mapping/client/**/*.test.ts', 'server/pages/client/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
