// Asking the program on this computer; nothing else is ever asked.

export class ApiError extends Error {
  constructor(status, body) {
    const error = body?.error ?? {};
    super(error.text ?? `HTTP ${status}`);
    this.status = status;
    this.code = error.code ?? "fault";
    this.remedy = error.remedy ?? "";
    this.body = body;
  }
}

async function ask(method, path, body, signal) {
  const options = { method, signal, cache: "no-store" };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  if (answer.status === 204) return null;
  const kind = answer.headers.get("Content-Type") ?? "";
  return kind.startsWith("application/json") ? answer.json() : answer.arrayBuffer();
}

export const get = (path, signal) => ask("GET", path, undefined, signal);
export const post = (path, body = {}) => ask("POST", path, body);

/** A picture of the film: `{bitmap, index, view}`; the index is another than asked for only with `near`. */
export async function picture(index, { view, width, near, mark, signal }) {
  const asked = new URLSearchParams({ view, width: String(width) });
  if (near) asked.set("near", "1");
  if (view === "result") asked.set("r", String(mark));
  const answer = await fetch(`/api/pictures/${index}.jpg?${asked}`, { signal });
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  const bitmap = await createImageBitmap(await answer.blob());
  return { bitmap, index: Number(answer.headers.get("X-Picture") ?? index), view };
}
