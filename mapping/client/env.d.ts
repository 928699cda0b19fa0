/// <reference types="vite/client" />
/** Where the build put the basemap: a path with a version in it. */
declare const __BASEMAP__: string;
