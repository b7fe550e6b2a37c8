import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// In development the API is a running Baraza: BARAZA_URL says where.
const api = process.env.BARAZA_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': api } },
  build: {
    target: 'es2022',
    // The room with the LiveKit client is one lazy chunk and larger than Vite's default limit.
    chunkSizeWarningLimit: 800,
    // A font or picture inside the CSS as data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
  },
  // Threads start faster than processes, which a busy machine gives up on; nothing here needs a process of its own.
  test: { include: ['src/**/*.test.ts'], pool: 'threads', testTimeout: 30_000 },
});
