package chatstore;

import jakarta.validation.ConstraintViolationException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/** Words every failure as the store's callers read it. */
@RestControllerAdvice
public class Refusals {
  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

  @ExceptionHandler
  ResponseEntity<Answer> refused(Refusal refusal) {
    return answer(refusal.status(), refusal.getMessage());
  }

  @ExceptionHandler
  ResponseEntity<Answer> invalid(MethodArgumentNotValidException error) {
    var fields = error.getFieldErrors().stream();
    var said = fields.map(f -> f.getField() + ": " + f.getDefaultMessage()).sorted();
    return answer(HttpStatus.BAD_REQUEST, said.collect(Collectors.joining(", ")));
  }

  @ExceptionHandler
  ResponseEntity<Answer> invalid(HandlerMethodValidationException error) {
    var results = error.getParameterValidationResults().stream();
    var said =
        results.map(
            r ->
                r.getMethodParameter().getParameterName()
                    + ": "
                    + r.getResolvableErrors().get(0).getDefaultMessage());
    return answer(HttpStatus.BAD_REQUEST, said.collect(Collectors.joining(", ")));
  }

  @ExceptionHandler
  ResponseEntity<Answer> invalid(ConstraintViolationException error) {
    return answer(HttpStatus.BAD_REQUEST, error.getMessage());
  }

  @ExceptionHandler
  ResponseEntity<Answer> missing(MissingServletRequestParameterException error) {
    return answer(HttpStatus.BAD_REQUEST, error.getParameterName() + ": must not be blank");
  }

  @ExceptionHandler
  ResponseEntity<Answer> mismatched(MethodArgumentTypeMismatchException error) {
    return answer(HttpStatus.BAD_REQUEST, error.getName() + ": " + error.getValue() + " is not a value of it");
  }

  @ExceptionHandler
  ResponseEntity<Answer> unreadable(HttpMessageNotReadableException error) {
    return answer(HttpStatus.BAD_REQUEST, "The body is not a readable message");
  }

  /** Paths that nothing is mapped to keep the framework's own page. */
  @ExceptionHandler
  void unknown(NoResourceFoundException error) throws NoResourceFoundException {
    throw error;
  }

  /** A row that the database does not take: the stack of the call tells nothing more. */
  @ExceptionHandler
  ResponseEntity<Answer> refusedByDatabase(DataIntegrityViolationException error) {
    return answer(HttpStatus.INTERNAL_SERVER_ERROR, error.getMostSpecificCause().getMessage());
  }

  /** Every other failure: 500 with its sentence. */
  @ExceptionHandler
  ResponseEntity<Answer> failed(Exception error) {
    if (error instanceof ErrorResponse known) {
      return answer(known.getStatusCode(), known.getBody().getDetail());
    }
    LOG.error("a call failed", error);
    return answer(HttpStatus.INTERNAL_SERVER_ERROR, NestedExceptionUtils.getMostSpecificCause(error).getMessage());
  }

  private static ResponseEntity<Answer> answer(HttpStatusCode status, String message) {
    return ResponseEntity.status(status).body(Answer.refused(message));
  }
}
