// Names in TypeScript have no extension; a bundler or a loader adds it.
import { registerHooks } from "node:module";
registerHooks({
  resolve(name, context, next) {
    const own = !context.parentURL?.includes("/node_modules/");
    const bare = own && name.startsWith("./") && !/\.\w+$/.test(name);
    return next(bare ? `${name}.ts` : name, context);
  },
});

const { prisma } = await import("./src/db.ts");
const { work } = await import("./work.mjs");

await work((value) =>
  prisma.$transaction(async (transaction) => {
    const [row] = await transaction.$queryRaw`SELECT ${value}::int + 1 AS answer`;
    return row.answer;
  }),
);
