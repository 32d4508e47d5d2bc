-- AlterTable
ALTER TABLE "Payment" ADD COLUMN     "reference" TEXT;

-- CreateIndex
CREATE INDEX "Payment_paidAt_idx" ON "Payment"("paidAt");
