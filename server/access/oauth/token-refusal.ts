/** Why a token does not count. Holds nothing of it. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  /** It was good and has expired: its client is no stranger, and learns only by the refusal that it needs a newer one. */
  readonly isExpired: boolean;

  constructor(message: string, { isExpired = false } = {}) {
    super(message);
    this.isExpired = isExpired;
  }
}
