import { PrismaClient } from '@prisma/client';

const prisma = new PrismaClient();

export async function openPayments(contractId: number) {
  return prisma.payment.findMany({ where: { contractId, paidAt: null } });
}
