package chatstore.token;

/**
 * The reason of a 401.
 *
 * @param stale the tokens that have expired, as the header {@code Token-Expired} names them; null if another fault is there
 */
record Unauthorized(String stale, String sentence) {
  static final String HEADER = "Token-Expired";

  static Unauthorized of(Standing access, Standing refresh) {
    var stale =
        access.expired() && refresh.expired()
            ? "AllToken"
            : access.expired() ? "AccessToken" : refresh.expired() ? "RefreshToken" : null;
    var sentence = stale == null ? "The tokens are missing or not valid" : stale + " has expired";
    return new Unauthorized(stale, sentence);
  }
}
