// Runs a real agent as a runner does, with a model service of its own that knows one word.
//   agent_runner.mjs open|line|ignore COMMAND...
import { spawn } from 'node:child_process';
import http from 'node:http';

const [mode, command, ...args] = process.argv.slice(2);
const event = (type, data) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const message = {
  id: 'm1', type: 'message', role: 'assistant', model: 'none', content: [],
  stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 },
};

const model = http.createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event('message_start', { message }));
    response.write(event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }));
    response.write(event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'word' } }));
    response.write(event('content_block_stop', { index: 0 }));
    response.write(event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }));
    response.end(event('message_stop', {}));
  });
});

model.listen(0, '127.0.0.1', () => {
  const env = {
    PATH: process.env.PATH, HOME: process.cwd(), IS_SANDBOX: '1', ANTHROPIC_API_KEY: 'none',
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${model.address().port}`,
    DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
  const stdin = mode === 'ignore' ? 'ignore' : 'pipe';
  const agent = spawn(command, args, { env, stdio: [stdin, 'pipe', 'pipe'] });
  if (mode === 'line') agent.stdin.write('more\n');
  agent.stdout.resume();
  agent.stderr.resume();
  agent.on('close', (code) => process.exit(code ?? 1));
});
