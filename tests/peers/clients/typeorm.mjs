import { dataSource } from "./data-source.js";
import { work } from "./work.mjs";

// As an app does; where it fails, each transaction says so.
await dataSource.initialize().catch(() => {});
await work((value) =>
  dataSource.transaction(async (manager) => {
    const [row] = await manager.query("SELECT $1::int + 1 AS answer", [value]);
    return row.answer;
  }),
);
