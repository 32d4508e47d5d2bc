-- AlterTable
ALTER TABLE "Payment" ADD COLUMN     "reference" TEXT;

-- CreateIndex
CREATE INDEX "Payment_settledAt_idx" ON "Payment"("settledAt");
