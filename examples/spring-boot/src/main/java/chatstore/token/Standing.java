package chatstore.token;

/**
 * The state of a token now.
 *
 * @param user the user's id; null if the token is missing, forged, or of the other kind
 * @param expired true if its time is over
 */
record Standing(String user, boolean expired) {
  static final Standing WORTHLESS = new Standing(null, false);

  boolean isGood() {
    return user != null && !expired;
  }
}
