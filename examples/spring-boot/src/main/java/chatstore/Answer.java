package chatstore;

import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

/** The body of every response. */
public record Answer(boolean success, String message, Object data) {

  public static ResponseEntity<Answer> ok(String message, Object data) {
    return ResponseEntity.ok(new Answer(true, message, data));
  }

  public static ResponseEntity<Answer> created(String message, Object data) {
    return ResponseEntity.status(HttpStatus.CREATED).body(new Answer(true, message, data));
  }

  public static Answer refused(String message) {
    return new Answer(false, message, null);
  }
}
