package chatstore;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The settings of the store.
 *
 * @param secret signs the tokens: Base64 of at least 32 bytes; blank makes a new one at each start
 * @param messageLength the longest text of a message, in code points
 * @param origins the pages that may call the store, with commas or blanks between
 * @param service the user whose tokens save and count the messages of all users; blank for none
 * @param accounts made at the start where they do not exist
 */
@ConfigurationProperties("chat")
public record Settings(
    String secret,
    Duration accessLife,
    Duration refreshLife,
    Duration sessionLife,
    int messageLength,
    List<String> origins,
    String service,
    List<Account> accounts) {

  /** Splits the origins also at blanks, as the examples of chat services do. */
  public Settings {
    origins = origins.stream().flatMap(text -> Stream.of(text.trim().split("\\s+"))).toList();
  }

  /** True for the user whose tokens save and count the messages of all users. */
  public boolean isService(String user) {
    return !service.isBlank() && service.equals(user);
  }

  /** An account of a user; the id is the user's UUID. */
  public record Account(String name, String password, String id) {
    @Override
    public String toString() {
      return "Account[name=" + name + ", id=" + id + "]";
    }
  }

  @Override
  public String toString() {
    return "Settings[origins=" + origins + ", service=" + service + ", accounts=" + accounts + "]";
  }
}
