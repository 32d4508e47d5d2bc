import { PrismaClient } from '@prisma/client';

const connectionLimit = process.env.NODE_ENV === 'production'
  ? 5   // Production (using PgBouncer)
  : 10; // Development (direct connection)

const prisma = new PrismaClient({
  datasources: {
    db: {
      url: process.env.DATABASE_URL + `?connection_limit=${connectionLimit}`,
    },
  },
  // Reduce connection pool size since using PgBouncer
  log: ['error', 'warn'],
  // @ts-ignore
  __internal: {
    engine: {
      connection_limit: 5, // Reduce since using PgBouncer
    },
  },
});

export default prisma;
