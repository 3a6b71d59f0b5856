import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// The dev-server (`cargo run -p dev-server`) answers the calls while the UI is developed in a browser.
const devServer = process.env['NETLOFT_DEV_SERVER'] ?? 'http://127.0.0.1:4780';

export default defineConfig({
  base: './',
  // Parts of bits-ui that we wrap carry their own runes; the plugin compiles them with ours.
  plugins: [svelte(), svelteTesting()],
  // Nothing is inlined: the window takes fonts and pictures from its own files only.
  build: { assetsInlineLimit: 0, target: 'safari15', outDir: 'dist', emptyOutDir: true, sourcemap: false },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/call': devServer, '/watch': devServer },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/lib/test-setup.ts'],
    testTimeout: 60_000,
  },
});
