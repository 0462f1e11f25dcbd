/** What is said to the user in one sentence. */
export class InspectError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
