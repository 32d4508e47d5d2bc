import { sql } from "drizzle-orm";
import { db } from "./db.js";
import { work } from "./work.mjs";

await work((value) =>
  db.transaction(async (transaction) => {
    const { rows } = await transaction.execute(sql`SELECT ${value}::int + 1 AS answer`);
    return rows[0].answer;
  }),
);
