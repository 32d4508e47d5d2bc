// Eight workers, each with some transactions one after the other. Prints how many gave the right answer, and what the
// others said.
export async function work(transaction) {
  const rounds = Number(process.env.ROUNDS);
  const said = new Map();
  let right = 0;
  async function worker(number) {
    for (let round = 0; round < rounds; round++) {
      const value = number * 1000 + round;
      try {
        const answer = await transaction(value);
        if (answer !== value + 1) throw new Error(`${value} + 1 = ${answer}`);
        right++;
      } catch (error) {
        const text = String(error?.message ?? error).split("\n")[0];
        said.set(text, (said.get(text) ?? 0) + 1);
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));
  console.log(JSON.stringify({ right, said: Object.fromEntries(said) }));
  process.exit(0);
}
