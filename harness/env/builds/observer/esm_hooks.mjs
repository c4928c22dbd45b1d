// The same as Module.prototype._compile in hook.cjs, for what is imported.
import { fileURLToPath } from "node:url";
import insertion from "./insert.cjs";

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.format !== "module" || !url.startsWith("file:") || loaded.source == null) {
    return loaded;
  }
  const file = fileURLToPath(url);
  if (!file.includes("/node_modules/")) {
    return loaded;
  }
  const text = typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source).toString();
  const changed = insertion.insert(file, text);
  return changed === text ? loaded : { ...loaded, source: changed };
}
