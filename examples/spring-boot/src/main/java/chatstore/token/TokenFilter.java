package chatstore.token;

import chatstore.Answer;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.cors.CorsUtils;
import org.springframework.web.filter.OncePerRequestFilter;

/** Lets calls of {@code /api} pass only with two good tokens. */
@Component
class TokenFilter extends OncePerRequestFilter {
  private final Tokens tokens;
  private final ObjectMapper json;

  TokenFilter(Tokens tokens, ObjectMapper json) {
    this.tokens = tokens;
    this.json = json;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return !request.getServletPath().startsWith("/api/") || CorsUtils.isPreFlightRequest(request);
  }

  @Override
  protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    var access = tokens.of(request, Kind.ACCESS);
    var refresh = tokens.of(request, Kind.REFRESH);
    // Both of one user, as a pair is issued.
    if (access.isGood() && refresh.isGood() && access.user().equals(refresh.user())) {
      request.setAttribute(Caller.ATTRIBUTE, access.user());
      chain.doFilter(request, response);
      return;
    }
    var unauthorized = Unauthorized.of(access, refresh);
    response.setStatus(HttpStatus.UNAUTHORIZED.value());
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    if (unauthorized.stale() != null) {
      response.setHeader(Unauthorized.HEADER, unauthorized.stale());
    }
    json.writeValue(response.getOutputStream(), Answer.refused(unauthorized.sentence()));
  }
}
