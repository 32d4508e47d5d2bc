import { db } from "./db.js";
import { work } from "./work.mjs";

await work((value) =>
  db.transaction(async (transaction) => {
    const { rows } = await transaction.raw("SELECT ?::int + 1 AS answer", [value]);
    return rows[0].answer;
  }),
);
