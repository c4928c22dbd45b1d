// Programs at work, whose every pause is short: children, threads, a server of its own.
import { execFile } from 'node:child_process';
import http from 'node:http';
import { Worker } from 'node:worker_threads';

const works = {
  children() {
    const next = () => execFile('true', () => setTimeout(next, 50));
    next();
    next();
  },
  threads() {
    const code = 'require("node:worker_threads").parentPort.postMessage(1)';
    const next = () => new Worker(code, { eval: true }).on('exit', () => setTimeout(next, 20));
    next();
  },
  server() {
    const server = http.createServer((_, response) => setTimeout(() => response.end('x'), 120));
    server.listen(0, '127.0.0.1', () => {
      const next = () => http.get({ port: server.address().port }, (r) => r.resume().on('end', next));
      next();
    });
  },
};
works[process.argv[2]]();
