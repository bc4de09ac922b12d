/** Why a token does not count. Holds nothing of it. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
}
