import { sql } from "./db.js";
import { work } from "./work.mjs";

await work((value) =>
  sql.begin(async (sql) => {
    const [row] = await sql`SELECT ${value}::int + 1 AS answer`;
    return row.answer;
  }),
);
