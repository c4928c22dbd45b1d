// What answers in place of the services that a page calls. A service is a module that exports
//
//   answer({ url: URL, method, headers, body }) → null | { status?, headers?, json?|body?|file? }
//
// or, where one answer will do, data: { "url": "https://api.example.test/status*", "method": "GET",
// "status": 200, "headers": {…}, "json": {…} } with * for any text. The first that answers counts;
// what none answers is not reached.

import { basename } from "node:path";
import { pathToFileURL } from "node:url";

function escape(text) {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}

function fromData(data) {
  const pattern = new RegExp(`^${escape(data.url).replaceAll("*", ".*")}$`, "s");
  const answer = ({ url, method }) => {
    const wanted = !data.method || data.method === method;
    return wanted && pattern.test(url.href) ? data : null;
  };
  return { name: data.url, answer };
}

async function fromModule(path) {
  const module = await import(pathToFileURL(path).href);
  if (typeof module.answer !== "function") {
    throw new Error(`${path} exports no function answer()`);
  }
  return { name: basename(path), answer: module.answer };
}

export async function loadServices(list) {
  return Promise.all(
    list.map((one) => (typeof one === "string" ? fromModule(one) : fromData(one))),
  );
}

// What playwright's route.fulfill() wants. A page of another origin may read every answer, as it
// may with the services that are stood in for.
function toFulfil(answer, request) {
  const origin = request.headers.origin;
  const cors = origin
    ? {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-headers":
          request.headers["access-control-request-headers"] ?? "content-type",
        "access-control-allow-methods":
          request.headers["access-control-request-method"] ?? request.method,
      }
    : {};
  const out = { status: answer.status ?? 200, headers: { ...cors, ...answer.headers } };
  if (answer.json !== undefined) {
    out.json = answer.json;
  } else if (answer.file) {
    out.path = answer.file;
  } else {
    out.body = answer.body ?? "";
  }
  return out;
}

export async function answerOf(services, request) {
  // Asked beforehand by the browser: the answer is that of the request which it asks for.
  const preflight = request.method === "OPTIONS" && request.headers["access-control-request-method"];
  const asked = preflight ? { ...request, method: preflight } : request;
  for (const service of services) {
    const answer = await service.answer(asked);
    if (answer) {
      const reply = preflight ? { status: 204 } : answer;
      return { by: service.name, fulfil: toFulfil(reply, request) };
    }
  }
  return null;
}
