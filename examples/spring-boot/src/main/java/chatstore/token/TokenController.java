package chatstore.token;

import chatstore.Answer;
import chatstore.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** Gives users their tokens. */
@RestController
class TokenController {
  private final Tokens tokens;
  private final Accounts accounts;

  TokenController(Tokens tokens, Accounts accounts) {
    this.tokens = tokens;
    this.accounts = accounts;
  }

  record Login(@NotBlank String name, @NotBlank String password) {}

  /** Both tokens of a user, in the headers of the response. */
  @PostMapping("/login")
  ResponseEntity<Answer> login(@Valid @RequestBody Login login) {
    var user =
        accounts
            .idOf(login.name(), login.password())
            .orElseThrow(() -> new Refusal(HttpStatus.UNAUTHORIZED, "The name or the password is wrong"));
    return ResponseEntity.ok()
        .header("Authorization", tokens.issue(Kind.ACCESS, user))
        .header("refreshToken", tokens.issue(Kind.REFRESH, user))
        .body(new Answer(true, "Logged in", Map.of("memUUID", user)));
  }

  /** A new access token; or a new refresh token, where that one has expired first and the login is to be extended. */
  @PostMapping("/reissue")
  ResponseEntity<Answer> reissue(
      HttpServletRequest request, @RequestHeader(name = "extendLogin", defaultValue = "false") boolean extend) {
    var access = tokens.of(request, Kind.ACCESS);
    var refresh = tokens.of(request, Kind.REFRESH);
    // Both must be of one user: a pair of two users' tokens would change the one into the other.
    var isOneUser = access.user() != null && access.user().equals(refresh.user());
    if (isOneUser && refresh.isGood()) {
      return reissued("Authorization", tokens.issue(Kind.ACCESS, access.user()));
    }
    if (isOneUser && access.isGood() && extend) {
      return reissued("refreshToken", tokens.issue(Kind.REFRESH, access.user()));
    }
    var unauthorized = Unauthorized.of(access, refresh);
    var answer = ResponseEntity.status(HttpStatus.UNAUTHORIZED);
    if (unauthorized.stale() != null) {
      answer.header(Unauthorized.HEADER, unauthorized.stale());
    }
    return answer.body(Answer.refused(unauthorized.sentence()));
  }

  private static ResponseEntity<Answer> reissued(String header, String token) {
    return ResponseEntity.ok().header(header, token).body(new Answer(true, "The token is reissued", null));
  }
}
