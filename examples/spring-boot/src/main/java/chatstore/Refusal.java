package chatstore;

import org.springframework.http.HttpStatus;

/** A call that the store refuses, with the sentence for its caller. */
public class Refusal extends RuntimeException {
  private final HttpStatus status;

  public Refusal(HttpStatus status, String message) {
    super(message);
    this.status = status;
  }

  public HttpStatus status() {
    return status;
  }
}
