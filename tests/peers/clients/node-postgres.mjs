import { pool } from "./db.js";
import { work } from "./work.mjs";

await work(async (value) => {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query("SELECT $1::int + 1 AS answer", [value]);
    await client.query("COMMIT");
    return rows[0].answer;
  } finally {
    client.release();
  }
});
