// SPDX-License-Identifier: MIT
// A service that OpenTelemetry's SDK for JavaScript instruments: POST /orders {amount, wait?} answers 201, after
// so many milliseconds, and works on the order in a span of its own, which says {order, amount, large}, and in
// a log. Spans and logs go to the receiver of --otlp URL, as --encoding json or proto, packed with --gzip, spans
// after --delay milliseconds. With --twice an order of more than 100 is charged twice. With --lost the inner span of each second order does not belong to its trace, as
// where a context is not passed on.
'use strict';
const fs = require('fs');
const { parseArgs } = require('util');
const { values: options } = parseArgs({
  options: {
    'port-file': { type: 'string' }, otlp: { type: 'string' }, encoding: { type: 'string', default: 'proto' },
    gzip: { type: 'boolean', default: false }, lost: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    delay: { type: 'string', default: '10' },
  },
});

const { ROOT_CONTEXT, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { SeverityNumber } = require('@opentelemetry/api-logs');
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const form = options.encoding === 'json' ? 'http' : 'proto';
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${form}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${form}`);

const resource = resourceFromAttributes({ 'service.name': 'orders' });
const compression = options.gzip ? 'gzip' : 'none';
const spans = new BatchSpanProcessor(
  new OTLPTraceExporter({ url: `${options.otlp}/v1/traces`, compression }), { scheduledDelayMillis: Number(options.delay) });
const provider = new NodeTracerProvider({ resource, spanProcessors: [spans] });
provider.register();
const logs = new LoggerProvider({
  resource,
  processors: [new SimpleLogRecordProcessor({
    exporter: new OTLPLogExporter({ url: `${options.otlp}/v1/logs`, compression }),
  })],
});
registerInstrumentations({ instrumentations: [new HttpInstrumentation({ ignoreOutgoingRequestHook: () => true })] });
const http = require('http'); // instrumented

const tracer = trace.getTracer('orders', '1.2.3');
const logger = logs.getLogger('orders');
let count = 0;

function charge(order, amount) {
  const from = options.lost && order % 2 === 0 ? ROOT_CONTEXT : context.active();
  const span = tracer.startSpan('charge', { attributes: { order, amount, large: amount > 100 } }, from);
  span.addEvent('asked the bank', { attempt: 1 });
  span.setStatus({ code: amount > 900 ? SpanStatusCode.ERROR : SpanStatusCode.OK, message: 'told by the bank' });
  span.end();
}

function takeOrder(amount) {
  const order = ++count;
  charge(order, amount);
  if (options.twice && amount > 100) charge(order, amount);
  logger.emit({
    eventName: 'order.taken', severityNumber: SeverityNumber.INFO, severityText: 'INFO',
    body: { order, parts: ['a', 2, true] }, attributes: { big: 2 ** 53 - 1, share: 0.25 },
  });
  return order;
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    const { amount, wait } = JSON.parse(body);
    const order = takeOrder(amount);
    response.writeHead(201, { 'Content-Type': 'application/json' });
    setTimeout(() => response.end(JSON.stringify({ order })), wait || 0);
  });
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${options['port-file']}.new`, `${server.address().port}\n`);
  fs.renameSync(`${options['port-file']}.new`, options['port-file']);
});
process.on('SIGTERM', () => process.exit(0));
