package chatstore.token;

/** The user whose tokens a call carries. */
public final class Caller {
  /** The attribute of the request that holds the user's id. */
  public static final String ATTRIBUTE = "chatstore.caller";

  private Caller() {}
}
