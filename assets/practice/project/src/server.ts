import express from 'express';
import { PrismaClient } from '@prisma/client';
import prisma from './lib/db.js';
import { openPayments } from './lib/payments.js';

const app = express();

app.get('/users', async (_req, res) => {
  const prisma = new PrismaClient();
  const users = await prisma.user.findMany();
  res.json(users);
});

app.get('/contracts/:id/payments', async (req, res) => {
  res.json(await openPayments(Number(req.params.id)));
});

app.get('/health/db', async (_req, res) => {
  try {
    const result = await prisma.$queryRaw<{ connection_count: bigint }[]>`
      SELECT COUNT(*) as connection_count
      FROM pg_stat_activity
      WHERE datname = current_database();
    `;
    res.json({ healthy: true, connections: result[0].connection_count });
  } catch (error) {
    res.status(500).json({ healthy: false, error: (error as Error).message });
  }
});

app.listen(Number(process.env.PORT ?? 8080));
