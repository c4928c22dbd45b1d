// A runner and its agent in one file.
//   runner.mjs open|line|ignore    spawns `runner.mjs agent` with that kind of standard input
//   runner.mjs heartbeat           open, while the runner itself prints a beat every 700 ms
//   runner.mjs agent               waits for the end of its input
//   runner.mjs slow-server         asks a server of its own that answers after 4 s
//   runner.mjs interval            looks for a file every 100 ms
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';

const mode = process.argv[2];
if (mode === 'agent') {
  setInterval(() => {}, 1500); // housekeeping
  process.stdin.on('data', () => {});
  process.stdin.on('end', () => process.exit(0));
} else if (mode === 'slow-server') {
  const server = http.createServer((_, response) => setTimeout(() => response.end('x'), 4000));
  server.listen(0, '127.0.0.1', () =>
    http.get({ port: server.address().port }, (r) => r.resume().on('end', () => process.exit(0))));
} else if (mode === 'interval') {
  setInterval(() => existsSync('no-such-file') && process.exit(0), 100);
} else {
  const stdin = mode === 'ignore' ? 'ignore' : 'pipe';
  const agent = spawn(process.execPath, [process.argv[1], 'agent'], { stdio: [stdin, 'pipe', 'pipe'] });
  if (mode === 'line') agent.stdin.write('hello\n');
  if (mode === 'heartbeat') setInterval(() => console.log('beat'), 700);
  agent.stdout.resume();
  agent.stderr.resume();
  agent.on('close', (code) => process.exit(code ?? 1));
}
