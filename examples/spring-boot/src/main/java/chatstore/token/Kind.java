package chatstore.token;

/** The purpose of a token. */
public enum Kind {
  ACCESS("access", "Authorization"),
  REFRESH("refresh", "RefreshToken");

  /** The token's claim {@code category}. */
  final String category;

  /** The header that carries it. */
  final String header;

  Kind(String category, String header) {
    this.category = category;
    this.header = header;
  }
}
