import { sequelize } from "./db.js";
import { work } from "./work.mjs";

sequelize.options.logging = false;
await work((value) =>
  sequelize.transaction(async (transaction) => {
    const [rows] = await sequelize.query("SELECT $1::int + 1 AS answer", {
      bind: [value],
      transaction,
    });
    return rows[0].answer;
  }),
);
